"""A label map as one curve of corresponding points: cavity, base, outer wall, atrium, landmarks.

Two masks whose points correspond can be averaged, interpolated and taken apart by principal
components, and a few dozen numbers give a mask back to a fraction of a pixel.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cardiac.anatomy.frame import LA, LV, MYO
from cardiac.anatomy.landmarks import Landmarks, find_landmarks
from cardiac.anatomy.outlines import nearest_point, region_outline, resample_curve
from cardiac.anatomy.raster import window
from cardiac.errors import MeasurementError
from cardiac.geometry import CANONICAL_SIZE, Mask
from cardiac.types import Array, BoolArray

SIDE = 24
BASE_POINTS = 13
FOOT = 6
ATRIUM_POINTS = 61
_WALL = 2 * SIDE + 1
WALL = slice(0, _WALL)
"""Endocardium from the left annulus point over the apex to the right one."""
BASE = slice(_WALL, _WALL + BASE_POINTS)
"""Base of the cavity, back from right to left, without its ends."""
EPI = slice(BASE.stop, BASE.stop + _WALL + 2 * FOOT)
"""Outer border of the wall: left foot, left corner, apex, right corner, right foot."""
ATRIUM = slice(EPI.stop, EPI.stop + ATRIUM_POINTS)
"""Free border of the atrium, from left to right."""
MARKS = slice(ATRIUM.stop, ATRIUM.stop + 3)
"""Left and right annulus point and apex, as `cardiac.anatomy` finds them."""
POINTS = MARKS.stop
OPPOSITE = np.concatenate(
    [np.arange(part.start, part.stop)[::-1] for part in (WALL, BASE, EPI, ATRIUM)]
    + [np.array([MARKS.start + 1, MARKS.start, MARKS.start + 2])]
)
"""Which point each point becomes in a mirrored picture."""

CONTACT = 1.8
"""Distance in pixels from the epicardium up to which the atrium's border is not free."""
GAP = 16
_NEAR = 4


def extract(mask: Mask) -> Array:
    """Outline (POINTS, 2) as (row, column) of a label map (H, W) with square pixels.

    Points of a structure that is absent are NaN: the wall's outer border, the atrium's.

    Raises:
        MeasurementError: The ventricle is absent or cannot be followed round.
    """
    marks = find_landmarks(mask)
    points = np.full((POINTS, 2), np.nan)
    left, apex, right = (np.array(place) for place in (marks.left, marks.apex, marks.right))
    points[MARKS] = left, right, apex
    lv, wall, la = mask == LV, mask == MYO, mask == LA
    outline, i, j, k = _turned(region_outline(lv), left, apex, right)
    points[WALL] = _two_sides(outline, i, j, k)
    points[BASE] = resample_curve(_arc(outline, k, i), BASE_POINTS + 2)[1:-1]
    epi = lv | wall
    if wall.any():
        points[EPI] = _outer_wall(region_outline(epi), marks)
    if np.count_nonzero(la) >= 9:
        points[ATRIUM] = _free_atrium(la, epi, marks)
    return points


def mirror_outlines(outlines: Array, width: float = CANONICAL_SIZE) -> Array:
    """Outlines (..., POINTS, 2) of the same hearts in pictures turned left to right.

    Args:
        outlines: (row, column) in pixels.
        width: Pixels that the picture is wide.
    """
    turned = outlines[..., OPPOSITE, :].copy()
    turned[..., 1] = width - 1 - turned[..., 1]
    return turned


def _arc(closed: Array, start: int, stop: int) -> Array:
    """Points of a closed outline from one index forward to another."""
    count = len(closed)
    return closed[(start + np.arange((stop - start) % count + 1)) % count]


def _turned(closed: Array, *places: Array) -> tuple[Array, int, int, int]:
    """The outline in the direction that meets three places in order, and their indices."""
    i, j, k = (nearest_point(closed, place) for place in places)
    count = len(closed)
    if (j - i) % count > (k - i) % count:
        closed, i, j, k = closed[::-1], count - 1 - i, count - 1 - j, count - 1 - k
    if not 2 <= (j - i) % count < (k - i) % count - 1:
        raise MeasurementError("the outline of a structure has no two sides")
    return closed, i, j, k


