"""Closed polygons as arrays of corners: area, centre, and the pixels inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.frame import Array, BoolArray


def mixed_area(x: Array, y: Array) -> Array:
    """½ Σ x_i (y_{i+1} − y_{i−1}) over corners (..., n): the signed area of polygons (x, y).

    It is linear in x and in y, so that the area of a sum of polygons can be expanded.
    """
    inner = (x[..., 1:-1] * (y[..., 2:] - y[..., :-2])).sum(axis=-1)
    ends = x[..., 0] * (y[..., 1] - y[..., -1]) + x[..., -1] * (y[..., 0] - y[..., -2])
    return np.asarray(0.5 * (inner + ends))


def centre(x: Array, y: Array) -> tuple[Array, Array]:
    """Centre of mass (..., x) and (..., y) of polygons with corners (..., n)."""
    x2, y2 = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    cross = x * y2 - x2 * y
    total = 3 * cross.sum(axis=-1)
    return ((x + x2) * cross).sum(axis=-1) / total, ((y + y2) * cross).sum(axis=-1) / total


def fill(polygons: Sequence[Array], shape: tuple[int, int]) -> BoolArray:
    """Pixels (n, H, W) whose centres each of n polygons winds around.

    Args:
        polygons: Corners (m, 2) as (row, column); whole numbers are pixel centres.
        shape: (H, W).

    A polygon that crosses itself leaves no hole where it winds twice.
    """
    height, width = shape
    start = np.concatenate(polygons)
    sizes = [len(corners) for corners in polygons]
    ends = np.cumsum(sizes)
    following = np.arange(1, len(start) + 1)
    following[ends - 1] = ends - sizes
    stop = start[following]
    plane = np.repeat(np.arange(len(polygons)), sizes)
    low = np.clip(np.ceil(np.minimum(start[:, 0], stop[:, 0])).astype(int), 0, height)
    high = np.clip(np.ceil(np.maximum(start[:, 0], stop[:, 0])).astype(int), 0, height)
    # One crossing for every row that a side passes.
    count = high - low
    side = np.repeat(np.arange(len(start)), count)
    row = np.arange(len(side)) + (low - np.cumsum(count) + count)[side]
    down = stop[side] - start[side]
    column = start[side, 1] + (row - start[side, 0]) / down[:, 0] * down[:, 1]
    column = np.clip(np.ceil(column), 0, width).astype(int)
    at = (plane[side] * height + row) * (width + 1) + column
    order = np.argsort(at, kind="stable")
    turns = np.cumsum(np.where(down[order, 0] > 0, 1, -1))
    # Runs of pixels from one crossing to the next; a row begins and ends outside.
    size = len(polygons) * height * (width + 1)
    lengths = np.diff(at[order], prepend=0, append=size)
    inside = np.repeat(np.concatenate([[False], turns != 0]), lengths)
    return np.asarray(inside.reshape(len(polygons), height, width + 1)[:, :, :-1])


def resample(points: Array, n: int) -> Array:
    """n points at equal distances along an open curve (m, 2)."""
    down, right = (points[1:] - points[:-1]).T
    along = np.zeros(len(points))
    np.cumsum(np.sqrt(down * down + right * right), out=along[1:])
    wanted = np.arange(n) * (along[-1] / (n - 1))
    wanted[-1] = along[-1]
    even = np.empty((n, 2))
    for axis in (0, 1):
        even[:, axis] = np.interp(wanted, along, points[:, axis])
    return even


def nearest(points: Array, place: npt.ArrayLike) -> int:
    """Index of the point (m, 2) nearest to a place (2,)."""
    down, right = (points - np.asarray(place)).T
    return int((down * down + right * right).argmin())
