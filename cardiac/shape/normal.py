"""The seven attributes of an outline, taken out of it and put back, exactly.

An outline is brought to a *normal form*: annulus middle at the origin, long axis upright, and
cavity area, length, base width and wall area those of a reference. What is left is shape. The
way back imposes any seven attributes on any normal form. So an attribute is a number that one
can set, and setting one leaves the six others as they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.outlines import mixed_area, polygon_centre
from cardiac.geometry import CANONICAL_SIZE
from cardiac.shape.outline import BASE, EPI, FOOT, MARKS, OPPOSITE, WALL
from cardiac.types import Array

REFERENCE = (6000.0, 110.0, 50.0, 4500.0)
"""Area, length and base width of the normal form's cavity in pixels, and the wall's area."""
HINGE = 0.15
"""Share of the long axis above the annulus along which the base widens as one piece."""


def attributes_of(outlines: npt.ArrayLike) -> Array:
    """Attributes (N, 7) in the order of `cardiac.anatomy.ATTRIBUTES`, in pixels and degrees.

    Args:
        outlines: (N, POINTS, 2) as (row, column).
    """
    points = np.asarray(outlines, dtype=float)
    row, column = points[..., 0], points[..., 1]
    lv = _lv_area(column, row)
    epi, x, y = _epicardium(column, row)
    left, right, apex = np.moveaxis(points[:, MARKS], 1, 0)
    axis, chord = apex - (left + right) / 2, right - left
    return np.stack(
        [
            np.abs(lv),
            np.hypot(*axis.T),
            np.hypot(*chord.T),
            np.degrees(np.arctan2(axis[:, 1], -axis[:, 0])),
            np.abs(epi) - np.abs(lv),
            x + 0.5,  # from the corner of the image, not from the first pixel's centre
            y + 0.5,
        ],
        axis=1,
    )


def to_normal(outlines: npt.ArrayLike) -> tuple[Array, Array]:
    """Take the attributes out of outlines.

    Returns:
        Normal forms (N, POINTS, 2) as (across, up), and the attributes (N, 7).
    """
    points = np.asarray(outlines, dtype=float)
    values = attributes_of(points)
    middle = points[:, MARKS][:, :2].mean(axis=1)
    up, across = _directions(values[:, 3])
    offset = points - middle[:, None]
    x = np.einsum("npk,nk->np", offset, across)
    y = np.einsum("npk,nk->np", offset, up)
    area, length, width, wall = (np.full(len(points), r) for r in REFERENCE)
    # The wall first: on the way back it comes last.
    x, y = _set_wall(x, y, values[:, 0] * wall / area)
    x, y = _set_cavity(x, y, area, length, width)
    return np.stack([x, y], axis=-1), values


def from_normal(normal: npt.ArrayLike, attributes: npt.ArrayLike) -> Array:
    """Outlines (N, POINTS, 2) as (row, column) with these attributes (N, 7).

    Sizes that no heart has (negative areas, a base wider than the heart is long) are
    brought to the nearest that can be drawn.
    """
    points = np.asarray(normal, dtype=float)
    values = np.asarray(attributes, dtype=float)
    area = np.maximum(values[:, 0], 16.0)
    length = np.maximum(values[:, 1], 4.0)
    wall = np.maximum(values[:, 4], 0.05 * area)
    x, y = _set_cavity(points[..., 0], points[..., 1], area, length, values[:, 2])
    x, y = _set_wall(x, y, wall)
    up, across = _directions(values[:, 3])
    outlines = x[..., None] * across[:, None] + y[..., None] * up[:, None]
    _, column, row = _epicardium(outlines[..., 1], outlines[..., 0])
    shift = values[:, [6, 5]] - 0.5 - np.stack([row, column], axis=1)
    return np.asarray(outlines + shift[:, None])


def mirror_normal(normal: Array) -> Array:
    """Normal forms (..., POINTS, 2) of the same hearts in pictures turned left to right."""
    return np.asarray(normal[..., OPPOSITE, :] * np.array([-1.0, 1.0]))


def mirror_attributes(attributes: Array) -> Array:
    """Attributes (..., 7) in canonical pixels and degrees in pictures turned left to right.

    The axis leans the other way, and the centre lies as far from the other edge.
    """
    turned = np.array(attributes, dtype=float)
    turned[..., 3] *= -1
    turned[..., 5] = CANONICAL_SIZE - turned[..., 5]
    return turned


def _directions(orientation: Array) -> tuple[Array, Array]:
    """Unit vectors (N, 2) as (row, column) up the long axis and across it to the right."""
    angle = np.radians(orientation)
    up = np.stack([-np.cos(angle), np.sin(angle)], axis=1)
    return up, np.stack([np.sin(angle), np.cos(angle)], axis=1)


def _lv_area(x: Array, y: Array) -> Array:
    cavity = np.r_[WALL, BASE]
    return mixed_area(x[:, cavity], y[:, cavity])


def _epicardium(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Signed area and centre (x, y) of the epicardium."""
    ring = np.r_[EPI, BASE]
    return mixed_area(x[:, ring], y[:, ring]), *polygon_centre(x[:, ring], y[:, ring])


