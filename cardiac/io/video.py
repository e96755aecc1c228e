"""Video files (AVI, MP4, MOV, MKV, GIF) through FFmpeg, with their own time stamps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnreadableFileError, UnsupportedImageError
from cardiac.io.color import ColorSampler, colored, refuse_flow
from cardiac.io.pixels import check_file, check_not_constant, check_size, decoding
from cardiac.io.region import sector_region
from cardiac.sequence import EchoSequence, Storage

_LOST_SHARE = 0.02
_TRUSTED_BYTES = 256 * 2**20
"""Memory that is asked for on the word of a header; beyond it grows with the frames."""
_OPTIONS = {
    # A playlist under the name of a video must not lead to other files or to the network.
    "protocol_whitelist": "file",
    "format_whitelist": "avi,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,gif",
}


def read(path: Path) -> EchoSequence:
    """Read a video as a grey cine without pixel size.

    Times are the presentation time stamps, which tell how the video plays; whether that is
    how it was acquired, a video cannot say, and a note reminds of it.

    Raises:
        UnreadableFileError: Missing, truncated, not a video.
        UnsupportedImageError: No video stream, or colour Doppler.
        InvalidPixelsError: Mixed frame sizes, blank, absurd size.
    """
    check_file(path)
    frames, stamps, rate, sampler = _decode(path)
    check_not_constant(frames, path)
    region = sector_region(frames)
    rows, columns = region.slices if region else (slice(None), slice(None))
    samples = sampler.frames
    if samples is not None:
        samples = samples[:, rows, columns]
        refuse_flow(samples, colored(samples), path)
    times, note = _times(stamps, rate)
    notes = ["no pixel size: a video has none", *note]
    if region is not None:
        notes.append("the ultrasound sector was found from the pixels")
    return EchoSequence(
        frames=frames,
        times=times,
        region=region,
        source=path,
        storage=Storage("xyt"),
        notes=tuple(notes),
    )


def _decode(
    path: Path,
) -> tuple[npt.NDArray[np.uint8], list[float | None], float | None, ColorSampler]:
    import av

    sampler = ColorSampler()
    stamps: list[float | None] = []
    frames = np.empty((0, 0, 0), dtype=np.uint8)
    with decoding(path, "video"), av.open(str(path), options=_OPTIONS) as container:
        if not container.streams.video:
            raise UnsupportedImageError(
                "holds no video stream.", path=path, hint="Give a video of the cine."
            )
        stream = container.streams.video[0]
        declared = int(stream.frames or 0)
        check_size((max(1, declared), max(1, stream.height), max(1, stream.width)), 1, path)
        for frame in container.decode(stream):
            done = len(stamps)
            frames = _room(frames, done, (frame.height, frame.width), declared, path)
            frames[done] = _grey(frame, sampler)
            stamps.append(frame.time)
        rate = float(stream.average_rate) if stream.average_rate else None
    lost = declared - len(stamps)
    if not stamps or lost > 1 + _LOST_SHARE * declared:
        raise UnreadableFileError(
            f"holds {len(stamps)} of {declared or 'an unknown number of'} frames; "
            "it is truncated or damaged.",
            path=path,
            hint="Export or copy the video again.",
        )
    return frames[: len(stamps)], stamps, rate, sampler


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


def _times(
    stamps: list[float | None], rate: float | None
) -> tuple[npt.NDArray[np.float64] | None, list[str]]:
    if len(stamps) < 2:
        return None, []
    known = [s for s in stamps if s is not None]
    if len(known) == len(stamps):
        times = np.asarray(known) - known[0]
        if (np.diff(times) > 0).all():
            return times, ["frame times from the video: playback may differ from acquisition"]
    if rate and 1 <= rate <= 2000:
        return np.arange(len(stamps)) / rate, [
            "frame times from the video's mean rate, its time stamps being unusable"
        ]
    return None, ["no frame times: the video's time stamps are unusable"]
