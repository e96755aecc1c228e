"""Sub-pixel contours of the ventricle and its wall, as curves with a length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from cardiac.anatomy.frame import LV, MYO, as_masks, as_spacing
from cardiac.anatomy.landmarks import Landmarks
from cardiac.anatomy.outlines import border_edges, contour_length, resample_curve
from cardiac.anatomy.raster import bounding_box, crop
from cardiac.errors import MeasurementError
from cardiac.geometry import Mask, Spacing
from cardiac.types import Array, BoolArray

POINTS = 120
SMOOTH_MM = 2.0
"""Reach of the smoothing along a contour: staircases must not count as length."""


class WallThickness(NamedTuple):
    """Mean distance in mm from the endocardium to the outer border of the wall.

    Attributes:
        mean: Over the whole wall.
        left, right: Over the third of the contour next to the annulus on either side of the image
            (septum and lateral wall in a four-chamber view); NaN where there is no wall.
        apex: Over the third between them.
    """

    mean: float
    left: float
    right: float
    apex: float


def endocardium(
    mask: Mask, landmarks: Landmarks, spacing: Spacing | None = None, n: int = POINTS
) -> Array:
    """Open endocardial contour from the left annulus point over the apex to the right one.

    Args:
        mask: (H, W) label map.
        landmarks: Its landmarks.
        spacing: (row, column) pixel size in mm; None for pixels.
        n: Number of points, at equal distances along the contour.

    Returns:
        (n, 2) points as (y, x) in mm (or pixels) from the centre of the first pixel.

    Raises:
        MeasurementError: The ventricle is absent.
    """
    scale = as_spacing(spacing)
    frame = as_masks(mask)[0]
    closed = _outline(frame == LV, scale)
    ends = np.array([landmarks.left, landmarks.right]) * scale
    tip = np.array(landmarks.apex) * scale
    _, places = cKDTree(closed[:-1]).query(np.vstack([ends, tip]))
    start, stop, top = np.atleast_1d(places).tolist()
    count = len(closed) - 1
    if (top - start) % count > (stop - start) % count:
        closed, start, stop = closed[::-1], count - start, count - stop
    order = (start + np.arange((stop - start) % count + 1)) % count
    if order.size < 3:
        raise MeasurementError("the endocardium cannot be followed from annulus to annulus")
    return resample_curve(closed[order], n)


def wall_thickness(mask: Mask, landmarks: Landmarks, spacing: Spacing) -> WallThickness:
    """Thickness of the wall, measured from the endocardium to the nearest outer border.

    Raises:
        MeasurementError: The ventricle or its wall is absent.
    """
    frame = as_masks(mask)[0]
    if not (frame == MYO).any():
        raise MeasurementError("the mask has no myocardium")
    inner = endocardium(frame, landmarks, spacing)
    scale = as_spacing(spacing)
    outer = _outline((frame == LV) | (frame == MYO), scale)
    # The outer contour also runs along the base, which is no wall: only what lies beyond
    # the wall as seen from the annulus counts.
    base = np.array([landmarks.left, landmarks.right]) * scale
    axis = np.array(landmarks.apex) * scale - base.mean(axis=0)
    above = (outer - base.mean(axis=0)) @ axis > 0.05 * (axis @ axis)
    distance = np.atleast_1d(cKDTree(outer[above] if above.any() else outer).query(inner)[0])
    distance[~_walled(frame, inner, scale)] = np.nan
    third = len(inner) // 3
    # The ends of the contour lie on the base; their nearest outer border is not across the wall.
    trim = max(1, len(inner) // 20)
    mean = _mean(distance[trim:-trim], least=1 / 3)
    if np.isnan(mean):
        raise MeasurementError("most of the ventricle has no wall")
    parts = distance[trim:third], distance[-third:-trim], distance[third:-third]
    return WallThickness(mean, *(_mean(part) for part in parts))


def _walled(frame: Mask, points: Array, scale: Spacing) -> BoolArray:
    """Which points (n, 2) in mm of the endocardium have myocardium across the border."""
    box = bounding_box(frame == LV)
    assert box is not None  # the endocardium has been followed
    labels = crop(frame, box)
    border = border_edges(labels == LV, labels)
    places = np.stack([border.rows + box[0] - 1, border.columns + box[1] - 1], axis=1) * scale
    _, nearest = cKDTree(places).query(points)
    return np.asarray(border.across[nearest] == MYO)


def _mean(distance: Array, least: float = 0.5) -> float:
    """Mean of what is there; NaN where that is less than a share of the whole."""
    there = distance[np.isfinite(distance)]
    return float(there.mean()) if there.size >= least * distance.size else float("nan")


def _outline(region: BoolArray, scale: Spacing) -> Array:
    """Longest closed outline (n + 1, 2) in mm of a region, smoothed along itself."""
    from skimage.measure import find_contours

    box = bounding_box(region)
    if box is None:
        raise MeasurementError("the structure is absent")
    piece = crop(region.astype(np.uint8), box, margin=2) == 1
    outlines: list[Array] = find_contours(piece.astype(np.float32), 0.5)
    longest = max(outlines, key=len)
    points = (longest + np.array([box[0] - 2, box[1] - 2])) * scale
    step = 0.5 * min(scale)
    even = resample_curve(points, max(16, int(contour_length(points) / step)))[:-1]
    reach = max(SMOOTH_MM, 1.5 * max(scale)) / step
    smooth = ndimage.gaussian_filter1d(even, reach / 2, axis=0, mode="wrap")
    return np.vstack([smooth, smooth[:1]])
