"""Mitral annulus and apex of the left ventricle, between pixels rather than on them.

A landmark that is a pixel jumps by a pixel, which at 112×112 is a degree of orientation.
Here the annulus points are where blurred ventricle, wall and surroundings meet, and the apex
is a mean over the border, weighted by a high power of its distance from the annulus.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, sin
from typing import TypeAlias

import numpy as np

from cardiac.anatomy.annulus import annulus_points
from cardiac.anatomy.frame import LV, as_masks, as_spacing
from cardiac.anatomy.outlines import Border, border_edges
from cardiac.anatomy.raster import (
    OUTSIDE,
    bounding_box,
    center_of_mass,
    crop,
    fill_holes,
    keep_largest,
)
from cardiac.errors import GeometryError, MeasurementError
from cardiac.geometry import Mask, Spacing
from cardiac.types import Array, BoolArray

Point: TypeAlias = tuple[float, float]
"""(row, column) in pixels; whole numbers are pixel centres."""

LEAST_PIXELS = 16
POWER = 14
"""Power of the distance that weighs the border; more is nearer to the farthest pixel, less is
steadier."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Annulus and apex of one frame.

    Attributes:
        left, right: Annulus points, as seen with the apex up.
        middle: Half way between them.
        apex: Tip of the cavity.
        notes: What was doubtful: "cut off", "no myocardium", "open wall", "one wall".
    """

    left: Point
    right: Point
    middle: Point
    apex: Point
    notes: tuple[str, ...] = ()

    def base_width(self, spacing: Spacing | None = None) -> float:
        """Distance between the annulus points, in mm (pixels without spacing)."""
        return float(np.hypot(*_offset(self.left, self.right, spacing)))

    def length(self, spacing: Spacing | None = None) -> float:
        """Distance from the middle of the annulus to the apex, in mm (pixels without spacing)."""
        return float(np.hypot(*_offset(self.middle, self.apex, spacing)))

    def orientation(self, spacing: Spacing | None = None) -> float:
        """Angle of the long axis with the image's vertical in degrees, apex to the right > 0."""
        down, right = _offset(self.middle, self.apex, spacing)
        return float(np.degrees(np.arctan2(right, -down)))


def _offset(start: Point, end: Point, spacing: Spacing | None) -> tuple[float, float]:
    rows, columns = as_spacing(spacing)
    return (end[0] - start[0]) * rows, (end[1] - start[1]) * columns


def find_landmarks(mask: Mask, spacing: Spacing | None = None) -> Landmarks:
    """Find annulus and apex of the ventricle in one label map.

    The annulus points are the two ends of the ventricle's border that is not shared with the
    myocardium; what lies beyond the edge of the image counts as not shared. Where there is no
    myocardium they are the ends of the border with the atrium, and without one the
    corners of the lower end along the main axis of inertia.

    Args:
        mask: (H, W) label map.
        spacing: (row, column) pixel size in mm; None for square pixels of unknown size.

    Raises:
        MeasurementError: The ventricle is absent, or too small to have an axis.
        GeometryError, InvalidPixelsError: See `as_masks`.
    """
    frames = as_masks(mask)
    if len(frames) != 1:
        raise GeometryError("landmarks are found in one frame at a time")
    return locate(frames[0], bounding_box(frames[0] == LV), as_spacing(spacing))


def locate(mask: Mask, box: tuple[int, int, int, int] | None, scale: Spacing) -> Landmarks:
    """As `find_landmarks`, of a checked label map (H, W) and the bounds of its ventricle."""
    if box is None:
        raise MeasurementError("the mask has no left ventricle")
    labels = crop(mask, box)
    body = _body(labels == LV)
    if np.count_nonzero(body) < LEAST_PIXELS:
        raise MeasurementError("the left ventricle is too small to be measured")
    border = border_edges(body, labels)
    origin = (box[0] - 1, box[1] - 1)
    centre = center_of_mass(body)
    ends, notes = annulus_points(mask, body, border, origin, centre=centre, scale=scale)
    middle = (ends[0] + ends[1]) / 2
    tip = farthest_tip(centre, border, middle, scale)
    if (border.across == OUTSIDE).any():
        notes = (*notes, "cut off")
    first, second = _in_order(ends, middle, tip)
    points = [
        (float(row + origin[0]), float(column + origin[1]))
        for row, column in (first, second, middle, tip)
    ]
    return Landmarks(points[0], points[1], points[2], points[3], notes)


def _body(lv: BoolArray) -> BoolArray:
    """Largest piece of the ventricle without its holes: specks must not move landmarks."""
    return fill_holes(keep_largest(lv))


def farthest_tip(
    centre: tuple[float, float], border: Border, middle: Array, scale: Spacing
) -> Array:
    """Farthest point (row, column) of a region's border, seen from the middle of the annulus.

    Each piece of border is weighted by r^p over the angle that it subtends. Around a peak
    r = L (1 − c θ²) that weight makes the mean distance L (1 − 1/2p) whatever the
    curvature c, which is undone, so that the tip lies on the border.
    """
    down = (border.rows - middle[0]) * scale[0]
    right = (border.columns - middle[1]) * scale[1]
    axis = atan2((centre[1] - middle[1]) * scale[1], -(centre[0] - middle[0]) * scale[0])
    cosine, sine = cos(axis), sin(axis)
    radius = np.maximum(np.hypot(down, right), 1e-6 * scale[0])
    # Turned so that the angle does not wrap round where the weight is.
    turn = np.arctan2(right * cosine + down * sine, right * sine - down * cosine)
    # Outward normal times length of an edge: its neighbours' spacing, seen from the middle.
    facing = border.down * down * scale[1] + border.right * right * scale[0]
    weight = (radius / radius.max()) ** POWER * facing / radius**2
    weight *= np.maximum(np.cos(turn), 0) ** 2
    total = weight.sum()
    if not np.isfinite(total) or total <= 0:
        raise MeasurementError("the structure has no far side, as seen from the annulus")
    angle = axis + weight @ turn / total
    length = weight @ radius / total / (1 - 0.5 / POWER)
    step = np.array([-cos(angle) / scale[0], sin(angle) / scale[1]])
    return np.asarray(middle + length * step)


def _in_order(ends: Array, middle: Array, tip: Array) -> tuple[Array, Array]:
    """Annulus points from left to right, as seen with the apex up."""
    axis, chord = tip - middle, ends[1] - ends[0]
    swapped = axis[0] * chord[1] - axis[1] * chord[0] > 0
    return (ends[1], ends[0]) if swapped else (ends[0], ends[1])
