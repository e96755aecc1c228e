"""What in a picture looks like an echo, and what like background, on a small copy of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from cardiac.geometry import Region

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_SIDE = 288
"""Longer side of the small copy."""
_SAMPLES = 24
"""Frames of a cine that are looked at."""
_MIN_FRAMES = 4
_MIN_AREA = 0.02
"""Least part of a picture that an echo covers."""
_LIT = 3.0
"""Grey levels above the background that count as lit, at least."""
_STRONG, _STRONGEST = 0.2, 14.0
"""Part of the usual level of what is lit, and levels, beyond which it is no fringe of JPEG."""
_FAINT, _FAINT_MOVING, _DARK = 0.15, 0.4, 0.35
"""Weights of a pixel that is lit but no solid echo, in a still and in a cine, and of one of
background, which is subtracted; echo weighs 1."""
_WINDOWS = 14
"""Windows along the shorter side in which lit pixels are counted."""
_DENSE = 0.92
"""Part of a window that echo fills at least; lines of text fill about half of one."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is seen on a small copy (h, w) of a picture.

    Attributes:
        echo: The largest solid thing that moves (cine) or is lit and textured (still).
        lit: Pixels that differ from the background.
        weights: How much each pixel speaks for lying in the sector, float32.
        box: Bounding box of ``echo``.
        factor: Size of the copy against the picture.
        moving: Whether ``echo`` was told from what moves.
        level: Its largest grey levels over time.
        different: (H, W) of the picture itself: how much its levels change over time, or differ
            from the background in a still.
        counted: (H, W) of the picture itself: 255 where that is beyond noise, else 0.
    """

    echo: Bools
    lit: Bools
    weights: Floats
    box: Region
    factor: float
    moving: bool
    level: Bytes
    different: Bytes
    counted: Bytes

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w) of the copy."""
        return int(self.echo.shape[0]), int(self.echo.shape[1])


def gather(frames: Bytes) -> Evidence | None:
    """Look at frames (T, H, W); None where nothing solid is seen."""
    height, width = frames.shape[1:]
    factor = min(1.0, _SIDE / max(height, width))
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    count = min(len(frames), _SAMPLES)
    picked = frames[np.unique(np.linspace(0, len(frames) - 1, count).astype(int))]
    low = high = picked[0]
    for frame in picked[1:]:
        low, high = np.asarray(cv2.min(low, frame)), np.asarray(cv2.max(high, frame))
    if len(picked) >= _MIN_FRAMES:
        found = _seen_moving(high - low, high, size, factor)
        if found is not None:
            return found
    return _seen_still(high, size, factor)


def _seen_moving(
    change: Bytes, bright: Bytes, size: tuple[int, int], factor: float
) -> Evidence | None:
    """From the range (H, W) of grey levels over a cine; None where too little moves."""
    small = cv2.resize(change, size, interpolation=cv2.INTER_AREA)
    # A tenth of a screen is background: what flickers there is compression.
    limit = float(np.clip(1.5 * np.percentile(small, 10), 1, 6))
    lit, counted = _counted(change, limit, size)
    strong, _ = _counted(change, _strong_limit(small, lit, limit), size)
    echo = _largest(strong)
    if echo is None:
        return None
    weights = _weights(echo, lit, _FAINT_MOVING)
    level = cv2.resize(bright, size, interpolation=cv2.INTER_AREA)
    return Evidence(echo, lit, weights, _box(echo), factor, True, level, change, counted)


def _seen_still(bright: Bytes, size: tuple[int, int], factor: float) -> Evidence | None:
    """From the grey levels (H, W) of one picture, or the largest of a cine that stands still."""
    small = cv2.resize(bright, size, interpolation=cv2.INTER_AREA)
    different, limit = _difference(bright, small)
    lit, _ = _counted(different, limit, size)
    level = cv2.resize(different, size, interpolation=cv2.INTER_AREA)
    strong, counted = _counted(different, _strong_limit(level, lit, limit), size)
    echo = _largest(strong & _textured(small))
    if echo is None:
        return None
    weights = _weights(echo, lit, _FAINT)
    dark = ~lit
    if dark.any() and (level[dark] == 0).mean() > 0.5:
        # What is just not black may be the fringe of a letter, or an echo that the gain loses.
        weights[dark & (level > 0)] = 0
    return Evidence(echo, lit, weights, _box(echo), factor, False, small, different, counted)


