from __future__ import annotations

import gzip

import numpy as np
import pytest

from cardiac.errors import (
    CardiacError,
    InvalidPixelsError,
    UnreadableFileError,
    UnsupportedImageError,
)
from cardiac.io import read
from cardiac.sequence import View


@pytest.mark.parametrize("axes", ["xy", "xyt", "xyz", "xyzt"])
def test_every_layout_gives_rows_down_and_columns_across(write_nifti, frames, axes):
    expected = frames if "t" in axes else frames[:1]
    sequence = read(write_nifti(frames, axes=axes, zooms=(0.4, 0.5, 1.0, 1.0)))
    np.testing.assert_array_equal(sequence.frames, expected)
    assert sequence.spacing == (0.5, 0.4)
    assert sequence.storage.axes == axes
    assert sequence.storage.affine[0, 0] == pytest.approx(-0.4)


def test_frame_time_needs_a_unit_of_time(write_nifti, frames):
    timed = write_nifti(frames, zooms=(0.4, 0.5, 0.02), units=("mm", "sec"))
    assert read(timed).frame_interval_s == pytest.approx(0.02)
    timed = write_nifti(
        frames, name="ms.nii", axes="xyzt", zooms=(0.4, 0.5, 1, 20), units=("mm", "msec")
    )
    assert read(timed).frame_interval_s == pytest.approx(0.02)
    for zoom, unit in ((1.0, "unknown"), (1.0, "sec"), (0.02, "unknown")):
        untimed = write_nifti(frames, name="no.nii", zooms=(0.4, 0.5, zoom), units=("mm", unit))
        assert read(untimed).times is None


def test_a_pixel_size_of_one_is_no_calibration(write_nifti, frames):
    bare = read(write_nifti(frames, zooms=None, units=("unknown", "unknown")))
    assert bare.spacing is None
    assert any("no pixel size" in note for note in bare.notes)
    stated = read(write_nifti(frames, name="mm.nii", zooms=None, units=("mm", "unknown")))
    assert stated.spacing is None
    assert any("converters" in note for note in stated.notes)
    metres = read(write_nifti(frames, name="m.nii", zooms=(4e-4, 5e-4, 1), units=("meter", "sec")))
    assert metres.spacing == pytest.approx((0.5, 0.4))


def test_other_grey_levels_are_brought_to_uint8(write_nifti, frames):
    float_frames = read(write_nifti(frames.astype(np.float32), name="f.nii"))
    np.testing.assert_array_equal(float_frames.frames, frames)
    unit = read(write_nifti(frames / np.float32(255), name="u.nii"))
    np.testing.assert_array_equal(unit.frames, frames)
    wide = read(write_nifti(frames.astype(np.int16) * 8 - 100, name="w.nii"))
    assert (wide.frames.min(), wide.frames.max()) == (0, 255)
    assert any("scaled" in note for note in wide.notes)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinite_pixels_are_refused(write_nifti, frames, value):
    broken = frames.astype(np.float32)
    broken[2, 3, 4] = value
    with pytest.raises(InvalidPixelsError, match="NaN or infinite"):
        read(write_nifti(broken))


def test_blank_absurd_and_deep_images_are_refused(write_nifti, frames):
    with pytest.raises(InvalidPixelsError, match="same value"):
        read(write_nifti(np.zeros_like(frames)))
    with pytest.raises(UnsupportedImageError, match="slices"):
        read(write_nifti(frames, zooms=(1.0, 1.0, 2.5)))
    import nibabel

    path = write_nifti(frames)
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6, 7), np.uint8), np.eye(4)), path)
    with pytest.raises(UnsupportedImageError, match="two-dimensional"):
        read(path)


def test_zero_frames_and_lying_headers(write_nifti, frames):
    path = write_nifti(frames, name="cine.nii")
    data = bytearray(path.read_bytes())
    for dim, error in (((128, 96, 0), CardiacError), ((128, 96, 30000), InvalidPixelsError)):
        data[40:48] = np.array([3, *dim], "<i2").tobytes()
        path.write_bytes(bytes(data))
        with pytest.raises(error):
            read(path)
    data[40:48] = np.array([3, 8000, 8000, 60], "<i2").tobytes()
    for name, content in (("a.nii", bytes(data)), ("b.nii.gz", gzip.compress(bytes(data)))):
        (path.parent / name).write_bytes(content)
        with pytest.raises(UnreadableFileError, match="truncated"):
            read(path.parent / name)


def test_truncated_empty_missing_and_disguised_files(write_nifti, frames, tmp_path):
    path = write_nifti(frames)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFileError, match="truncated"):
        read(path)
    path.write_bytes(b"")
    with pytest.raises(UnreadableFileError, match="empty"):
        read(path)
    path.write_text("patient,ef\n1,55\n")
    with pytest.raises(UnreadableFileError, match="NIfTI"):
        read(path)
    with pytest.raises(UnreadableFileError, match="no such file"):
        read(tmp_path / "nowhere.nii.gz")


def test_camus_still(data):
    folder = data / "camus" / "patient0001"
    sequence = read(folder / "patient0001_4CH_ED.nii.gz")
    assert sequence.frames.shape == (1, 389, 549)
    assert sequence.spacing == (0.308, 0.308)
    assert sequence.view is View.A4C
    assert sequence.ed_frames == (0,)
    # The probe is at the top: the sector is narrow there and wide below.
    width = (sequence.frames[0] > 0).sum(axis=1)
    assert width[40] < width[250]
