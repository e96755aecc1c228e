"""Thin, smooth, anti-aliased outlines of the structures of a label map.

A mask's border is a staircase. Its indicator is blurred by one and a half pixels and read as the
distance to the border (for a straight border under a Gaussian blur, the distance is the
normal quantile of the blurred indicator), so that a line of constant width can be drawn at
any magnification. Only the pixels near a border are visited, which makes it cheap enough
to draw every frame of a cine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.overlap import REGIONS
from cardiac.geometry import FloatArray, Mask
from cardiac.labels import Label

Indices: TypeAlias = npt.NDArray[np.int32]

CONTOURS: tuple[tuple[Label, tuple[Label, ...], str], ...] = (
    (Label.MYOCARDIUM, REGIONS["epicardium"], "epicardium"),
    (Label.LA, (Label.LA,), Label.LA.title),
    (Label.LV, (Label.LV,), Label.LV.title),
)
"""What is outlined, later ones on top: whose colour, which labels together, the name to show."""

LINE_WIDTH = 2.0
"""Width of a line in display pixels."""

_REACH = 4
"""Pixels that both blurs reach on each side."""
_BLUR_SIGMA = 1.5
"""Two binomial blurs of variance 1 and a quadratic B-spline of variance 1/4, in pixels."""
_LEVELS = 4096


@dataclass(frozen=True, slots=True)
class Stroke:
    """One outline as the display pixels it covers.

    Attributes:
        label: Structure whose colour it has.
        rows, columns: (n,) display pixels, in the (H · scale, W · scale) image.
        alpha: (n,) share of each pixel that the line covers, above 0 and up to 1.
    """

    label: Label
    rows: Indices
    columns: Indices
    alpha: FloatArray


def outline(mask: Mask, scale: int = 1, width: float = LINE_WIDTH) -> tuple[Stroke, ...]:
    """Outline epicardium, LA and LV of a mask, drawn ``scale`` times larger.

    A line lies just inside its structure, so that the two lines along a shared border (LV and
    LA at the mitral plane) stay side by side. Parts of fewer than about 4×4 pixels
    vanish in the blur.

    Args:
        mask: (H, W) label map, CAMUS numbers.
        scale: Display pixels per pixel of the mask, a whole number of at least 1.
        width: Width of the lines in display pixels.

    Returns:
        One stroke per structure that is present, in drawing order.
    """
    strokes = (_stroke(mask, label, parts, scale, width) for label, parts, _ in CONTOURS)
    return tuple(stroke for stroke in strokes if stroke is not None)


def paint(image: npt.NDArray[np.uint8], strokes: tuple[Stroke, ...]) -> None:
    """Draw strokes on an RGB image in place.

    Args:
        image: (H, W, 3) uint8, at the scale the strokes were made for.
        strokes: From ``outline``.
    """
    for stroke in strokes:
        color = np.array(stroke.label.color, np.float32)
        under = image[stroke.rows, stroke.columns]
        blended = under + stroke.alpha[:, None] * (color - under)
        image[stroke.rows, stroke.columns] = (blended + 0.5).astype(np.uint8)


def _stroke(
    mask: Mask, label: Label, parts: tuple[Label, ...], scale: int, width: float
) -> Stroke | None:
    inside = mask == parts[0]
    for other in parts[1:]:
        inside |= mask == other
    box = _bounds(inside)
    if box is None:
        return None
    smooth = _blurred(inside[box])
    low, high, table = _line(scale, width)
    near = np.flatnonzero((smooth[1:-1, 1:-1] >= low) & (smooth[1:-1, 1:-1] <= high))
    rows, columns = np.divmod(near.astype(np.int32), np.int32(smooth.shape[1] - 2))
    first = rows * np.int32(smooth.shape[1]) + columns
    neighbours = np.add.outer(np.arange(3) * smooth.shape[1], np.arange(3)).ravel()
    patches = smooth.ravel().take(first[:, None] + neighbours.astype(np.int32))
    level = patches @ _splines(scale)
    alpha = table.take((level * _LEVELS + 0.5).astype(np.int32))

    rows += np.int32(box[0].start - _REACH)
    columns += np.int32(box[1].start - _REACH)
    drawn = alpha > 1 / 64
    within = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    drawn &= within[:, None]
    if not drawn.any():
        return None
    pixel, part = np.divmod(np.flatnonzero(drawn).astype(np.int32), np.int32(scale * scale))
    down, right = np.divmod(np.arange(scale * scale, dtype=np.int32), np.int32(scale))
    return Stroke(
        label,
        (rows * np.int32(scale)).take(pixel) + down.take(part),
        (columns * np.int32(scale)).take(pixel) + right.take(part),
        alpha[drawn],
    )


def _bounds(inside: npt.NDArray[np.bool_]) -> tuple[slice, slice] | None:
    rows = np.flatnonzero(inside.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(inside[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _blurred(inside: npt.NDArray[np.bool_]) -> FloatArray:
    """Blur (h, w) to (h + 10, w + 10): room for the blur, and a pixel for the spline."""
    a = np.zeros((inside.shape[0] + 18, inside.shape[1] + 18), np.uint16)
    a[9:-9, 9:-9] = inside
    for _ in range(2):
        a = a[:-4] + a[4:] + 4 * (a[1:-3] + a[3:-1]) + 6 * a[2:-2]
    b = a.astype(np.float32)
    for _ in range(2):
        b = b[:, :-4] + b[:, 4:] + 4 * (b[:, 1:-3] + b[:, 3:-1]) + 6 * b[:, 2:-2]
    return b * np.float32(1 / 65536)


@lru_cache(maxsize=16)
def _splines(scale: int) -> FloatArray:
    """Weights (9, scale²) of a pixel's 3×3 neighbours at the display pixels inside it."""
    x = (np.arange(scale) + 0.5) / scale - 0.5
    axis = np.stack([(0.5 - x) ** 2 / 2, 0.75 - x**2, (0.5 + x) ** 2 / 2])
    both = np.einsum("ip,jq->ijpq", axis, axis)
    return np.asarray(both.reshape(9, scale * scale), dtype=np.float32)


@lru_cache(maxsize=16)
def _line(scale: int, width: float) -> tuple[float, float, FloatArray]:
    """Levels of the blurred indicator a line can touch, and its opacity at every level."""
    normal = NormalDist(0, _BLUR_SIGMA * scale)
    levels = np.arange(_LEVELS + 1) / _LEVELS
    depth = np.array([normal.inv_cdf(min(max(v, 1e-6), 1 - 1e-6)) for v in levels])
    alpha = np.clip(width / 2 + 0.5 - np.abs(depth - width / 2), 0, 1)
    # Half a pixel's diagonal more on each side, for a pixel that is judged by its centre.
    margin = 0.75 * scale
    return (
        normal.cdf(-0.5 - margin),
        normal.cdf(width + 0.5 + margin),
        np.asarray(alpha, dtype=np.float32),
    )


def names() -> Iterator[tuple[Label, str]]:
    """Colour and name of every outline, from the innermost outwards, for a legend."""
    order = (Label.LV, Label.MYOCARDIUM, Label.LA)
    by_label = {label: name for label, _, name in CONTOURS}
    return ((label, by_label[label]) for label in order)
