"""Video files (AVI, MP4, MOV, MKV, WebM) through FFmpeg, with their own time stamps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiac.io.color import colored, refuse_flow
from cardiac.io.ffmpeg import decode_video
from cardiac.io.orientation import displayed
from cardiac.io.pixels import check_file, check_not_constant
from cardiac.io.region import sector_region
from cardiac.sequence import EchoSequence, Storage


def read(path: Path) -> EchoSequence:
    """Read a video as a grey cine without pixel size.

    It is read as a player shows it: turned by its display matrix, and with square pixels where
    the file tells of others. Times are the presentation time stamps, which tell how the video
    plays; whether that is how it was acquired, a video cannot say, and a note reminds of it.

    Raises:
        UnreadableFileError: Missing, truncated, not a video.
        UnsupportedImageError: No video stream, or colour Doppler.
        InvalidPixelsError: Mixed frame sizes, blank, absurd size.
    """
    check_file(path)
    video = decode_video(path)
    check_not_constant(video.frames, path)
    times, note = _times(video.stamps, video.rate)
    sequence = displayed(
        EchoSequence(
            frames=video.frames,
            times=times,
            source=path,
            storage=Storage("xyt"),
            notes=("no pixel size: a video has none", *note),
        ),
        video.turn,
        video.pixel_aspect,
    )
    region = sector_region(sequence.frames)
    if video.sampler.frames is not None:
        samples = video.sampler.frames
        # Colour is looked for where the sector lies; in a video that is turned, everywhere.
        if region is not None and samples.shape[1:3] == sequence.shape and not video.turn:
            samples = samples[:, region.slices[0], region.slices[1]]
        refuse_flow(samples, colored(samples), path)
    if region is None:
        return sequence
    note = (*sequence.notes, "the ultrasound sector was found from the pixels")
    return sequence.replace(region=region, notes=note)


def _times(
    stamps: list[float | None], rate: float | None
) -> tuple[npt.NDArray[np.float64] | None, tuple[str, ...]]:
    if len(stamps) < 2:
        return None, ()
    known = [s for s in stamps if s is not None]
    if len(known) == len(stamps):
        times = np.asarray(known) - known[0]
        if (np.diff(times) > 0).all():
            return times, ("frame times from the video: playback may differ from acquisition",)
    if rate and 1 <= rate <= 2000:
        return np.arange(len(stamps)) / rate, (
            "frame times from the video's mean rate, its time stamps being unusable",
        )
    return None, ("no frame times: the video's time stamps are unusable",)
