"""On real ultrasound of several makers the results keep the standard and come back the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from cardiac.apps.export import (
    Evidence,
    Source,
    echo_report,
    mask_segmentation,
    outline_capture,
    save,
    uncertainty_segmentation,
)
from cardiac.errors import UnsupportedImageError
from cardiac.io import read
from tests.apps.export.test_sr import FULL, PRE, VALUES, numbers, value

SAMPLES = (
    "stress_a4c_rest",
    "stress_a4c_stage2",
    "stress_a2c_rest",
    "stress_a2c_stage2",
    "paediatric_plax",
)


def check(path: Path, folder: Path, provenance, conforms) -> None:
    """Masks, uncertainty and report of made-up results on a real cine."""
    source = Source.read(path)
    cine = read(path)
    shape, spacing = cine.frames.shape, cine.spacing
    random = np.random.default_rng(3)
    masks = random.integers(0, 4, shape).astype(np.uint8)
    shares = random.integers(0, 256, shape).astype(np.uint8)
    seg = save(mask_segmentation(masks, source, provenance, spacing=spacing), folder / "seg.dcm")
    doubt = save(
        uncertainty_segmentation(shares / 255, source, provenance, spacing=spacing),
        folder / "u.dcm",
    )
    report = save(echo_report(FULL, Evidence(source, (0, 5), (3,)), provenance), folder / "sr.dcm")
    drawn = save(outline_capture(cine, masks * 0, source, provenance), folder / "outlines.dcm")
    for written in (seg, doubt, report, drawn):
        conforms(written)
    stored = pydicom.dcmread(seg)
    assert (stored.StudyInstanceUID, stored.PatientName) == (
        source.header.StudyInstanceUID,
        source.header.PatientName,
    )
    planes = stored.pixel_array.reshape(3, *shape)
    for number, plane in enumerate(planes, start=1):
        np.testing.assert_array_equal(plane == 1, masks == number)
    np.testing.assert_array_equal(pydicom.dcmread(doubt).pixel_array, shares)
    core = numbers(pydicom.dcmread(report), PRE)
    assert value(core["79993-2"]) == VALUES["lv_ef_percent"]
    highdicom = pytest.importorskip("highdicom")
    last = highdicom.seg.segread(seg).get_pixels_by_source_frame(
        source.uid("SOPInstanceUID"), [shape[0]], combine_segments=True
    )
    np.testing.assert_array_equal(last[0], masks[-1])


def test_the_cine_that_comes_with_pydicom(tmp_path, provenance, conforms):
    from pydicom.data import get_testdata_file

    path = get_testdata_file("examples_ybr_color.dcm", download=False)
    check(Path(str(path)), tmp_path, provenance, conforms)


@pytest.mark.parametrize("name", SAMPLES)
def test_cines_of_other_makers(tmp_path, data, provenance, conforms, name):
    path = data / "dicom" / f"{name}.dcm"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    check(path, tmp_path, provenance, conforms)


def test_a_dicom_file_that_is_no_image_is_refused(tmp_path):
    from pydicom.data import get_testdata_file

    path = get_testdata_file("reportsi.dcm", download=False)
    with pytest.raises(UnsupportedImageError):
        Source.read(str(path))