def _set_cavity(
    x: Array, y: Array, area: Array, length: Array, width: Array
) -> tuple[Array, Array]:
    """Stretch along and across the axis, the base more than the apex, to these sizes.

    Across, x becomes x·exp(s + b g), where g falls from 1 at the base to 0 at the apex;
    such stretches undo each other, and no two points of the plane ever meet.
    """
    left, right, tip = MARKS.start, MARKS.start + 1, MARKS.start + 2
    # Height of the tip along the axis; the middle of the annulus lies at 0.
    share = np.clip((y / y[:, tip, None] - HINGE) / (1 - HINGE), 0, 1)
    less = share**2 * (2 * share - 3)  # g − 1
    y = y * (length / y[:, tip])[:, None]
    rise = y[:, right] - y[:, left]
    chord = np.sqrt(np.maximum(width**2 - rise**2, (0.3 * np.abs(width)) ** 2 + 4.0))
    x = x * (chord / np.maximum(x[:, right] - x[:, left], 1e-6))[:, None]
    cavity = np.r_[WALL, BASE]
    wide, high, fall = x[:, cavity], y[:, cavity], less[:, cavity]
    swell = np.zeros(len(x))
    sign = np.sign(mixed_area(wide, high))
    for _ in range(12):
        bent = wide * np.exp(swell[:, None] * fall)
        excess = sign * mixed_area(bent, high) / area - 1
        slope = sign * mixed_area(bent * fall, high) / area
        swell = np.clip(swell - np.clip(excess / np.minimum(slope, -1e-3), -0.5, 0.5), -3, 3)
    return x * np.exp(swell[:, None] * less), y


_ROOT = np.pad(np.arange(WALL.start, WALL.stop), FOOT, mode="edge")
"""Point of the endocardium across the wall from each point of `EPI`."""


def _set_wall(x: Array, y: Array, wall: Array) -> tuple[Array, Array]:
    """Move the outer border away from the cavity by one factor, until the wall has this area."""
    ring = np.r_[_ROOT, BASE]
    root_x, root_y = x[:, ring], y[:, ring]
    arm_x, arm_y = (np.zeros_like(root_x) for _ in range(2))
    count = len(_ROOT)
    arm_x[:, :count] = x[:, EPI] - x[:, _ROOT]
    arm_y[:, :count] = y[:, EPI] - y[:, _ROOT]
    sign = np.sign(mixed_area(root_x, root_y))
    square = sign * mixed_area(arm_x, arm_y)
    linear = sign * (mixed_area(root_x, arm_y) + mixed_area(arm_x, root_y))
    rest = sign * (mixed_area(root_x, root_y) - _lv_area(x, y)) - wall
    discriminant = np.sqrt(np.maximum(linear**2 - 4 * square * rest, 0))
    # The root that grows with the wall, written so that nothing cancels.
    factor = -2 * rest / np.maximum(linear + discriminant, 1e-9)
    x, y = x.copy(), y.copy()
    x[:, EPI] = x[:, _ROOT] + factor[:, None] * arm_x[:, :count]
    y[:, EPI] = y[:, _ROOT] + factor[:, None] * arm_y[:, :count]
    return x, y
