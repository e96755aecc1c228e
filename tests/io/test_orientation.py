"""Cines come upright and with square pixels, and masks go back to where the file has them."""

from __future__ import annotations

import struct
from fractions import Fraction

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from cardiac.io import read, read_map, read_mask, write_float_map, write_mask
from cardiac.io.ffmpeg import decode_video
from cardiac.io.orientation import Turn, turn_of_exif

STORED = {
    "rows reversed": Turn(rows=True),
    "columns reversed": Turn(columns=True),
    "both reversed": Turn(rows=True, columns=True),
    "exchanged": Turn(transposed=True),
    "exchanged and reversed": Turn(transposed=True, rows=True),
    "exchanged and both reversed": Turn(transposed=True, rows=True, columns=True),
}


def stored_by(turn, frames):
    """What must be in the file so that the turn makes it upright."""
    if turn.columns:
        frames = frames[..., ::-1]
    if turn.rows:
        frames = frames[..., ::-1, :]
    return np.ascontiguousarray(frames.swapaxes(-1, -2) if turn.transposed else frames)


def affine_of(turn, row=0.5, column=0.4):
    """Affine of an array stored (x, y, t) whose frames the turn makes upright."""
    axes = ((0, 1, column, turn.columns), (1, 0, row, turn.rows))
    affine = np.diag([0.0, 0.0, 1.0, 1.0])
    for world, _, size, flipped in axes:
        stored = (1 - world) if turn.transposed else world
        affine[world, stored] = size if flipped else -size
    return affine


def write_turned(path, frames, turn):
    array = stored_by(turn, frames).transpose(2, 1, 0)
    image = nib.Nifti1Image(array, affine_of(turn))
    image.header.set_xyzt_units("mm", "sec")
    zooms = (0.5, 0.4, 0.02) if turn.transposed else (0.4, 0.5, 0.02)
    image.header.set_zooms(zooms)
    nib.save(image, path)
    return path


@pytest.mark.parametrize("turn", STORED.values(), ids=STORED.keys())
def test_an_affine_puts_a_cine_upright_and_its_mask_back(tmp_path, frames, turn):
    path = write_turned(tmp_path / "a4c.nii.gz", frames, turn)
    sequence = read(path)
    np.testing.assert_array_equal(sequence.frames, frames)
    assert sequence.spacing == pytest.approx((0.5, 0.4))
    mask = np.zeros_like(frames)
    mask[:, 30:50, 40:70] = 1
    mask[:, 50:60, 45:60] = 3
    out = write_mask(tmp_path / "mask.nii.gz", mask, sequence)
    mine, theirs = nib.load(out), nib.load(path)
    np.testing.assert_array_equal(
        np.asarray(mine.dataobj), stored_by(turn, mask).transpose(2, 1, 0)
    )
    np.testing.assert_allclose(mine.affine, theirs.affine, atol=1e-6)
    again, geometry = read_mask(out)
    np.testing.assert_array_equal(again, mask)
    assert geometry.spacing == pytest.approx(sequence.spacing)
    values = np.random.default_rng(0).random(frames.shape).astype(np.float32)
    drawn = write_float_map(tmp_path / "map.nii.gz", values, sequence)
    np.testing.assert_array_equal(read_map(drawn), values)


