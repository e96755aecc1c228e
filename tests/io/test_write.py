from __future__ import annotations

import nibabel
import numpy as np
import pytest

from cardiac.errors import (
    GeometryError,
    InvalidPixelsError,
    OutputError,
    UnreadableFileError,
    UnsupportedImageError,
)
from cardiac.io import read, read_mask, write_float_map, write_mask
from cardiac.sequence import EchoSequence


def labels(frames):
    mask = np.zeros(frames.shape, dtype=np.uint8)
    mask[:, 20:60, 50:80] = 1
    mask[:, 15:20, 45:85] = 2
    mask[:, 60:70, 55:75] = 3
    return mask


@pytest.mark.parametrize("axes", ["xy", "xyt", "xyz", "xyzt"])
@pytest.mark.parametrize("name", ["cine.nii.gz", "cine.nii"])
def test_a_mask_lies_on_the_inputs_own_grid(write_nifti, frames, tmp_path, axes, name):
    source = write_nifti(frames, name, axes=axes, zooms=(0.4, 0.5, 1.0, 1.0))
    sequence = read(source)
    mask = labels(sequence.frames)
    written = write_mask(tmp_path / "out" / name, mask, sequence)
    image, original = nibabel.load(written), nibabel.load(source)
    assert image.shape == original.shape
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_allclose(image.affine, original.affine)
    np.testing.assert_allclose(image.header.get_zooms(), original.header.get_zooms())
    back, geometry = read_mask(written)
    np.testing.assert_array_equal(back, mask)
    assert geometry.spacing == sequence.spacing


def test_frame_time_is_the_last_voxel_size_in_seconds(write_dicom, frames, region_tags, tmp_path):
    source = write_dicom(frames, regions=[region_tags(127, 95)], FrameTime="20")
    path = write_mask(tmp_path / "m.nii.gz", labels(frames), read(source))
    header = nibabel.load(path).header
    assert header.get_data_shape() == (128, 96, 6)
    np.testing.assert_allclose(header.get_zooms(), [0.4, 0.5, 0.02], rtol=1e-6)
    assert header.get_xyzt_units() == ("mm", "sec")
    assert "left ventricle" in header["descrip"].item().decode()
    _, geometry = read_mask(path)
    assert geometry.frame_interval_s == pytest.approx(0.02)
    assert geometry.spacing == pytest.approx((0.5, 0.4))


def test_without_calibration_no_millimetres_are_written(frames, tmp_path):
    path = write_mask(tmp_path / "m.nii.gz", labels(frames), EchoSequence(frames))
    header = nibabel.load(path).header
    assert header.get_xyzt_units()[0] == "unknown"
    assert read_mask(path)[1].spacing is None


def test_same_mask_same_bytes(write_nifti, frames, tmp_path):
    sequence = read(write_nifti(frames))
    one = write_mask(tmp_path / "one.nii.gz", labels(frames), sequence).read_bytes()
    two = write_mask(tmp_path / "two.nii.gz", labels(frames), sequence).read_bytes()
    assert one == two
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


def test_a_mask_written_with_its_own_geometry_is_the_same_file(write_nifti, frames, tmp_path):
    sequence = read(write_nifti(frames, zooms=(0.4, 0.5, 0.02), units=("mm", "sec")))
    first = write_mask(tmp_path / "first.nii.gz", labels(frames), sequence)
    mask, geometry = read_mask(first)
    second = write_mask(tmp_path / "second.nii.gz", mask, geometry)
    assert first.read_bytes() == second.read_bytes()


def test_a_corrected_pixel_size_reaches_the_affine(write_nifti, frames, tmp_path):
    sequence = read(write_nifti(frames)).replace(spacing=(0.25, 0.2))
    path = write_mask(tmp_path / "m.nii.gz", labels(frames), sequence)
    image = nibabel.load(path)
    np.testing.assert_allclose(np.diag(image.affine)[:2], [-0.2, -0.25])
    np.testing.assert_allclose(image.header.get_zooms()[:2], [0.2, 0.25])


def test_float_maps_share_the_layout(write_nifti, frames, tmp_path):
    sequence = read(write_nifti(frames))
    maps = frames / np.float32(255)
    image = nibabel.load(write_float_map(tmp_path / "u.nii.gz", maps, sequence, "uncertainty"))
    assert image.get_data_dtype() == np.float32
    np.testing.assert_array_equal(image.get_fdata().T.astype(np.float32), maps)


def test_what_cannot_be_written_says_so(frames, tmp_path):
    sequence = EchoSequence(frames)
    with pytest.raises(GeometryError, match="shape"):
        write_mask(tmp_path / "m.nii.gz", labels(frames)[:, :-1], sequence)
    with pytest.raises(InvalidPixelsError, match="no labels"):
        write_mask(tmp_path / "m.nii.gz", labels(frames) + 3, sequence)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        write_mask(tmp_path / "file" / "m.nii.gz", labels(frames), sequence)
    with pytest.raises(OutputError, match="NIfTI file name"):
        write_mask(tmp_path / "m.png", labels(frames), sequence)


def test_float_masks_of_whole_numbers_are_read(write_nifti, frames):
    path = write_nifti(labels(frames).astype(np.float64))
    mask, _ = read_mask(path)
    np.testing.assert_array_equal(mask, labels(frames))
    assert mask.flags.writeable


@pytest.mark.parametrize("value", [0.5, 4.0, np.nan, -1.0])
def test_what_is_no_label_is_refused(write_nifti, frames, value):
    values = labels(frames).astype(np.float64)
    values[0, 0, 0] = value
    with pytest.raises(InvalidPixelsError, match="no labels"):
        read_mask(write_nifti(values))


def test_masks_of_other_formats_are_refused(write_video, frames, tmp_path):
    with pytest.raises(UnsupportedImageError, match="NIfTI and MetaImage"):
        read_mask(write_video(frames))
    with pytest.raises(UnreadableFileError, match="no such file"):
        read_mask(tmp_path / "none.nii.gz")


def test_an_expert_mask_comes_back_byte_for_byte_in_its_pixels(data, tmp_path):
    folder = data / "camus" / "patient0002"
    source = folder / "patient0002_4CH_ES_gt.nii.gz"
    mask, geometry = read_mask(source)
    image = nibabel.load(write_mask(tmp_path / "m.nii.gz", mask, geometry))
    original = nibabel.load(source)
    np.testing.assert_array_equal(np.asarray(image.dataobj), np.asarray(original.dataobj))
    np.testing.assert_array_equal(image.affine, original.affine)
