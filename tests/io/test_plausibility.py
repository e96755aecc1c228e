"""No number beyond what a heart and a probe can be comes out of a reader."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.io import InputItem, find_inputs, read, read_item, read_mask
from cardiac.plausible_ranges import ADULT, CHILD, calibration_fault, heart_ranges
from tests.io.conftest import tissue


@pytest.mark.parametrize(
    ("spacing", "rows", "words"),
    [
        ((0.3, 0.3), 600, None),
        ((0.3, 0.3), 100, "3 cm deep"),
        ((0.8, 0.8), 600, "48 cm deep"),
        ((1.0, 1.0), 200, "converters"),
        ((7.7, 7.7), 256, "197 cm deep"),
        ((0.3, 3.0), 600, "oblong"),
        ((0.001, 0.3), 600, "not possible"),
        ((20.0, 20.0), 10, "not possible"),
    ],
)
def test_a_pixel_size_is_held_against_the_depth_it_makes(spacing, rows, words):
    fault = calibration_fault(spacing, rows)
    assert fault is None if words is None else words in fault


def test_a_person_may_mean_one_millimetre_and_a_child_is_shallow():
    assert calibration_fault((1.0, 1.0), 200, stated=True) is None
    assert calibration_fault((0.1, 0.1), 300) is not None
    assert calibration_fault((0.1, 0.1), 300, age_years=0.5) is None
    assert heart_ranges(None) == heart_ranges(40) == ADULT
    assert heart_ranges(3) == CHILD


IMPOSSIBLE = [(0.05, 0.05), (8.0, 8.0), (1.0, 1.0), (0.5, 5.0)]


@pytest.mark.parametrize("spacing", IMPOSSIBLE)
def test_every_reader_gives_ratios_only_and_the_reason(
    tmp_path, write_nifti, write_dicom, frames, spacing
):
    import SimpleITK

    row, column = spacing
    region = tissue(127, 95, PhysicalDeltaY=row / 10, PhysicalDeltaX=column / 10)
    image = SimpleITK.GetImageFromArray(frames)
    image.SetSpacing((column, row, 1.0))
    paths = [
        write_nifti(frames, "a.nii.gz", zooms=(column, row, 1.0)),
        write_dicom(frames, name="b.dcm", regions=[region]),
        write_dicom(frames, name="c.dcm", PixelSpacing=[row, column]),
    ]
    for name in ("d.mha", "e.nrrd", "f.gipl"):
        SimpleITK.WriteImage(image, str(tmp_path / name))
        paths.append(tmp_path / name)
    for path in paths:
        sequence = read(path)
        assert sequence.spacing is None, path
        assert any("not believed" in note for note in sequence.notes), path
        assert not any(note.startswith("pixel size from") for note in sequence.notes), path


def test_a_mask_is_no_better(write_nifti):
    labels = np.zeros((2, 96, 128), np.uint8)
    labels[:, 30:60, 40:80] = 1
    assert read_mask(write_nifti(labels, zooms=(8.0, 8.0, 1.0)))[1].spacing is None
    assert read_mask(write_nifti(labels, zooms=(0.5, 0.5, 1.0)))[1].spacing == (0.5, 0.5)


def test_nor_is_what_a_manifest_says(write_video, frames, tmp_path):
    write_video(frames, "a.avi")
    (tmp_path / "list.csv").write_text("path,spacing_row_mm\na.avi,7.7\na.avi,1\n")
    absurd, one = (read_item(item) for item in find_inputs([tmp_path / "list.csv"]))
    assert absurd.spacing is None
    assert any("cm deep" in note for note in absurd.notes)
    assert one.spacing == (1.0, 1.0)


def test_size_of_the_patient_and_region_come_from_the_list(write_video, frames, tmp_path):
    write_video(frames, "a.avi")
    (tmp_path / "list.csv").write_text(
        "path;height_cm;weight_kg;region\na.avi;170;70,5;10;20;90;100\n".replace(
            "10;20;90;100", '"10;20;90;100"'
        )
    )
    (item,) = find_inputs([tmp_path / "list.csv"])
    sequence = read_item(item)
    assert sequence.subject.bsa_m2 == pytest.approx(1.8, abs=0.05)
    assert (sequence.region.top, sequence.region.right) == (10, 100)
    assert isinstance(item, InputItem)