def test_an_affine_that_nobody_meant_does_not_put_a_sector_on_its_head(tmp_path, frames):
    array = np.ascontiguousarray(frames.transpose(2, 1, 0))
    nib.save(nib.Nifti1Image(array, np.diag([0.5, 0.5, 1, 1])), tmp_path / "a.nii.gz")
    sequence = read(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(sequence.frames, frames)
    assert any("on its head" in note for note in sequence.notes)
    # Even an empty mask, which tells nothing of up and down, comes back as it was.
    maps = np.random.default_rng(0).random(frames.shape).astype(np.float32)
    path = write_float_map(tmp_path / "m.nii.gz", maps, sequence)
    np.testing.assert_array_equal(read_map(path), maps)


def test_an_oblique_plane_tells_nothing_of_the_picture(tmp_path, frames):
    affine = np.eye(4)
    affine[:3, :3] = 0.5 * np.array([[0.0, 0.7, 0.7], [0.0, 0.7, -0.7], [-1.0, 0.0, 0.0]])
    array = np.ascontiguousarray(frames.transpose(2, 1, 0))
    image = nib.Nifti1Image(array, affine)
    image.header.set_zooms((0.5, 0.5, 1.0))
    nib.save(image, tmp_path / "a_sequence.nii.gz")
    np.testing.assert_array_equal(read(tmp_path / "a_sequence.nii.gz").frames, frames)


@pytest.mark.parametrize("turn", [Turn(rows=True), Turn(columns=True), Turn(transposed=True)])
def test_itk_formats_are_upright_by_their_direction(tmp_path, frames, turn):
    import SimpleITK

    direction = np.diag([-1.0 if turn.columns else 1, -1.0 if turn.rows else 1, 1])
    if turn.transposed:
        direction = direction[[1, 0, 2]]
    image = SimpleITK.GetImageFromArray(stored_by(turn, frames))
    image.SetSpacing((0.5, 0.4, 1.0) if turn.transposed else (0.4, 0.5, 1.0))
    image.SetDirection(direction.ravel().tolist())
    for name in ("a.mha", "a.nrrd"):
        SimpleITK.WriteImage(image, str(tmp_path / name))
        sequence = read(tmp_path / name)
        np.testing.assert_array_equal(sequence.frames, frames)
        assert sequence.spacing == pytest.approx((0.5, 0.4))


@pytest.mark.parametrize(
    ("letters", "turn"), [("MFA", Turn()), ("MNA", Turn(rows=True)), ("UFA", Turn(columns=True))]
)
def test_a_tracked_scanner_tells_far_and_marked(tmp_path, frames, letters, turn):
    header = (
        "ObjectType = Image\nNDims = 3\nDimSize = 128 96 6\nElementType = MET_UCHAR\n"
        f"ElementSpacing = 0.5 0.5 1\nUltrasoundImageOrientation = {letters}\n"
        + "".join(f"Seq_Frame{i:04d}_Timestamp = {232 + i / 50}\n" for i in range(6))
        + "".join(f"Seq_Frame{i:04d}_Note = {'x' * 20_000}\n" for i in range(6))
        + "ElementDataFile = LOCAL\n"
    )
    path = tmp_path / "a.igs.mha"
    path.write_bytes(header.encode() + stored_by(turn, frames).tobytes())
    sequence = read(path)
    np.testing.assert_array_equal(sequence.frames, frames)
    assert sequence.frame_interval_s == pytest.approx(0.02)


def matrix_of(turn):
    """(a, b, c, d) of a display matrix: x' = a x + c y, y' = b x + d y."""
    x, y = (-1 if turn.columns else 1), (-1 if turn.rows else 1)
    return (0, y, x, 0) if turn.transposed else (x, 0, 0, y)


@pytest.mark.parametrize("turn", STORED.values(), ids=STORED.keys())
def test_a_video_is_shown_as_a_player_turns_it(tmp_path, write_video, sector, turn):
    frames = sector(height=96, width=128)
    path = write_video(stored_by(turn, frames), "a.mov", codec="mpeg4")
    plain = decode_video(path).frames
    data = bytearray(path.read_bytes())
    start = data.find(b"tkhd") + 4
    start += 4 + (20 if data[start] == 0 else 32) + 16
    a, b, c, d = (65536 * n for n in matrix_of(turn))
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    sequence = read(path)
    # What lies outside the sector is blanked, and still graphics within it are filled in.
    assert (sequence.frames == turn.apply(plain)).mean() > 0.9
    # The mask lies on the file's own grid, and comes back upright.
    mask = np.zeros_like(sequence.frames)
    mask[:, 30:50, 40:70] = 1
    out = write_mask(tmp_path / "m.nii.gz", mask, sequence)
    assert nib.load(out).shape == (plain.shape[2], plain.shape[1], len(plain))
    np.testing.assert_array_equal(read_mask(out)[0], mask)


@pytest.mark.parametrize("value", range(1, 9))
def test_a_photograph_is_shown_as_exif_says(tmp_path, sector, value):
    upright = sector(1, 96, 128)[0]
    turn = turn_of_exif(value)
    picture = Image.fromarray(stored_by(turn, upright))
    exif = Image.Exif()
    exif[0x0112] = value
    picture.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "a.png").frames[0], upright)
    from PIL import ImageOps

    with Image.open(tmp_path / "a.png") as shown:
        np.testing.assert_array_equal(np.asarray(ImageOps.exif_transpose(shown)), upright)


@pytest.mark.parametrize(("wide", "shape"), [((4, 3), (96, 128)), ((1, 2), (192, 96))])
def test_pixels_that_are_not_square_are_made_so(tmp_path, write_dicom, sector, wide, shape):
    import av

    frames = sector(6, 96, 96)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=50)
        stream.height, stream.width, stream.pix_fmt = 96, 96, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(*wide)
        for plane in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(plane, format="gray")))
        container.mux(stream.encode(None))
    # DICOM tells the vertical size first.
    dicom = write_dicom(frames, PixelAspectRatio=[wide[1], wide[0]])
    for sequence in (read(path), read(dicom)):
        assert sequence.shape == shape
        assert any("square" in note for note in sequence.notes)


def test_a_known_pixel_size_holds_the_aspect_already(write_dicom, frames, region_tags):
    path = write_dicom(frames, regions=[region_tags(127, 95)], PixelAspectRatio=[5, 4])
    assert read(path).shape == (96, 128)


def test_resolutions_of_a_picture_tell_its_aspect(tmp_path, sector):
    Image.fromarray(sector(1, 96, 96)[0]).save(tmp_path / "a.jpg", dpi=(72, 144))
    assert read(tmp_path / "a.jpg").shape == (96, 192)
    Image.fromarray(sector(1, 96, 96)[0]).save(tmp_path / "b.jpg", dpi=(72, 72))
    assert read(tmp_path / "b.jpg").shape == (96, 96)
