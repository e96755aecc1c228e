"""Masks held against every bound."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cardiac.anatomy import (
    CRITERIA,
    PUBLISHED,
    Attributes,
    Check,
    Landmarks,
    Profile,
    measure,
    measure_criteria,
)
from cardiac.anatomy.criteria import ATRIAL
from cardiac.anatomy.frame import LA, LV, Array, BoolArray, as_masks, as_spacing
from cardiac.certificate.certificate import Certificate
from cardiac.errors import GeometryError
from cardiac.geometry import Mask, Spacing
from cardiac.temporal import consistency, spans_in_pixels

OPEN = CRITERIA.index("lv_touches_background")
VALVE = 0.08
"""Height of the valve over the line between the annulus points, in long axes."""


class Measured(NamedTuple):
    """What there is to be judged in masks.

    Attributes:
        criteria: (T, 12) values of the criteria.
        attributes: The attributes of every frame.
        atrium: Whether the masks were measured as those that show an atrium.
    """

    criteria: Array
    attributes: Attributes
    atrium: bool

    def updated(self, masks: Mask, which: BoolArray, spacing: Spacing | None) -> Measured:
        """The same, with some frames (T,) of masks (T, H, W) measured anew."""
        if not which.any():
            return self
        fresh = measure_masks(masks[which], spacing, atrium=self.atrium)
        criteria, old = self.criteria.copy(), self.attributes
        values, la_area = old.values.copy(), old.la_area.copy()
        criteria[which] = fresh.criteria
        values[which], la_area[which] = fresh.attributes.values, fresh.attributes.la_area
        landmarks, reasons = list(old.landmarks), list(old.reasons)
        for t, marks, reason in zip(
            np.flatnonzero(which), fresh.attributes.landmarks, fresh.attributes.reasons, strict=True
        ):
            landmarks[t], reasons[t] = marks, reason
        changed = replace(
            old,
            values=values,
            la_area=la_area,
            landmarks=tuple(landmarks),
            reasons=tuple(reasons),
        )
        return Measured(criteria, changed, self.atrium)


def measure_masks(masks: Mask, spacing: Spacing | None, *, atrium: bool = True) -> Measured:
    """Criteria and attributes of label maps (T, H, W).

    Without an atrium the ventricle is open to the background all along its valve. What lies
    beyond the valve then counts as atrium for criterion 9, and for that one only.
    """
    attributes = measure(masks, spacing)
    criteria = measure_criteria(masks)
    if not atrium:
        for t, marks in enumerate(attributes.landmarks):
            if marks is not None and np.isnan(criteria[t, ATRIAL]).all():
                closed = measure_criteria(_closed(masks[t], marks, spacing))
                criteria[t, OPEN] = closed[0, OPEN]
    return Measured(criteria, attributes, atrium)


def _closed(mask: Mask, marks: Landmarks, spacing: Spacing | None) -> Mask:
    """A label map (H, W) with an atrium wherever there is nothing beyond the valve."""
    scale = np.array(as_spacing(spacing))
    middle, apex = np.array(marks.middle) * scale, np.array(marks.apex) * scale
    axis = apex - middle
    rows, columns = (np.arange(n) * s for n, s in zip(mask.shape, scale, strict=True))
    height = (rows[:, None] - middle[0]) * axis[0] + (columns - middle[1]) * axis[1]
    beyond = height < VALVE * (axis @ axis)
    return np.where(beyond & (mask == 0), np.uint8(LA), mask)


def certify(
    masks: npt.ArrayLike,
    spacing: Spacing | None = None,
    frame_interval_s: float | None = None,
    profile: Profile = PUBLISHED,
    *,
    atrium: bool | None = None,
) -> Certificate:
    """Measure masks and hold them against every bound.

    The criteria count pixels of the masks as they are; attributes are in mm.

    Args:
        masks: (H, W) or (T, H, W) label maps.
        spacing: (row, column) pixel size in mm. Without it attributes are in pixels, and
            the temporal bounds are scaled by the sequence's own ventricle.
        frame_interval_s: Seconds between frames; without it the temporal bounds are those
            at 20 ms.
        profile: Bounds of the criteria.
        atrium: Whether an atrium is expected; None: if any frame has one.

    Raises:
        GeometryError, InvalidPixelsError: The masks are no label maps.
    """
    frames = as_masks(masks)
    expected = bool((frames == LA).any()) if atrium is None else atrium
    certificate = judge(measure_masks(frames, spacing, atrium=expected), frame_interval_s, profile)
    if (frames == LV).any():
        return certificate
    return replace(certificate, objections=("no frame has a left ventricle",))


def judge(measured: Measured, frame_interval_s: float | None, profile: Profile) -> Certificate:
    """The certificate of measured masks."""
    attributes, atrium = measured.attributes, measured.atrium
    notes, spans = [], None
    if attributes.units == "px":
        notes.append("no pixel size: the temporal bounds are scaled by the ventricle's length")
        try:
            spans = spans_in_pixels(attributes.values)
        except GeometryError:
            spans = None  # no axis anywhere: every frame is inconsistent whatever the scale
    if frame_interval_s is None and len(attributes) > 2:
        notes.append("no frame interval: the temporal bounds are those at 20 ms")
    held = consistency(attributes.values, frame_interval_s, spans)
    if not held.applicable:
        notes.append(held.reason)
    if not atrium:
        notes.append("no left atrium: its criteria do not apply, and the valve counts as closed")
    valid = profile.within(measured.criteria)
    if not atrium:
        valid |= ATRIAL & np.isnan(measured.criteria)
    criteria = Check(measured.criteria, valid)
    return Certificate(
        profile, atrium, criteria, attributes, held, frame_interval_s, notes=tuple(notes)
    )
