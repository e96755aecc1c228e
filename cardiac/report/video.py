"""The cine with its outlines, as an MP4 that plays in any browser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from cardiac.errors import OutputError
from cardiac.geometry import FloatArray, Mask
from cardiac.io.files import replacing
from cardiac.report.canvas import Canvas
from cardiac.report.display import Display, check_masks
from cardiac.sequence import EchoSequence

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

DEFAULT_RATE = 25.0
"""Frames/s where the file has no times."""
STILL_RATE = 1.0
"""Frames/s of the few stills of a file without times, which are no cine (an ED and ES pair)."""

ENCODERS: dict[str, dict[str, str]] = {
    "libopenh264": {"rc_mode": "quality", "qmin": "18", "qmax": "28"},
    "libx264": {"preset": "ultrafast", "crf": "23"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "24", "b": "0"},
}
"""Encoders by preference, with options: H.264 first since it plays everywhere, and there the
permissively licensed one if the installed PyAV has it; VP9 where there is no H.264."""

_TICKS = 90_000
_STILLS = 4


def write_video(
    path: str | Path,
    sequence: EchoSequence,
    masks: Mask,
    *,
    uncertainty: FloatArray | None = None,
) -> None:
    """Write the cine with thin coloured outlines, in real time where the times are known.

    Frames are drawn and encoded one by one, so memory does not grow with their number. Without
    frame times the rate is 25 frames/s (1 for up to four stills), which the picture's
    footer and the file's comment say.

    Args:
        path: Where to write; an existing file is replaced only by a whole one.
        sequence: T frames of (H, W).
        masks: (T, H, W) label maps on the frames' grid.
        uncertainty: (T, H, W) from 0 to 1, drawn as a purple tint, or None.

    Raises:
        GeometryError: Masks or uncertainty do not fit the frames.
        OutputError: The file cannot be written, or PyAV has no usable encoder.
    """
    check_masks(sequence, masks)
    if uncertainty is not None:
        check_masks(sequence, uncertainty)
    import av

    ticks, pace = _schedule(sequence)
    canvas = Canvas(Display.of(sequence), f"Not for clinical use · {pace}", uncertainty is not None)
    with replacing(path) as temporary:
        try:
            options = {"movflags": "+faststart", "fflags": "+bitexact"}
            with av.open(str(temporary), "w", format="mp4", options=options) as container:
                container.metadata["title"] = Path(path).stem
                container.metadata["comment"] = f"Not for clinical use. {pace}."
                stream = _stream(container, canvas.size, ticks)
                _encode(container, stream, _drawn(canvas, sequence, masks, uncertainty), ticks)
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            raise OutputError(f"the video cannot be encoded: {error}.", path=path) from error


def _schedule(sequence: EchoSequence) -> tuple[list[int], str]:
    """Start of every frame and the end of the last in ticks, and the pace in words."""
    count = len(sequence)
    if count == 1:
        return [0, _TICKS], "single frame"
    if sequence.times is not None and sequence.frame_interval_s is not None:
        starts = np.append(sequence.times, sequence.times[-1] + sequence.frame_interval_s)
        ticks = np.round((starts - starts[0]) * _TICKS).astype(int)
        ticks = np.maximum.accumulate(ticks - np.arange(count + 1)) + np.arange(count + 1)
        return ticks.tolist(), f"real time, {1 / sequence.frame_interval_s:.3g} frames/s"
    rate = STILL_RATE if count <= _STILLS else DEFAULT_RATE
    starts = np.round(np.arange(count + 1) * _TICKS / rate).astype(int)
    return starts.tolist(), f"frame times unknown, shown at {rate:g} frame{'s' * (rate > 1)}/s"


def _stream(container: OutputContainer, size: tuple[int, int], ticks: list[int]) -> VideoStream:
    from av.video.reformatter import ColorRange, Colorspace

    encoder = _encoder()
    if encoder is None:
        raise OutputError(
            "no video encoder is at hand.",
            path=container.name,
            hint="Install PyAV from its wheels.",
        )
    rate = Fraction(_TICKS * (len(ticks) - 1), ticks[-1]).limit_denominator(1000)
    options = dict(ENCODERS[encoder])
    stream = cast("VideoStream", container.add_stream(encoder, rate=rate, options=options))
    stream.height, stream.width = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, _TICKS)
    context.color_range = ColorRange.MPEG
    context.colorspace = Colorspace.SMPTE170M
    # One thread: no frames held back, the same bytes on every machine, the cores left alone.
    context.thread_count = 1
    context.gop_size = 50
    return stream


@cache
def _encoder() -> str | None:
    """The first encoder that is there and opens (a listed one can lack its library)."""
    import av
    from av.video.codeccontext import VideoCodecContext

    for name in ENCODERS:
        if name not in av.codecs_available:
            continue
        context = cast("VideoCodecContext", VideoCodecContext.create(name, "w"))
        context.width, context.height, context.pix_fmt = 64, 64, "yuv420p"
        context.time_base = Fraction(1, 25)
        with suppress(av.error.FFmpegError):
            context.open()
            return name
    return None


def _encode(
    container: OutputContainer,
    stream: VideoStream,
    frames: Iterable[VideoFrame],
    ticks: list[int],
) -> None:
    lengths = dict(zip(ticks, np.diff(ticks).tolist(), strict=False))
    for frame, start in zip(_ahead(frames), ticks, strict=False):
        frame.pts, frame.time_base = start, Fraction(1, _TICKS)
        _mux(container, stream.encode(frame), lengths)
    _mux(container, stream.encode(None), lengths)


def _ahead(frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    """The same frames, the next one drawn while the last is encoded."""
    source = iter(frames)
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, source, None)
        while (frame := coming.result()) is not None:
            coming = worker.submit(next, source, None)
            yield frame


def _mux(
    container: OutputContainer, packets: list[Packet[VideoStream]], lengths: dict[int, int]
) -> None:
    for packet in packets:
        if packet.pts is not None:
            packet.duration = lengths[packet.pts]
        container.mux(packet)


def _drawn(
    canvas: Canvas, sequence: EchoSequence, masks: Mask, uncertainty: FloatArray | None
) -> Iterator[VideoFrame]:
    for t, (frame, mask) in enumerate(zip(sequence.frames, masks, strict=True)):
        yield canvas.draw(frame, mask, None if uncertainty is None else uncertainty[t])
