from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cardiac.errors import (
    InvalidPixelsError,
    UnreadableFileError,
    UnsupportedImageError,
)
from cardiac.io import read


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.avi", "mjpeg"), ("a.mp4", "mpeg4"), ("a.mkv", "mpeg4"), ("a.mov", "mpeg4")],
)
def test_frames_and_times(write_video, sector, name, codec):
    frames = sector(10)
    sequence = read(write_video(frames, name, codec, rate=40))
    assert sequence.frames.shape == frames.shape
    difference = np.abs(sequence.frames.astype(int) - frames)
    assert difference.mean() < 25
    assert sequence.frame_interval_s == pytest.approx(0.025, abs=1e-3)
    assert sequence.spacing is None
    assert any("no pixel size" in note for note in sequence.notes)


def test_uneven_time_stamps_are_kept(write_video, frames):
    stamps = [0, 20, 60, 80, 100, 160]
    sequence = read(write_video(frames, "a.mkv", "mpeg4", stamps=stamps))
    np.testing.assert_allclose(sequence.times, np.array(stamps) / 1000, atol=2e-3)


def test_gif(tmp_path, frames):
    path = tmp_path / "a.gif"
    images = [Image.fromarray(f) for f in frames]
    images[0].save(path, save_all=True, append_images=images[1:], duration=40, loop=0)
    sequence = read(path)
    np.testing.assert_array_equal(sequence.frames, frames)
    assert sequence.frame_interval_s == pytest.approx(0.04)


def test_colour_doppler_is_refused(write_video, frames):
    rng = np.random.default_rng(0)
    flow = np.repeat(frames[..., None], 3, axis=-1)
    for frame in flow:
        frame[20:70, 40:90] = [220, 30, 0] if rng.random() < 0.5 else [0, 30, 220]
    with pytest.raises(UnsupportedImageError, match="colour Doppler"):
        read(write_video(flow))


def test_truncated_and_fake_videos(write_video, sector, tmp_path):
    path = write_video(sector(30))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFileError, match="truncated"):
        read(path)
    path.write_text("not a video at all")
    with pytest.raises(UnreadableFileError):
        read(path)


def test_a_blank_video_is_refused(write_video, frames):
    with pytest.raises(InvalidPixelsError, match="same value"):
        read(write_video(np.zeros_like(frames)))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_picture_is_a_cine_of_one_frame(tmp_path, frames, name, mode):
    Image.fromarray(frames[0]).convert(mode).save(tmp_path / name)
    sequence = read(tmp_path / name)
    assert sequence.frames.shape == (1, 96, 128)
    assert sequence.spacing is None
    assert sequence.times is None
    if not name.endswith("jpg"):
        np.testing.assert_array_equal(sequence.frames[0], frames[0])


def test_broken_pictures(tmp_path, frames):
    path = tmp_path / "a.png"
    Image.fromarray(frames[0]).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFileError, match="truncated"):
        read(path)
    path.write_text("hello")
    with pytest.raises(UnreadableFileError, match="not a PNG"):
        read(path)
