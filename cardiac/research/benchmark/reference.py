"""Temporal attributes as the reference implementation of the literature defines them.

There the base and the apex are whole pixels and the orientation is that of the ellipse of inertia,
so that the length jumps by a pixel and the angle turns on rounded shapes. They are reported beside
our own attributes, so that shares of inconsistent frames can be held against published ones.

Source: Painchaud et al., "Echocardiography segmentation with enforced temporal consistency",
IEEE TMI 41(10), 2022.
"""

from __future__ import annotations

import numpy as np

from cardiac.anatomy import ATTRIBUTES, measure
from cardiac.anatomy.frame import LV, MYO
from cardiac.anatomy.raster import dilate
from cardiac.geometry import Mask, Spacing
from cardiac.temporal import Consistency, consistency
from cardiac.types import Array

LENGTH, WIDTH, ANGLE = (
    ATTRIBUTES.index(name) for name in ("lv_length", "lv_base_width", "lv_orientation")
)


def reference_attributes(masks: Mask, spacing: Spacing) -> Array:
    """Attributes (T, 7) in the order of `cardiac.anatomy.ATTRIBUTES`, in mm, mm² and degrees.

    Areas and centres are those of `cardiac.anatomy.measure`; NaN where there is no base.

    Args:
        masks: (T, H, W) label maps.
        spacing: (row, column) pixel size in mm.
    """
    values = measure(masks, spacing).values.copy()
    scale = np.array(spacing)
    for row, mask in zip(values, masks, strict=True):
        row[[LENGTH, WIDTH, ANGLE]] = _axis(np.pad(mask, 1), scale)
    return values


def reference_consistency(
    masks: Mask,
    spacing: Spacing,
    frame_interval_s: float | None = None,
    *,
    scale_with_interval: bool = True,
) -> Consistency:
    """Temporal consistency of masks (T, H, W) by the reference's attributes."""
    return consistency(
        reference_attributes(masks, spacing),
        frame_interval_s,
        scale_with_interval=scale_with_interval,
    )


def _axis(mask: Mask, scale: Array) -> tuple[float, float, float]:
    """Length, width of the base and orientation of the ventricle in a mask off the edge."""
    lv, wall = mask == LV, mask == MYO
    rest = ~lv & ~wall
    # Pixels of the ventricle where it meets the wall and something else: the foot of either wall.
    feet = np.argwhere(lv & dilate(wall) & dilate(rest))
    if len(feet) < 2:
        return np.nan, np.nan, np.nan
    left, right = (feet[feet[:, 1].argmin()] * scale, feet[feet[:, 1].argmax()] * scale)
    border = np.argwhere(lv & dilate(~lv)) * scale
    base = (left + right) / 2
    distance = np.hypot(*(border - base).T)
    centred = np.argwhere(lv) * scale
    _, axes = np.linalg.eigh(np.cov((centred - centred.mean(axis=0)).T))
    down, across = axes[:, 1] * (-1 if axes[0, 1] > 0 else 1)
    angle = float(np.degrees(np.arctan2(across, -down)))
    return float(distance.max()), float(np.hypot(*(right - left))), angle
