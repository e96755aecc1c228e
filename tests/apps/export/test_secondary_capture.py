"""Any viewer plays the outlines: standard colour frames, at the pace of the heart."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.pixels import pixel_array

from cardiac.apps.export import Source, outline_capture, save
from cardiac.apps.export.dicom_object import finish
from cardiac.errors import GeometryError
from cardiac.io import read
from cardiac.labels import Label


@pytest.fixture
def sequence(cine):
    return read(cine())


def reread(made: pydicom.Dataset) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(finish(made)))


def hue_share(picture: np.ndarray, color: tuple[int, int, int]) -> float:
    """Share of the pixels that have the hue of a colour, however it is mixed with grey."""
    vivid = picture.astype(float) - picture.mean(axis=2, keepdims=True)
    wanted = np.array(color) - np.mean(color)
    length = np.linalg.norm(vivid, axis=2)
    cosine = (vivid @ wanted) / (np.maximum(length, 1e-6) * np.linalg.norm(wanted))
    return float(((cosine > 0.97) & (length > 40)).mean())


@pytest.mark.parametrize("tinted", [False, True])
@pytest.mark.parametrize("anonymous", [False, True])
def test_the_standard_is_kept(  # noqa: PLR0917
    tmp_path, conforms, sequence, masks, doubt, provenance, tinted, anonymous
):
    source = Source.read(sequence.source)
    made = outline_capture(
        sequence,
        masks,
        source,
        provenance,
        uncertainty=doubt if tinted else None,
        anonymous=anonymous,
    )
    path = save(made, tmp_path / "outlines.dcm")
    conforms(path)
    stored = pydicom.dcmread(path)
    assert stored.StudyInstanceUID == source.header.StudyInstanceUID
    assert stored.NumberOfFrames == len(masks)
    assert ("Doe" in str(stored.PatientName)) != anonymous


def test_outlines_have_the_colors_of_the_labels(source, sequence, masks, provenance):
    made = finish(outline_capture(sequence, masks, source, provenance))
    frame = pixel_array(io.BytesIO(made), index=0)
    for label in (Label.LV, Label.MYOCARDIUM, Label.LA):
        assert hue_share(frame, label.color) > 0.001
    # The sector lies above, the footer with the names of the colours below.
    blank = finish(outline_capture(sequence, np.zeros_like(masks), source, provenance))
    bare = pixel_array(io.BytesIO(blank), index=0)
    assert hue_share(bare[:400], Label.LV.color) == 0


def test_uncertainty_is_a_tint_where_it_is_high(source, sequence, masks, provenance):
    high = np.zeros(masks.shape, np.float32)
    high[:, 20:40, 20:40] = 1
    made = finish(outline_capture(sequence, masks, source, provenance, uncertainty=high))
    plain = finish(outline_capture(sequence, masks, source, provenance))
    frames = [pixel_array(io.BytesIO(data), index=0)[:400].astype(int) for data in (made, plain)]
    apart = np.abs(frames[0] - frames[1]).max(axis=2)
    scale = apart.shape[1] / 68
    inside = apart[int(22 * scale) : int(38 * scale), int(22 * scale) : int(38 * scale)]
    assert inside.mean() > 10 * apart[: int(15 * scale)].mean()


def test_steady_times_are_kept(source, sequence, masks, provenance):
    made = reread(outline_capture(sequence, masks, source, provenance))
    assert made.FrameIncrementPointer == pydicom.tag.Tag("FrameTime")
    assert made.FrameTime == pytest.approx(1000 * sequence.frame_interval_s)
    assert made.CineRate == 25


def test_uneven_times_are_kept_frame_by_frame(source, sequence, masks, provenance):
    times = np.cumsum(np.r_[0, np.linspace(0.02, 0.06, len(masks) - 1)])
    made = reread(outline_capture(sequence.replace(times=times), masks, source, provenance))
    assert made.FrameIncrementPointer == pydicom.tag.Tag("FrameTimeVector")
    np.testing.assert_allclose(np.cumsum(made.FrameTimeVector), 1000 * times, atol=1e-6)


def test_without_times_no_pace_is_invented(  # noqa: PLR0917
    tmp_path, conforms, source, sequence, masks, provenance
):
    timeless = replace(sequence, times=None)
    made = outline_capture(timeless, masks, source, provenance)
    assert not {"FrameTime", "FrameTimeVector", "CineRate"} & set(made.dir())
    conforms(save(made, tmp_path / "outlines.dcm"))


@pytest.mark.parametrize(("told", "expected"), [(None, "YES"), ("YES", "YES"), ("NO", "NO")])
def test_text_in_the_picture_is_denied_only_where_the_source_denies_it(  # noqa: PLR0917
    cine, sequence, masks, provenance, told, expected
):
    source = Source.read(cine(**({"BurnedInAnnotation": told} if told else {})))
    assert outline_capture(sequence, masks, source, provenance).BurnedInAnnotation == expected


def test_every_loss_is_told(cine, sequence, masks, provenance):
    lossy = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "12.5"}
    source = Source.read(cine(**lossy, LossyImageCompressionMethod="ISO_10918_1"))
    made = reread(outline_capture(sequence, masks, source, provenance))
    assert list(made.LossyImageCompressionMethod) == ["ISO_10918_1"] * 2
    assert made.LossyImageCompressionRatio[0] == 12.5


def test_results_of_another_cine_are_refused(source, sequence, masks, provenance):
    with pytest.raises(GeometryError):
        outline_capture(sequence, masks[1:], source, provenance)
    cut = sequence.replace(frames=sequence.frames[:, 1:])
    with pytest.raises(GeometryError):
        outline_capture(cut, masks[:, 1:], source, provenance)
