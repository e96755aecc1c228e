"""Outlines: border edges of a region, its closed outline between pixels, polygons and curves.

The closed outline has the points of `skimage.measure.find_contours` of the blurred region, several
times as fast: every mask of a cine is followed round three times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cardiac.anatomy.raster import bounding_box
from cardiac.errors import MeasurementError
from cardiac.geometry import Mask
from cardiac.types import Array, Array32, BoolArray

BLUR = 0.7
"""Pixels."""
STEP = 0.25
LEVEL = 0.5
_MARGIN = 4
"""Empty pixels around a region; the blur reaches three."""
_KERNEL = ndimage.gaussian_filter1d(np.eye(1, 7, 3)[0], BLUR)[3:].astype(np.float32)
_TOP, _LEFT, _RIGHT, _BOTTOM, _NONE = range(5)
# The way across a square of four pixels with the inside on the right hand, by which of its
# upper left (1), upper right (2), lower left (4) and lower right (8) pixels are inside.
_WAYS = np.full((16, 2, 2), _NONE)
for _case, _start, _stop in (
    (1, _TOP, _LEFT),
    (2, _RIGHT, _TOP),
    (3, _RIGHT, _LEFT),
    (4, _LEFT, _BOTTOM),
    (5, _TOP, _BOTTOM),
    (7, _RIGHT, _BOTTOM),
    (8, _BOTTOM, _RIGHT),
    (10, _BOTTOM, _TOP),
    (11, _BOTTOM, _LEFT),
    (12, _LEFT, _RIGHT),
    (13, _TOP, _RIGHT),
    (14, _LEFT, _TOP),
):
    _WAYS[_case, 0] = _start, _stop
# Pixels that touch at a corner only are apart.
_WAYS[6] = (_RIGHT, _TOP), (_LEFT, _BOTTOM)
_WAYS[9] = (_TOP, _LEFT), (_BOTTOM, _RIGHT)


class Border(NamedTuple):
    """Edges between pixels of a region and its 4-neighbours outside it.

    Attributes:
        rows, columns: (n,) middle of each edge, in pixels of the array it was found in.
        down, right: (n,) outward normal: -1, 0 or 1.
        across: (n,) label of the pixel outside.
    """

    rows: Array
    columns: Array
    down: npt.NDArray[np.int8]
    right: npt.NDArray[np.int8]
    across: npt.NDArray[np.uint8]


_EDGE_STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_EDGE_DOWN = np.array([step[0] for step in _EDGE_STEPS], np.int8)
_EDGE_RIGHT = np.array([step[1] for step in _EDGE_STEPS], np.int8)


def border_edges(region: BoolArray, labels: Mask) -> Border:
    """Border edges, in no order, of a region (H, W) that keeps off the edge of the array."""
    width = region.shape[1]
    flat, values = region.ravel(), labels.ravel()
    inside, outside = [], []
    for down, right in _EDGE_STEPS:
        step = down * width + right
        # The margin is empty, so that neither end of the flat array wraps round.
        if step > 0:
            pixels = np.flatnonzero(flat[:-step] > flat[step:])
        else:
            pixels = np.flatnonzero(flat[-step:] > flat[:step]) - step
        inside.append(pixels)
        outside.append(values[pixels + step])
    counts = [len(pixels) for pixels in inside]
    downs, rights = np.repeat(_EDGE_DOWN, counts), np.repeat(_EDGE_RIGHT, counts)
    rows, columns = np.divmod(np.concatenate(inside), width)
    return Border(
        rows + 0.5 * downs, columns + 0.5 * rights, downs, rights, np.concatenate(outside)
    )


def region_outline(region: BoolArray) -> Array:
    """Longest closed outline (n, 2) of a region, smooth below a pixel, points `STEP` apart.

    Raises:
        MeasurementError: There is nothing thick enough to be followed round.
    """
    box = bounding_box(region)
    loop = (
        None if box is None else _longest_loop(_blurred(region[box[0] : box[2], box[1] : box[3]]))
    )
    if box is None or loop is None:
        raise MeasurementError("a structure is too thin to be followed round")
    # From a start that a mirrored picture has too, or its points would lie between these.
    far = int(((loop - loop.mean(axis=0)) ** 2).sum(axis=1).argmax())
    loop = np.roll(loop, -far, axis=0)
    closed = np.vstack([loop, loop[:1]]) + np.array(box[:2]) - _MARGIN
    length = np.hypot(*np.diff(closed, axis=0).T).sum()
    return resample_curve(closed, max(64, int(length / STEP)))[:-1]


def _blurred(region: BoolArray) -> Array32:
    """A region (h, w) under a Gaussian, with a margin."""
    wide = np.zeros((region.shape[0] + 2 * _MARGIN, region.shape[1] + 2 * _MARGIN), np.float32)
    wide[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = region
    for _ in range(2):
        smooth = _KERNEL[0] * wide
        for reach in (1, 2, 3):
            smooth[reach:-reach] += _KERNEL[reach] * (wide[2 * reach :] + wide[: -2 * reach])
        wide = np.ascontiguousarray(smooth.T)
    return wide


def _longest_loop(field: Array32) -> Array | None:
    """Longest line (n, 2) along which a field is `LEVEL`, without its closing point."""
    inside = (field > LEVEL).view(np.uint8)
    upper = inside[:-1, :-1] + 2 * inside[:-1, 1:]
    cases = (upper + 4 * inside[1:, :-1] + 8 * inside[1:, 1:]).ravel()
    squares = np.flatnonzero((cases > 0) & (cases < 15))
    follower = _followers(cases[squares], squares, inside.shape[1])
    best: list[int] = []
    while follower:
        # The last square of the loop; all other loops end before it.
        place = follower.popitem()[1]
        loop = [place]
        while (following := follower.pop(place, None)) is not None:
            place = following
            loop.append(place)
        best = max(best, loop, key=len)
    return _places(np.array(best), field) if best else None


def _followers(
    cases: npt.NDArray[np.uint8], squares: npt.NDArray[np.intp], width: int
) -> dict[int, int]:
    """Of every pixel edge that the line crosses, the one that it crosses next."""
    row = squares // (width - 1)
    # Edges are numbered 2 p from pixel p to the right of it, and 2 p + 1 to the one below.
    corner = 2 * (squares + row)
    step = np.array([0, 1, 3, 2 * width, 0])
    first = corner[:, None] + step[_WAYS[cases, 0]]
    follower = dict(zip(first[:, 0].tolist(), first[:, 1].tolist(), strict=True))
    saddle = np.flatnonzero(_WAYS[cases, 1, 0] != _NONE)
    if saddle.size:
        second = corner[saddle, None] + step[_WAYS[cases[saddle], 1]]
        both = np.insert(first, saddle + 1, second, axis=0)
        follower = dict(both.tolist())
    return follower


def _places(edges: npt.NDArray[np.intp], field: Array32) -> Array:
    """Points (n, 2) where a field is `LEVEL` on edges between pixels."""
    pixel, down = edges >> 1, edges & 1
    values = field.ravel()
    start = values[pixel].astype(float)
    stop = values[pixel + np.where(down, field.shape[1], 1)].astype(float)
    share = (LEVEL - start) / (stop - start)
    row = pixel // field.shape[1]
    column = pixel - row * field.shape[1]
    return np.stack([row + share * down, column + share * (1 - down)], axis=1)


def mixed_area(x: Array, y: Array) -> Array:
    """½ Σ x_i (y_{i+1} − y_{i−1}) over corners (..., n): the signed area of polygons (x, y).

    It is linear in x and in y, so that the area of a sum of polygons can be expanded.
    """
    inner = (x[..., 1:-1] * (y[..., 2:] - y[..., :-2])).sum(axis=-1)
    ends = x[..., 0] * (y[..., 1] - y[..., -1]) + x[..., -1] * (y[..., 0] - y[..., -2])
    return np.asarray(0.5 * (inner + ends))


def polygon_centre(x: Array, y: Array) -> tuple[Array, Array]:
    """Centre of mass (..., x) and (..., y) of polygons with corners (..., n)."""
    x2, y2 = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    cross = x * y2 - x2 * y
    total = 3 * cross.sum(axis=-1)
    return ((x + x2) * cross).sum(axis=-1) / total, ((y + y2) * cross).sum(axis=-1) / total


def polygon_area(points: Array) -> Array:
    """Area (...) of closed polygons (..., n, 2)."""
    return np.asarray(np.abs(mixed_area(points[..., 0], points[..., 1])))


def fill_polygons(polygons: Sequence[Array], shape: tuple[int, int]) -> BoolArray:
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


def contour_length(points: Array) -> float:
    """Length of an open contour (n, 2)."""
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def resample_curve(points: Array, n: int) -> Array:
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


def nearest_point(points: Array, place: npt.ArrayLike) -> int:
    """Index of the point (m, 2) nearest to a place (2,)."""
    down, right = (points - np.asarray(place)).T
    return int((down * down + right * right).argmin())