def _strong_limit(level: Bytes, lit: Bools, limit: float) -> float:
    """Level beyond which something is no fringe of compression."""
    usual = float(np.median(level[lit])) if lit.any() else 0.0
    return max(limit, min(_STRONGEST, _STRONG * usual))


def _weights(echo: Bools, lit: Bools, faint: float) -> Floats:
    weights = np.where(lit, np.float32(faint), np.float32(-_DARK))
    weights[echo] = 1
    return weights


def _box(echo: Bools) -> Region:
    rows, columns = (np.flatnonzero(echo.sum(axis=axis) >= 2) for axis in (1, 0))
    return Region(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def closed(pixels: Bools, radius: int) -> Bools:
    """Morphological closing; what lies at the border is not closed against it."""
    wide = cv2.copyMakeBorder(
        pixels.astype(np.uint8), radius, radius, radius, radius, cv2.BORDER_CONSTANT, value=0
    )
    changed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, square(radius))
    return np.asarray(changed[radius:-radius, radius:-radius], dtype=bool)


def square(radius: int) -> Bytes:
    """A full square of ones, ``radius`` to each side of its middle."""
    return np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)


def _textured(small: Bytes) -> Bools:
    """(h, w) pixels whose row varies around them: those of bars and buttons do not."""
    row = np.ones((1, 5), np.uint8)
    return np.asarray(cv2.dilate(small, row) - cv2.erode(small, row) > 1)


def _difference(picture: Bytes, small: Bytes) -> tuple[Bytes, float]:
    """(H, W) distance of each level from the background, and the largest that is noise.

    The background may be grey or a gradient from row to row.
    """
    smooth = cv2.dilate(small, square(1)) - cv2.erode(small, square(1)) <= 3
    base = _row_medians(small, smooth)
    residual = np.abs(small - base[:, None])[smooth]
    noise = 1.48 * float(np.median(residual)) + float(residual.mean() > 0.5) if residual.size else 0
    wide = np.rint(cv2.resize(base[:, None], (1, len(picture)), interpolation=cv2.INTER_LINEAR))
    column = wide.astype(np.uint8).reshape(-1, 1)
    different = cv2.absdiff(picture, np.broadcast_to(column, picture.shape).copy())
    return np.asarray(different), max(_LIT, 4 * noise)


def _counted(different: Bytes, limit: float, size: tuple[int, int]) -> tuple[Bools, Bytes]:
    """Small map of what is beyond a limit, and (H, W) 255 where it is.

    Pixel by pixel, and made small only then, so that text keeps the gaps between its strokes.
    """
    _, counted = cv2.threshold(different, limit, 255, cv2.THRESH_BINARY)
    small = cv2.resize(counted, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small >= 128), np.asarray(counted)


def _row_medians(small: Bytes, smooth: Bools) -> Floats:
    """(h,) median of each row's smooth pixels; a row with few of them takes its neighbours'."""
    counts = smooth.sum(axis=1)
    ordered = np.sort(np.where(smooth, small, 255), axis=1)
    base = ordered[np.arange(len(small)), np.maximum(counts - 1, 0) // 2].astype(np.float32)
    known = np.flatnonzero(counts >= 0.08 * small.shape[1])
    if not known.size:
        return np.zeros_like(base)
    return np.asarray(np.interp(np.arange(len(base)), known, base[known]), dtype=np.float32)


def _largest(pixels: Bools) -> Bools | None:
    """(h, w) the largest solid thing, without what is thin; None where there is none."""
    side = min(pixels.shape)
    solid = _solid(pixels, max(5, round(side / _WINDOWS)))
    joined = closed(solid, max(1, side // 24)).astype(np.uint8)
    count, parts = cv2.connectedComponents(joined)
    sizes = np.bincount(parts[solid], minlength=count)
    sizes[0] = 0
    best = int(sizes.argmax())
    if sizes[best] < _MIN_AREA * pixels.size:
        return None
    return np.asarray(solid & (parts == best))


def _solid(pixels: Bools, side: int) -> Bools:
    """Pixels that some window of ``side`` pixels, mostly full, holds: an opening that forgives."""
    counted = cv2.boxFilter(
        pixels.astype(np.float32), -1, (side, side), borderType=cv2.BORDER_CONSTANT
    )
    full = cv2.dilate((counted >= _DENSE).astype(np.uint8), np.ones((side, side), np.uint8))
    return np.asarray(pixels & (full > 0))
