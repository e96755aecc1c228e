"""Masks and uncertainty come back from DICOM exactly, tied to the frames they belong to."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cardiac.apps.export import (
    SegmentationType,
    Source,
    mask_segmentation,
    save,
    uncertainty_segmentation,
)
from cardiac.apps.export.dicom_object import finish
from cardiac.apps.export.seg import MASK_SEGMENTS, cielab
from cardiac.errors import GeometryError, InvalidPixelsError
from cardiac.labels import STRUCTURES, Label
from tests.apps.export.conftest import US_STILL, write_dicom

FEW = settings(max_examples=10)
SHAPES = array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=11)
LABELS = SHAPES.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 3)))
MASK_FORMS = (SegmentationType.BINARY, SegmentationType.LABELMAP)
SPACING = (0.4, 0.5)
BYTES = SHAPES.flatmap(lambda shape: arrays(np.uint8, shape))


def blank(folder: Path, shape: tuple[int, ...]) -> Source:
    return Source.read(write_dicom(folder / "blank.dcm", np.zeros(shape, np.uint8)))


def reread(made: pydicom.Dataset) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(finish(made)))


@FEW
@given(labels=LABELS)
def test_any_mask_comes_back_through_pydicom(tmp_path, provenance, labels):
    made = reread(mask_segmentation(labels, blank(tmp_path, labels.shape), provenance))
    planes = made.pixel_array.reshape(3, *labels.shape)
    for label, plane in zip(STRUCTURES, planes, strict=True):
        np.testing.assert_array_equal(plane == 1, labels == label)


@FEW
@given(labels=LABELS, form=st.sampled_from(MASK_FORMS))
def test_any_mask_comes_back_through_highdicom_frame_by_frame(tmp_path, provenance, labels, form):
    hd = pytest.importorskip("highdicom")
    cine = blank(tmp_path, labels.shape)
    made = hd.seg.segread(
        io.BytesIO(finish(mask_segmentation(labels, cine, provenance, form=form, spacing=SPACING)))
    )
    # Asked for backwards, so that a file in the right order by accident would be found out.
    numbers = list(range(len(labels), 0, -1))
    back = made.get_pixels_by_source_frame(
        cine.uid("SOPInstanceUID"), numbers, combine_segments=True
    )
    np.testing.assert_array_equal(back, labels[::-1])


@FEW
@given(labels=LABELS)
def test_any_label_map_comes_back_through_pydicom(tmp_path, provenance, labels):
    cine, form = blank(tmp_path, labels.shape), SegmentationType.LABELMAP
    made = reread(mask_segmentation(labels, cine, provenance, form=form))
    np.testing.assert_array_equal(made.pixel_array.reshape(labels.shape), labels)
    assert made.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.7"


@pytest.mark.parametrize("form", MASK_FORMS)
def test_pixels_have_a_size_only_where_the_cine_is_calibrated(source, masks, provenance, form):
    """And viewers that lay images by their plane find how the frames lie, calibrated or not."""
    for spacing in (SPACING, None):
        made = reread(mask_segmentation(masks, source, provenance, form=form, spacing=spacing))
        (shared,) = made.SharedFunctionalGroupsSequence
        (orientation,) = shared.PlaneOrientationSequence
        (measures,) = shared.PixelMeasuresSequence
        assert list(orientation.ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]
        assert measures.get("PixelSpacing") == (None if spacing is None else list(spacing))


@FEW
@given(shares=BYTES)
def test_any_uncertainty_comes_back(tmp_path, provenance, shares):
    hd = pytest.importorskip("highdicom")
    cine = blank(tmp_path, shares.shape)
    data = finish(uncertainty_segmentation(shares / 255, cine, provenance, spacing=SPACING))
    stored = pydicom.dcmread(io.BytesIO(data))
    assert stored.SegmentationFractionalType == "PROBABILITY"
    np.testing.assert_array_equal(stored.pixel_array.reshape(shares.shape), shares)
    numbers = range(1, len(shares) + 1)
    back = hd.seg.segread(io.BytesIO(data)).get_pixels_by_source_frame(
        cine.uid("SOPInstanceUID"), list(numbers)
    )
    np.testing.assert_allclose(back[..., 0], shares / 255, atol=1e-6)


def test_each_frame_names_its_source_frame_and_its_segment(source, masks, provenance):
    made = reread(mask_segmentation(masks, source, provenance))
    seen = set()
    for group in made.PerFrameFunctionalGroupsSequence:
        (origin,) = group.DerivationImageSequence[0].SourceImageSequence
        assert origin.ReferencedSOPInstanceUID == source.header.SOPInstanceUID
        assert origin.SpatialLocationsPreserved == "YES"
        segment = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        index = list(group.FrameContentSequence[0].DimensionIndexValues)
        assert index == [segment, origin.ReferencedFrameNumber]
        seen.add(tuple(index))
    assert seen == {(s, f) for s in (1, 2, 3) for f in range(1, len(masks) + 1)}


def test_segments_are_numbered_like_the_labels_and_no_two_share_a_code_or_a_color(
    source, masks, provenance
):
    segments = reread(mask_segmentation(masks, source, provenance)).SegmentSequence
    codes = [item.SegmentedPropertyTypeCodeSequence[0].CodeValue for item in segments]
    assert codes == [label.snomed for label in STRUCTURES]
    assert [item.SegmentNumber for item in segments] == [int(label) for label in STRUCTURES]
    assert len({tuple(item.RecommendedDisplayCIELabValue) for item in segments}) == 3
    for item in segments:
        (algorithm,) = item.SegmentationAlgorithmIdentificationSequence
        assert (item.SegmentAlgorithmType, algorithm.AlgorithmVersion) == ("AUTOMATIC", "0.1.0")


def test_colors_are_those_of_the_labels():
    color = pytest.importorskip("highdicom.color")
    for segment, label in zip(MASK_SEGMENTS, STRUCTURES, strict=True):
        theirs = color.CIELabColor.from_rgb(*label.color)
        assert np.abs(np.array(theirs.value) - cielab(segment.color)).max() <= 0.001 * 65535
    assert cielab((0, 0, 0)) == (0, round(65535 * 128 / 255), round(65535 * 128 / 255))
    assert cielab((255, 255, 255))[0] == 65535


def test_an_archive_files_the_result_with_its_study(source, masks, provenance):
    made = reread(mask_segmentation(masks, source, provenance))
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
        assert made[keyword].value == source.header[keyword].value
    assert made.SeriesInstanceUID != source.header.SeriesInstanceUID
    assert made.Modality == "SEG"


def test_anonymous_copies_nothing_of_the_patient(source, masks, provenance):
    data = finish(mask_segmentation(masks, source, provenance, anonymous=True))
    for told in (b"Doe", b"P-17", b"19500102", b"20240301", b"101112", b"Roe"):
        assert told not in data
    made = pydicom.dcmread(io.BytesIO(data))
    assert made.PatientIdentityRemoved == "YES"
    assert made.StudyInstanceUID == source.header.StudyInstanceUID


def test_the_same_results_give_the_same_file_and_other_results_another_identity(
    source, masks, provenance
):
    one, same = (finish(mask_segmentation(masks, source, provenance)) for _ in range(2))
    assert one == same
    changed = masks.copy()
    changed[0, 0, 0] = Label.LA
    names = {
        pydicom.dcmread(io.BytesIO(finish(mask_segmentation(m, source, provenance)))).SOPInstanceUID
        for m in (masks, changed)
    }
    assert len(names) == 2


def test_a_still_has_no_frame_numbers(tmp_path, masks, provenance):
    path = write_dicom(
        tmp_path / "still.dcm", masks[:1] * 60, NumberOfFrames=None, SOPClassUID=US_STILL
    )
    made = reread(mask_segmentation(masks[0], Source.read(path), provenance))
    (origin,) = (
        made.PerFrameFunctionalGroupsSequence[0]
        .DerivationImageSequence[0]["SourceImageSequence"]
        .value
    )
    assert "ReferencedFrameNumber" not in origin
    np.testing.assert_array_equal(made.pixel_array[0] == 1, masks[0] == Label.LV)


@pytest.mark.parametrize("cut", [np.s_[1:], np.s_[:, 1:], np.s_[:, :, 1:]])
def test_results_of_another_cine_are_refused(source, masks, doubt, provenance, cut):
    with pytest.raises(GeometryError, match="results"):
        mask_segmentation(masks[cut], source, provenance)
    with pytest.raises(GeometryError, match="results"):
        uncertainty_segmentation(doubt[cut], source, provenance)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf])
def test_what_is_no_probability_is_refused(source, doubt, provenance, value):
    doubt[0, 0, 0] = value
    with pytest.raises(InvalidPixelsError):
        uncertainty_segmentation(doubt, source, provenance)


def test_what_is_no_label_is_refused(source, masks, provenance):
    with pytest.raises(InvalidPixelsError):
        mask_segmentation(masks + 1, source, provenance)


def test_lossy_sources_are_told(tmp_path, cine, masks, provenance):
    source = Source.read(
        cine(
            LossyImageCompression="01",
            LossyImageCompressionRatio="12.5",
            LossyImageCompressionMethod="ISO_10918_1",
        )
    )
    made = reread(mask_segmentation(masks, source, provenance))
    assert (made.LossyImageCompression, made.LossyImageCompressionRatio) == ("01", 12.5)


@pytest.mark.parametrize("anonymous", [False, True])
@pytest.mark.parametrize("empty", [False, True])
def test_masks_keep_the_standard(  # noqa: PLR0917
    tmp_path, conforms, source, masks, provenance, anonymous, empty
):
    made = mask_segmentation(masks * (not empty), source, provenance, anonymous=anonymous)
    conforms(save(made, tmp_path / "seg.dcm"))


@pytest.mark.parametrize("anonymous", [False, True])
def test_uncertainty_keeps_the_standard(  # noqa: PLR0917
    tmp_path, conforms, source, doubt, provenance, anonymous
):
    made = uncertainty_segmentation(doubt, source, provenance, anonymous=anonymous)
    conforms(save(made, tmp_path / "uncertainty.dcm"))
