"""Measuring masks and holding them against every bound: what a certificate is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from cardiac.anatomy.frame import LA, LV, as_masks, as_spacing
from cardiac.correction.certificate import Certificate
from cardiac.errors import GeometryError
from cardiac.geometry import Mask, Spacing, on_square_pixels
from cardiac.reasons import Reason
from cardiac.shape.plausibility import plausibility
from cardiac.temporal import consistency, spans_in_pixels
from cardiac.types import Array, BoolArray

OPEN = CRITERIA.index("lv_touches_background")
VALVE = 0.08
"""Height of the valve over the line between the annulus points, in long axes."""


class Measured(NamedTuple):
    """What there is to be judged in masks.

    Attributes:
        criteria: (T, 12) values of the criteria.
        attributes: The attributes of every frame.
        shape_distance: (T,) distance from the experts' shapes, in units of its bound; NaN where
            it has not been measured.
        grid: (H, W) of the masks.
    """

    criteria: Array
    attributes: Attributes
    shape_distance: Array
    grid: tuple[int, int]

    def with_frames(self, which: BoolArray, fresh: Measured) -> Measured:
        """The same, with some frames (T,) as in ``fresh``."""
        criteria, distance, old = self.criteria.copy(), self.shape_distance.copy(), self.attributes
        values, la_area = old.values.copy(), old.la_area.copy()
        criteria[which], distance[which] = fresh.criteria, fresh.shape_distance
        values[which], la_area[which] = fresh.attributes.values, fresh.attributes.la_area
        landmarks, reasons = list(old.landmarks), list(old.reasons)
        for t, marks, reason in zip(
            np.flatnonzero(which), fresh.attributes.landmarks, fresh.attributes.reasons, strict=True
        ):
            landmarks[t], reasons[t] = marks, reason
        attributes = replace(
            old,
            values=values,
            la_area=la_area,
            landmarks=tuple(landmarks),
            reasons=tuple(reasons),
        )
        return Measured(criteria, attributes, distance, self.grid)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Grid, clock and bounds that the masks of one sequence have to keep to.

    Attributes:
        spacing: (row, column) pixel size in mm, or None.
        frame_interval_s: Seconds between frames, or None.
        profile: Bounds of the criteria.
        atrium: Whether an atrium is expected.
        view: "A4C" or "A2C" where it is known.
        mirrored: Whether the picture is mirrored, where it is known.
    """

    spacing: Spacing | None = None
    frame_interval_s: float | None = None
    profile: Profile = PUBLISHED
    atrium: bool = True
    view: str | None = None
    mirrored: bool | None = None

    def measured(
        self,
        masks: Mask,
        before: Measured | None = None,
        which: BoolArray | None = None,
        *,
        shape: bool = True,
    ) -> Measured:
        """Measure masks (T, H, W).

        Args:
            masks: All frames.
            before: What was measured of other frames than ``which``.
            which: (T,) frames to measure; None for all.
            shape: Whether to measure their distance from the experts' shapes too.
        """
        if before is None or which is None:
            return self._all(masks, shape=shape)
        return (
            before.with_frames(which, self._all(masks[which], shape=shape))
            if any(which)
            else before
        )

    def with_shape(self, measured: Measured, masks: Mask) -> Measured:
        """The same, with the distance from the experts' shapes of frames that lack it."""
        lacking = np.isnan(measured.shape_distance)
        if not lacking.any():
            return measured
        distance = measured.shape_distance.copy()
        distance[lacking] = self._distance(masks[lacking])
        return measured._replace(shape_distance=distance)

    def certificate(self, measured: Measured) -> Certificate:
        """Hold what was measured against every bound."""
        attributes, spans = measured.attributes, None
        notes = []
        if attributes.units == "px":
            notes.append("no pixel size: the temporal bounds are scaled by the ventricle's length")
            try:
                spans = spans_in_pixels(attributes.values)
            except GeometryError:
                spans = None  # no axis anywhere: every frame is inconsistent whatever the scale
        if self.frame_interval_s is None and len(attributes) > 2:
            notes.append("no frame interval: the temporal bounds are those at 20 ms")
        held = consistency(attributes.values, self.frame_interval_s, spans)
        if not held.applies.all() or not held.applicable:
            notes.append(held.reason)
        valid = self.profile.within(measured.criteria)
        if not self.atrium:
            notes.append("no left atrium: its criteria do not apply, the valve counts as closed")
            valid |= ATRIAL & np.isnan(measured.criteria)
        return Certificate(
            self.profile,
            self.atrium,
            Check(measured.criteria, valid),
            measured.shape_distance,
            attributes,
            held,
            measured.grid,
            self.spacing,
            self.frame_interval_s,
            notes=tuple(notes),
        )

    def _all(self, masks: Mask, *, shape: bool) -> Measured:
        attributes = measure(masks, self.spacing)
        criteria = self._criteria(masks, attributes.landmarks)
        distance = self._distance(masks) if shape else np.full(len(masks), np.nan)
        return Measured(criteria, attributes, distance, (masks.shape[1], masks.shape[2]))

    def _criteria(self, masks: Mask, landmarks: tuple[Landmarks | None, ...]) -> Array:
        """Values (T, 12) on square pixels.

        Without an atrium the ventricle is open to the background all along its valve. What lies
        beyond the valve then counts as atrium for criterion 9, and for that one only.
        """
        criteria = measure_criteria(on_square_pixels(masks, self.spacing))
        if self.atrium:
            return criteria
        for t, marks in enumerate(landmarks):
            if marks is not None and np.isnan(criteria[t, ATRIAL]).all():
                closed = _closed(masks[t], marks, self.spacing)[None]
                values = measure_criteria(on_square_pixels(closed, self.spacing))
                criteria[t, OPEN] = values[0, OPEN]
        return criteria

    def _distance(self, masks: Mask) -> Array:
        return plausibility(masks, self.spacing, self.view, self.mirrored)


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
    atrium: bool = True,
    view: str | None = None,
    mirrored: bool | None = None,
) -> Certificate:
    """Measure masks and hold them against every bound.

    The criteria count square pixels: masks with oblong ones are brought to the finer of the two
    sizes first. They hold at that resolution, which the certificate tells. Attributes are in mm.

    Args:
        masks: (H, W) or (T, H, W) label maps.
        spacing: (row, column) pixel size in mm. Without it attributes are in pixels, and
            the temporal bounds are scaled by the sequence's own ventricle.
        frame_interval_s: Seconds between frames; without it the temporal bounds are those
            at 20 ms.
        profile: Bounds of the criteria.
        atrium: Whether an atrium is expected; False for masks of a tool that draws none, whose
            atrial criteria then do not apply.
        view: "A4C" or "A2C" where it is known; the more favourable otherwise.
        mirrored: Whether the picture is mirrored, where it is known.

    Raises:
        GeometryError, InvalidPixelsError: The masks are no label maps.
        WeightsError: There is no shape model.
    """
    frames = as_masks(masks)
    constraints = Constraints(spacing, frame_interval_s, profile, atrium, view, mirrored)
    certificate = constraints.certificate(constraints.measured(frames))
    if (frames == LV).any():
        return certificate
    none = Reason("no_ventricle", "no frame has a left ventricle")
    return replace(certificate, objections=(none,))
