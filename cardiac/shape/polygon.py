"""Closed polygons as arrays of corners: area, centre, and the pixels inside."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.frame import Array, BoolArray


def mixed_area(x: Array, y: Array) -> Array:
    """½ Σ x_i (y_{i+1} − y_{i−1}) over corners (..., n): the signed area of polygons (x, y).

    It is linear in x and in y, so that the area of a sum of polygons can be expanded.
    """
    around = np.roll(y, -1, axis=-1) - np.roll(y, 1, axis=-1)
    return np.asarray(0.5 * (x * around).sum(axis=-1))


def centre(x: Array, y: Array) -> tuple[Array, Array]:
    """Centre of mass (..., x) and (..., y) of polygons with corners (..., n)."""
    x2, y2 = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    cross = x * y2 - x2 * y
    total = 3 * cross.sum(axis=-1)
    return ((x + x2) * cross).sum(axis=-1) / total, ((y + y2) * cross).sum(axis=-1) / total


def fill(corners: Array, shape: tuple[int, int]) -> BoolArray:
    """Pixels (H, W) whose centre a polygon winds around.

    Args:
        corners: (n, 2) as (row, column); whole numbers are pixel centres.
        shape: (H, W).

    A polygon that crosses itself leaves no hole where it winds twice.
    """
    height, width = shape
    start, stop = corners, np.roll(corners, -1, axis=0)
    low = np.ceil(np.minimum(start[:, 0], stop[:, 0])).astype(int)
    high = np.ceil(np.maximum(start[:, 0], stop[:, 0])).astype(int)
    count = np.clip(high, 0, height) - np.clip(low, 0, height)
    edge = np.repeat(np.arange(len(corners)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    row = np.clip(low, 0, height)[edge] + np.arange(len(edge)) - first
    down = stop[edge] - start[edge]
    column = start[edge, 1] + (row - start[edge, 0]) / down[:, 0] * down[:, 1]
    at = row * (width + 1) + np.clip(np.ceil(column), 0, width).astype(int)
    turns = np.bincount(at, np.sign(down[:, 0]), minlength=height * (width + 1))
    return np.asarray(np.cumsum(turns.reshape(height, width + 1), axis=1)[:, :-1] != 0)


def resample(points: Array, n: int) -> Array:
    """n points at equal distances along an open curve (m, 2)."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0, along[-1], n)
    return np.stack([np.interp(wanted, along, points[:, axis]) for axis in (0, 1)], axis=1)


def nearest(points: Array, place: npt.ArrayLike) -> int:
    """Index of the point (m, 2) nearest to a place (2,)."""
    return int(((points - np.asarray(place)) ** 2).sum(axis=1).argmin())