def _two_sides(closed: Array, i: int, j: int, k: int) -> Array:
    """(2 SIDE + 1, 2) points from i to j and from j to k."""
    near, far = _arc(closed, i, j), _arc(closed, j, k)
    return np.vstack([resample_curve(near, SIDE + 1), resample_curve(far, SIDE + 1)[1:]])


def _frame(marks: Landmarks) -> tuple[Array, Array, Array]:
    """Middle of the annulus and the directions up the long axis and across it to the right."""
    middle, apex = np.array(marks.middle), np.array(marks.apex)
    up = (apex - middle) / np.hypot(*(apex - middle))
    return middle, up, np.array([up[1], -up[0]])


def _outer_wall(closed: Array, marks: Landmarks) -> Array:
    """Points `EPI` of the epicardium's outline."""
    middle, up, across = _frame(marks)
    right, height = (closed - middle) @ across, (closed - middle) @ up
    corners = closed[(-right - height).argmax()], closed[(right - height).argmax()]
    if height.max() <= 0:
        raise MeasurementError("the wall lies below the annulus")
    above = np.flatnonzero(height > 0.5 * height.max())
    top = closed[above[np.abs(right[above]).argmin()]]
    closed, i, j, k = _turned(closed, corners[0], top, corners[1])
    start, stop = nearest_point(closed, marks.left), nearest_point(closed, marks.right)
    first, last = _arc(closed, start, i), _arc(closed, k, stop)
    # A foot that would run round the whole heart is none: wall and cavity end together.
    most = len(closed) // 3
    first = first if len(first) < most else first[[-1, -1]]
    last = last if len(last) < most else last[[0, 0]]
    sides = _two_sides(closed, i, j, k)
    return np.vstack(
        [resample_curve(first, FOOT + 1)[:-1], sides, resample_curve(last, FOOT + 1)[1:]]
    )


def _free_atrium(la: BoolArray, epi: BoolArray, marks: Landmarks) -> Array:
    """Points `ATRIUM`: the longest run of the atrium's outline that is away from the heart."""
    closed = region_outline(la)
    free = _closed(_distance(closed, epi) > CONTACT)
    count = len(closed)
    middle, _, across = _frame(marks)
    if free.all() or not free.any():
        first = nearest_point(closed, middle)
        run = np.roll(closed, -first, axis=0)
    else:
        first = int(np.flatnonzero(~free)[0])
        parts, _ = ndimage.label(np.roll(free, -first))
        longest = np.bincount(parts)[1:].argmax() + 1
        run = closed[(np.flatnonzero(parts == longest) + first) % count]
    if (run[-1] - run[0]) @ across < 0:
        run = run[::-1]
    return resample_curve(run, ATRIUM_POINTS)


def _distance(places: Array, region: BoolArray) -> Array:
    """Distance (n,) in pixels of places (n, 2) to a region, right as far as `_NEAR`."""
    low = np.floor(places.min(axis=0)).astype(int) - _NEAR
    high = np.ceil(places.max(axis=0)).astype(int) + _NEAR + 1
    # 1 in the region, 0 or `OUTSIDE` around it.
    away = window(region.view(np.uint8), *low, *(high - low)) != 1
    if away.all():
        return np.full(len(places), np.inf)
    distance = np.asarray(ndimage.distance_transform_edt(away))
    return np.asarray(ndimage.map_coordinates(distance, (places - low).T, order=1, mode="nearest"))


def _closed(free: BoolArray) -> BoolArray:
    """A ring of places without the gaps of up to `GAP` of them."""
    if not free.any():
        return free
    first = int(free.argmax())
    turned = np.roll(free, -first)
    change = np.flatnonzero(turned != np.append(turned[1:], True)) + 1
    for start, stop in zip(change[::2], change[1::2], strict=True):
        turned[start:stop] |= stop - start <= GAP
    return np.roll(turned, first)
