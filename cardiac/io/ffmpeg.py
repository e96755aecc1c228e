"""Frames out of FFmpeg: of video files, of video streams in DICOM, and of single coded images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnreadableFileError, UnsupportedImageError
from cardiac.io.color import ColorSampler
from cardiac.io.orientation import UPRIGHT, Turn, turn_of
from cardiac.io.pixels import MAX_SIDE, check_size, decoding

_LOST_SHARE = 0.02
_TRUSTED_BYTES = 256 * 2**20
"""Memory that is asked for on the word of a header; beyond it grows with the frames."""
_OPTIONS = {
    # A playlist under the name of a video must not lead to other files or to the network.
    "protocol_whitelist": "file",
    "format_whitelist": "avi,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2",
}
_STREAM_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,mpegts,mpeg,mpegvideo,h264,hevc,m4v"
}


@dataclass(slots=True)
class Decoded:
    """A decoded video.

    Attributes:
        frames: (T, H, W) luma.
        stamps: Presentation time of every frame in s, or None.
        rate: Mean frames per second as the container tells it, or None.
        sampler: A few of the frames in colour.
        pixel_aspect: Width of a pixel over its height; 1 where nothing tells.
        turn: How a player turns the picture.
    """

    frames: npt.NDArray[np.uint8]
    stamps: list[float | None]
    rate: float | None
    sampler: ColorSampler
    pixel_aspect: float = 1.0
    turn: Turn = UPRIGHT


def decode_video(path: Path, stream: BinaryIO | None = None) -> Decoded:
    """Decode the first video stream of a file, or of a stream that lies within it.

    Raises:
        UnreadableFileError: Truncated, not a video.
        UnsupportedImageError: No video stream.
        InvalidPixelsError: Mixed frame sizes, absurd size.
    """
    import av

    sampler = ColorSampler()
    stamps: list[float | None] = []
    frames = np.empty((0, 0, 0), dtype=np.uint8)
    source: Any = str(path) if stream is None else stream
    options = _OPTIONS if stream is None else _STREAM_OPTIONS
    with decoding(path, "video"), av.open(source, options=options) as container:
        if not container.streams.video:
            raise UnsupportedImageError(
                "holds no video stream.", path=path, hint="Give a video of the cine."
            )
        video = container.streams.video[0]
        declared = int(video.frames or 0)
        check_size((max(1, declared), max(1, video.height), max(1, video.width)), 1, path)
        turn = Turn()
        for frame in container.decode(video):
            done = len(stamps)
            frames = _room(frames, done, (frame.height, frame.width), declared, path)
            frames[done] = _grey(frame, sampler)
            stamps.append(frame.time)
            if done == 0:
                turn = _turn(frame)
        rate = float(video.average_rate) if video.average_rate else None
        aspect = float(video.sample_aspect_ratio or video.codec_context.sample_aspect_ratio or 1)
    lost = declared - len(stamps)
    if not stamps or lost > 1 + _LOST_SHARE * declared:
        raise UnreadableFileError(
            f"holds {len(stamps)} of {declared or 'an unknown number of'} frames: "
            "it is truncated or damaged.",
            path=path,
            hint="Export or copy the video again.",
        )
    return Decoded(frames[: len(stamps)], stamps, rate, sampler, aspect or 1.0, turn)


def decode_images(coded: Iterable[bytes], codec: str) -> Iterator[npt.NDArray[Any]]:
    """Decode single images, each a whole code stream, as (H, W) or (H, W, 3) as stored.

    Args:
        coded: The images.
        codec: FFmpeg's name of their code: mjpeg (lossless JPEG as well) or jpegls.

    Raises:
        ValueError: One of them cannot be decoded.
    """
    import av

    for data in coded:
        context: Any = av.CodecContext.create(codec, "r")
        # A frame takes no more memory than a picture may have, whatever its own header says.
        context.options = {"max_pixels": str(MAX_SIDE**2)}
        found = context.decode(av.Packet(data)) or context.decode(None)
        if len(found) != 1 or found[0].format.name not in ("gray", "bgr24", "rgb24"):
            raise ValueError(f"FFmpeg finds no 8-bit image in a frame coded as {codec}")
        # FFmpeg calls a lossless JPEG of three components bgr24 and leaves them as they are.
        yield np.asarray(found[0].to_ndarray())


def _room(
    frames: npt.NDArray[np.uint8], done: int, shape: tuple[int, int], declared: int, path: Path
) -> npt.NDArray[np.uint8]:
    """The array with room for one frame more; it grows in place, to hold the cine only once."""
    if done and shape != frames.shape[1:]:
        raise InvalidPixelsError(
            f"mixes frames of {frames.shape[1]} × {frames.shape[2]} "
            f"and {shape[0]} × {shape[1]} pixels.",
            path=path,
            hint="Cut the video where its size changes.",
        )
    check_size((done + 1, *shape), 1, path)
    if done == len(frames):
        trusted = min(declared, _TRUSTED_BYTES // (shape[0] * shape[1]))
        frames.resize((max(2 * done, trusted, 32), *shape), refcheck=False)
    return frames


def _grey(frame: Any, sampler: ColorSampler) -> npt.NDArray[np.uint8]:
    if frame.format.name == "gray":
        return np.asarray(frame.to_ndarray(), dtype=np.uint8)
    return sampler.add(frame.to_ndarray(format="rgb24"))


def _turn(frame: Any) -> Turn:
    from av.sidedata.sidedata import Type

    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None or len(bytes(matrix)) < 20:
        return Turn()
    a, b, _, c, d = (float(n) for n in np.frombuffer(bytes(matrix), dtype="=i4", count=5))
    return turn_of(np.array([[a, c], [b, d]]))
