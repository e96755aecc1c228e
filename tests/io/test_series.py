"""A cine that is stored as single frames is one cine; stills of several patients stay apart."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cardiac.errors import InvalidPixelsError
from cardiac.io import find_inputs, read, read_item


def save_pictures(folder, frames, name="frame_{:03d}.png"):
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name.format(i) for i in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        Image.fromarray(frame).save(path)
    return paths


@pytest.fixture
def smooth(sector):
    """Frames whose speckle moves with them, as neighbours in a cine do."""
    still = sector(1, 96, 128)[0]
    frames = np.stack([np.roll(still, i // 3, axis=0) for i in range(8)])
    return np.maximum(frames, 1)


def test_numbered_pictures_are_one_cine_however_they_are_given(tmp_path, smooth):
    paths = save_pictures(tmp_path / "a4c", smooth)
    for given in ([tmp_path / "a4c"], paths, [tmp_path]):
        (item,) = find_inputs(given)
        assert item.id == "frame"
        sequence = read_item(item)
        np.testing.assert_array_equal(sequence.frames, smooth)
        assert sequence.times is None
        assert any("joined from 8 files" in note for note in sequence.notes)
    np.testing.assert_array_equal(read(tmp_path / "a4c").frames, smooth)


def test_numbers_are_numbers_not_letters(tmp_path, smooth):
    save_pictures(tmp_path, np.concatenate([smooth, smooth]), "{}.png")
    (item,) = find_inputs([tmp_path])
    assert [path.stem for path in item.parts] == [str(i) for i in range(16)]


def test_stills_of_many_patients_are_not_a_cine(tmp_path, sector):
    rng = np.random.default_rng(0)
    stills = np.stack([np.roll(sector(1)[0], rng.integers(-40, 40, 2), (0, 1)) for _ in range(8)])
    save_pictures(tmp_path, stills, "patient_{}.png")
    assert len(find_inputs([tmp_path])) == 8


def test_dicom_files_of_one_frame_are_one_cine(write_dicom, smooth, tmp_path):
    (tmp_path / "s").mkdir()
    for i, frame in enumerate(smooth):
        number = (i * 3) % 8  # the order of names is not that of the frames
        write_dicom(
            smooth[number][None],
            name=f"s/IM{i}",
            SeriesInstanceUID="1.2.3",
            InstanceNumber=number + 1,
            PixelSpacing=[0.6, 0.6],
        )
        del frame
    other = write_dicom(smooth, name="s/cine.dcm", SeriesInstanceUID="1.2.3", InstanceNumber=9)
    joined, cine = sorted(find_inputs([tmp_path / "s"]), key=lambda item: item.path == other)
    sequence = read_item(joined)
    np.testing.assert_array_equal(sequence.frames, smooth)
    assert sequence.spacing == (0.6, 0.6)
    assert cine.path == other


def test_a_frame_of_another_size_is_told(tmp_path, smooth):
    paths = save_pictures(tmp_path, smooth)
    Image.fromarray(smooth[0][:50]).save(paths[5])
    (item,) = find_inputs([tmp_path])
    with pytest.raises(InvalidPixelsError, match=r"frame_005\.png.*not one cine"):
        read_item(item)


def test_stacks_and_animations_are_cines(tmp_path, frames):
    images = [Image.fromarray(frame) for frame in frames]
    rest = {"save_all": True, "append_images": images[1:]}
    for name, options, interval in (
        ("a.tif", {}, None),
        ("a.png", {"duration": 40}, 0.04),
        ("b.png", {"duration": 0}, None),
        ("a.gif", {"duration": 40}, 0.04),
        ("b.gif", {"duration": 0}, None),
        ("a.webp", {"duration": 40, "lossless": True}, 0.04),
        ("c.tif", {"description": "ImageJ=1.53\nimages=6\nfinterval=0.02\n"}, 0.02),
    ):
        images[0].save(tmp_path / name, **rest, **options)
        sequence = read(tmp_path / name)
        np.testing.assert_array_equal(sequence.frames, frames, err_msg=name)
        assert sequence.frame_interval_s == (interval and pytest.approx(interval)), name


def test_pages_of_several_sizes_are_no_cine(tmp_path, frames):
    images = [Image.fromarray(frames[0]), Image.fromarray(frames[1][:40])]
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    with pytest.raises(InvalidPixelsError, match="not one cine"):
        read(tmp_path / "a.tif")
