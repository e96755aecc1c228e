"""Outlines of label maps as polylines that a browser can draw at any size."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.outlines import contour_length, resample_curve
from cardiac.anatomy.overlap import REGIONS
from cardiac.geometry import FloatArray, Mask
from cardiac.labels import Label
from cardiac.report.display import Display

Paths: TypeAlias = list[list[int]]
"""Polylines as x, y in tenths of a pixel: the first point, then steps. Closed."""

STRUCTURES: tuple[tuple[str, str, Label, tuple[Label, ...]], ...] = (
    ("epi", "epicardium", Label.MYOCARDIUM, REGIONS["epicardium"]),
    ("la", Label.LA.title, Label.LA, (Label.LA,)),
    ("lv", Label.LV.title, Label.LV, (Label.LV,)),
)
"""Key, name, whose colour, and which labels together; later ones are drawn on top."""

_SHORT = 12.0
"""Perimeter in pixels up to which a polyline keeps all its points."""


def outlines(mask: Mask, display: Display, size: tuple[int, int], step: float) -> dict[str, Paths]:
    """Outlines of each structure of a mask, islands of single pixels included.

    Args:
        mask: (H, W) label map.
        display: How the sequence is laid out.
        size: (h, w) of the image that the lines are for.
        step: Distance of the points in its pixels.
    """
    part = mask[display.region.slices]
    found = {}
    for key, _, _, labels in STRUCTURES:
        inside = part == labels[0]
        for label in labels[1:]:
            inside |= part == label
        found[key] = _paths(inside, size, step)
    return found


def _paths(inside: npt.NDArray[np.bool_], size: tuple[int, int], step: float) -> Paths:
    from skimage.measure import find_contours

    level = _level(inside, size)
    rows = np.flatnonzero(level.any(axis=1))
    if not rows.size:
        return []
    columns = np.flatnonzero(level.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    crop = np.pad(level[top : rows[-1] + 1, left : columns[-1] + 1], 2)
    corner = np.array([top - 1.5, left - 1.5])  # centres of pixels lie at halves
    return [_packed(line + corner, step) for line in find_contours(_smooth(crop), 0.5)]


def _level(inside: npt.NDArray[np.bool_], size: tuple[int, int]) -> FloatArray:
    """Share (h, w) of each pixel of the image that lies inside."""
    if inside.shape == size:
        return inside.astype(np.float32)
    from PIL import Image

    plane = Image.fromarray(inside.view(np.uint8) * np.uint8(255))
    small = plane.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32) / np.float32(255)


def _smooth(level: FloatArray) -> FloatArray:
    """Rounded off, but for what is too small to survive that: islands and holes of a pixel."""
    soft = level
    for axis in (0, 1):
        before, after = np.roll(soft, 1, axis), np.roll(soft, -1, axis)
        soft = ((before + 2 * soft + after) / np.float32(4)).astype(np.float32)
    island = (level >= 0.5) & ~_near(soft >= 0.5)
    hole = (level < 0.5) & ~_near(soft < 0.5)
    return np.where(island, 0.9, np.where(hole, 0.1, soft)).astype(np.float32)


def _near(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    for axis in (0, 1):
        found = found | np.roll(found, 1, axis) | np.roll(found, -1, axis)
    return found


def _packed(line: npt.NDArray[np.float64], step: float) -> list[int]:
    """A closed line (n, 2) of row, column as steps of x, y."""
    length = contour_length(line)
    if length > _SHORT:
        line = resample_curve(line, max(8, round(length / step)) + 1)[:-1]
    tenths = np.rint(line[:, ::-1] * 10).astype(int)
    return np.concatenate([tenths[:1], np.diff(tenths, axis=0)]).ravel().tolist()
