"""Guards and conversions every format shares: sizes, broken files, grey levels."""

from __future__ import annotations

import logging
import math
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import CardiacError, InvalidPixelsError, UnreadableFileError
from cardiac.geometry import Spacing
from cardiac.plausible_ranges import calibration_fault

MAX_BYTES = 4 * 2**30
MAX_FRAMES = 20_000
MAX_SIDE = 8192
MAX_FILE_BYTES = 8 * 2**30
_TALKATIVE = ("pydicom", "pydicom.pixels.decoders.base", "nibabel.global", "PIL", "libav")
"""Loggers of decoders: what they say is told with the file, or not at all."""
_MAX_MESSAGE = 4000
"""Characters of a decoder's message; none that means something is longer."""
_ENDS_EARLY = re.compile(
    r"truncat|premature|incomplete|end[- ]of[- ](file|stream|input)|\bEOF\b|too short|short read"
    r"|not read completely|not enough (data|bytes)|expected \d+ bytes|\d+ bytes (missing|required)",
    re.IGNORECASE,
)


@contextmanager
def decoding(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a foreign decoder raises on a broken file into one clear error.

    Decoders fail in as many ways as files can be broken (struct.error, zlib.error, EOFError,
    MemoryError ...), so this is the one place that catches them all.

    Args:
        path: File being read.
        what: What the file was taken for ("NIfTI file").

    Raises:
        UnreadableFileError: In place of any foreign exception.
    """
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    disabled = [logger.disabled for logger in loggers]
    try:
        for logger in loggers:
            logger.disabled = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except CardiacError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:_MAX_MESSAGE] or type(error).__name__
        if isinstance(error, EOFError) or _ENDS_EARLY.search(said):
            raise UnreadableFileError(
                f"cannot be read as a {what}: it ends early, so it is truncated ({said}).",
                path=path,
                hint="Export or copy the file again.",
            ) from error
        raise UnreadableFileError(
            f"cannot be read as a {what}: it is damaged, or of a kind that is not read ({said}).",
            path=path,
            hint="Check that it is what its name says, or export it again in another format.",
        ) from error
    finally:
        for logger, before in zip(loggers, disabled, strict=True):
            logger.disabled = before


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what a library writes straight to the console, and tell it with the error instead.

    A library in C++ writes past ``sys.stderr``, so the descriptors are turned away.
    """
    with tempfile.TemporaryFile() as heard:
        kept = {stream: os.dup(stream) for stream in (1, 2)}
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            for stream in kept:
                os.dup2(heard.fileno(), stream)
            yield
        except RuntimeError as error:
            heard.seek(0)
            said = heard.read(_MAX_MESSAGE).decode("utf-8", "replace")
            raise RuntimeError(f"{error} {said}") from error
        finally:
            for stream, copy in kept.items():
                os.dup2(copy, stream)
                os.close(copy)


def check_file(path: Path) -> None:
    """Refuse a missing, empty, absurdly large or inaccessible file, and a pipe or device.

    Raises:
        UnreadableFileError, InvalidPixelsError: With the reason.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise UnreadableFileError(
            "there is no such file.", path=path, hint="Check the path."
        ) from None
    except (OSError, ValueError) as error:
        raise UnreadableFileError(
            f"cannot be opened ({error}).", path=path, hint="Check the path and its permissions."
        ) from error
    if not path.is_file() and not path.is_dir():
        raise UnreadableFileError("is a pipe or a device, not a file.", path=path)
    if size > MAX_FILE_BYTES:
        raise InvalidPixelsError(
            f"has {size / 2**30:.0f} GiB, more than an echo cine has.",
            path=path,
            hint=f"At most {MAX_FILE_BYTES / 2**30:.0f} GiB are read.",
        )
    if path.is_file() and size == 0:
        raise UnreadableFileError(
            "the file is empty.", path=path, hint="Export or copy the file again."
        )


def check_size(shape: Sequence[int], itemsize: int, path: Path) -> int:
    """Refuse absurd sizes before any memory is asked for.

    Args:
        shape: (T, H, W) as declared by the file.
        itemsize: Bytes of one pixel, all channels.
        path: File being read.

    Returns:
        Number of bytes of the whole array.

    Raises:
        InvalidPixelsError: No pixels, more than 20,000 frames, 8,192 pixels a side or 4 GiB.
    """
    frames, height, width = (int(n) for n in shape)
    if min(frames, height, width) < 1:
        raise InvalidPixelsError(
            f"holds no image ({frames} frames of {height} × {width} pixels).",
            path=path,
            hint="Export the cine again.",
        )
    if frames > MAX_FRAMES or max(height, width) > MAX_SIDE:
        raise InvalidPixelsError(
            f"declares {frames} frames of {height} × {width} pixels, more than an echo cine has.",
            path=path,
            hint=f"At most {MAX_FRAMES} frames of {MAX_SIDE} × {MAX_SIDE} pixels are read.",
        )
    size = math.prod((frames, height, width, itemsize))
    if size > MAX_BYTES:
        raise InvalidPixelsError(
            f"would take {size / 2**30:.1f} GiB of memory.",
            path=path,
            hint="Cut the cine into shorter ones.",
        )
    return size


def check_length(path: Path, present: int, needed: int) -> None:
    """Refuse a file that is shorter than its header says, before memory is asked for.

    Args:
        path: File being read.
        present: Bytes that it has, or can unpack to.
        needed: Bytes that its header tells of.

    Raises:
        UnreadableFileError: It is truncated.
    """
    if needed > present:
        raise UnreadableFileError(
            f"is shorter than its header says ({present} of {needed} bytes): it is truncated.",
            path=path,
            hint="Export or copy the file again.",
        )


def check_not_constant(frames: npt.NDArray[Any], path: Path) -> None:
    """Refuse a cine in which every pixel has the same value.

    Raises:
        InvalidPixelsError: There is nothing to see.
    """
    if frames.size and frames.min() == frames.max():
        raise InvalidPixelsError(
            f"every pixel has the same value ({frames.flat[0]:g}).",
            path=path,
            hint="Export the cine again; this one is blank.",
        )


def believed(
    spacing: Spacing | None, rows: int, age_years: float | None = None, *, stated: bool = False
) -> tuple[Spacing | None, tuple[str, ...]]:
    """A pixel size that can be that of an echo, else None, and a note that says why.

    Args:
        spacing: (row, column) in mm, or None.
        rows: Height of the imaged sector in pixels.
        age_years: Of the patient, if known.
        stated: Whether a person gave it.
    """
    fault = None if spacing is None else calibration_fault(spacing, rows, age_years, stated=stated)
    if fault is None:
        return spacing, ()
    return None, (f"no pixel size: the one given is not believed ({fault})",)


def to_uint8(values: npt.NDArray[Any], path: Path) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Grey levels of any type as uint8.

    Values within 0 to 255 are kept (rounded); floats within 0 to 1 are multiplied by 255;
    everything else is scaled linearly by the cine's own range, and a note says so.

    Args:
        values: (T, H, W) real numbers.
        path: File being read, for the error.

    Returns:
        (T, H, W) uint8, and the notes.

    Raises:
        InvalidPixelsError: NaN, infinite or constant pixels, or not numbers.
    """
    if values.dtype.kind not in "buif":
        raise InvalidPixelsError(
            f"the pixels are of type {values.dtype}, not grey levels.",
            path=path,
            hint="Convert the image to greyscale.",
        )
    if values.dtype.kind == "f" and not all(bool(np.isfinite(frame).all()) for frame in values):
        raise InvalidPixelsError(
            "some pixels are NaN or infinite.", path=path, hint="Export the cine again."
        )
    check_not_constant(values, path)
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values, dtype=np.uint8), ()
    low, high = float(values.min()), float(values.max())
    note: tuple[str, ...] = ()
    if low >= 0 and high <= 255 and (values.dtype.kind in "ui" or high > 1):
        low, scale = 0.0, 1.0
    elif low >= 0 and high <= 1:
        low, scale = 0.0, 255.0
        note = ("grey levels from 0 to 1 were multiplied by 255",)
    else:
        scale = 255.0 / (high - low)
        note = (f"grey levels from {low:g} to {high:g} were scaled to 0 to 255",)
    frames = np.empty(values.shape, dtype=np.uint8)
    for source, target in zip(values, frames, strict=True):
        target[...] = np.rint((source.astype(np.float64) - low) * scale)
    return frames, note
