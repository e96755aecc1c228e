from __future__ import annotations

import numpy as np
import pytest

from cardiac.geometry import Region
from cardiac.io import read, sector_region


def test_the_sector_is_found_among_text_and_buttons(sector):
    canvas = np.zeros((8, 480, 640), dtype=np.uint8)
    image = sector(8, 300, 300)
    canvas[:, 80:380, 150:450] = image
    canvas[:, 10:22:4, 20:140] = 200
    canvas[:, 440:470, 100:540] = 60
    rows, columns = np.nonzero(image.max(axis=0) > 0)
    truth = (80 + rows.min(), 150 + columns.min(), 80 + rows.max(), 150 + columns.max())
    for frames in (canvas, canvas[:1]):
        region = sector_region(frames)
        found = (region.top, region.left, region.bottom, region.right)
        np.testing.assert_allclose(found, truth, atol=20)


@pytest.mark.parametrize(("height", "width"), [(112, 112), (400, 560)])
def test_a_picture_cut_to_its_sector_is_whole(sector, height, width):
    assert sector_region(sector(6, height, width)) is None


def test_a_black_picture_has_no_sector():
    assert sector_region(np.zeros((3, 200, 200), dtype=np.uint8)) is None


def test_camus_images_are_whole(data):
    for patient in range(1, 9):
        folder = data / "camus" / f"patient{patient:04d}"
        assert sector_region(read(folder / f"{folder.name}_4CH_ED.nii.gz").frames) is None


def test_the_sector_of_a_real_screen_agrees_with_its_dicom_region():
    from pydicom.data import get_testdata_file

    from cardiac.io.region import overlap, sector_box

    sequence = read(get_testdata_file("examples_ybr_color.dcm"))
    assert overlap(sector_box(sequence.frames), sequence.region) > 0.7


def test_overlap_is_one_with_itself_and_none_apart():
    from cardiac.io.region import overlap

    box = Region(2, 3, 10, 20)
    assert overlap(box, box) == 1
    assert overlap(box, Region(10, 3, 12, 20)) == 0
