"""Certificate of masks: what was measured, which bounds it keeps, what was changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cardiac.anatomy import (
    ATTRIBUTE_TITLES,
    ATTRIBUTES,
    CRITERIA,
    PUBLISHED,
    TITLES,
    Attributes,
    Check,
    Landmarks,
    Profile,
    measure,
    measure_criteria,
)
from cardiac.anatomy.criteria import ATRIAL
from cardiac.anatomy.frame import LA, LV, MYO, as_masks, as_spacing
from cardiac.anatomy.raster import bounding_box
from cardiac.errors import GeometryError
from cardiac.geometry import Mask, Spacing
from cardiac.reasons import Reason, sentence
from cardiac.states import CORRECTIONS
from cardiac.temporal import Consistency, consistency, spans_in_pixels
from cardiac.types import Array, BoolArray

Row = dict[str, object]


@dataclass(frozen=True, eq=False, slots=True)
class Changes:
    """What a correction did to every frame.

    Attributes:
        actions: (T,) `kept`, `repaired`, `moved` or `replaced`.
        dice: (T,) overlap of the labels with those that came in; 1 where nothing changed.
        displacement: (T,) largest distance that a boundary moved, in mm (pixels without
            calibration); NaN where a structure came or went.
    """

    actions: tuple[str, ...]
    dice: Array
    displacement: Array


def changes_between(
    before: Mask, after: Mask, actions: Sequence[str], spacing: Spacing | None
) -> Changes:
    """Overlap and largest displacement of the boundaries of two mask sequences (T, H, W)."""
    dice, displacement = np.ones(len(before)), np.zeros(len(before))
    for t in np.flatnonzero([a != "kept" for a in actions]):
        dice[t], displacement[t] = _apart(before[t], after[t], spacing)
    return Changes(tuple(actions), dice, displacement)


def _apart(before: Mask, after: Mask, spacing: Spacing | None) -> tuple[float, float]:
    """Dice of all labels together, and largest distance between boundaries of one structure."""
    box = bounding_box((before | after) > 0)
    if box is None:
        return 1.0, 0.0
    around = np.s_[box[0] : box[2], box[1] : box[3]]
    before, after = np.pad(before[around], 1), np.pad(after[around], 1)
    both = np.count_nonzero((before == after) & (before > 0))
    total = np.count_nonzero(before) + np.count_nonzero(after)
    scale = np.array(spacing or (1.0, 1.0))
    regions = zip(_structures(before), _structures(after), strict=True)
    farthest = [_farthest(first, second, scale) for first, second in regions]
    return 2 * both / total, float(np.max(farthest))


def _structures(mask: Mask) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Cavity, epicardium and atrium."""
    lv = mask == LV
    return lv, lv | (mask == MYO), mask == LA


def _farthest(first: BoolArray, second: BoolArray, scale: Array) -> float:
    """Largest distance between the boundaries of two regions with an empty rim."""
    changed = first != second
    if not changed.any():
        return 0.0
    if not (first.any() and second.any()):
        return float("nan")
    edges = [_edge(region) for region in (first, second)]
    places = [np.argwhere(edge) * scale for edge in edges]
    # An edge where nothing changed lies on the other one.
    moved = [np.argwhere(edge & changed) * scale for edge in edges]
    return max(
        float(np.max(cKDTree(there).query(here)[0])) if len(here) else 0.0
        for here, there in ((moved[0], places[1]), (moved[1], places[0]))
    )


def _edge(region: BoolArray) -> BoolArray:
    """Pixels of a region with a 4-neighbour outside it."""
    inner = region.copy()
    inner[1:] &= region[:-1]
    inner[:-1] &= region[1:]
    inner[:, 1:] &= region[:, :-1]
    inner[:, :-1] &= region[:, 1:]
    return region & ~inner


@dataclass(frozen=True, eq=False, slots=True)
class Certificate:
    """Every criterion and every attribute of a mask sequence, held against its bound.

    Attributes:
        profile: Bounds of the criteria.
        atrium: Whether an atrium is expected; without one its four criteria do not apply.
        criteria: Values and verdicts (T, 12).
        attributes: Attributes (T, 7) and the atrium's area.
        consistency: Bends (T, 7) of the attributes, and the bounds in force.
        frame_interval_s: Seconds between frames, or None where unknown.
        changes: What was done to the masks; None for masks as they came.
        objections: Why the sequence is not certified although it may keep its bounds.
        notes: What did not apply, or was not known.
    """

    profile: Profile
    atrium: bool
    criteria: Check
    attributes: Attributes
    consistency: Consistency
    frame_interval_s: float | None = None
    changes: Changes | None = None
    objections: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.criteria.values)

    @property
    def valid(self) -> BoolArray:
        """(T,) which frames meet all criteria."""
        return np.asarray(self.criteria.valid.all(axis=1))

    @property
    def consistent(self) -> BoolArray:
        """(T,) which frames keep the temporal bound of every attribute."""
        return self.consistency.frames

    @property
    def certified(self) -> bool:
        """Whether every frame is valid and every attribute consistent."""
        return not self.objections and bool(self.valid.all()) and self.consistency.consistent

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the sequence is not certified: what was objected, then every broken bound."""
        missing = np.isnan(self.criteria.values)
        failing, loose = ~self.criteria.valid & ~missing, np.asarray(~self.consistency.within)
        found = list(self.objections)
        lacking = np.asarray((missing & ~self.criteria.valid).any(axis=1))
        if lacking.any():
            found.append(Reason("structure_missing", "a structure is missing", _frames(lacking)))
        for column in np.flatnonzero(failing.any(axis=0)):
            frames = _frames(failing[:, column])
            found.append(Reason(CRITERIA[column], TITLES[column], frames))
        for column in np.flatnonzero(loose.any(axis=0)):
            name, frames = ATTRIBUTES[column], _frames(loose[:, column])
            text = f"{ATTRIBUTE_TITLES[name]} not temporally consistent"
            found.append(Reason(f"inconsistent_{name}", text, frames))
        return tuple(found)

    @property
    def reason(self) -> str:
        """Why the sequence is not certified, as a sentence; "" where it is."""
        return sentence(self.reasons)

    def summary(self) -> Row:
        """One row about the sequence."""
        actions = self.changes.actions if self.changes else None
        return {
            "certified": self.certified,
            "reason": self.reason,
            "profile": self.profile.name,
            "frames": len(self),
            "valid_frames": int(self.valid.sum()),
            "consistent_frames": int(self.consistent.sum()),
            "frame_interval_ms": None
            if self.frame_interval_s is None
            else 1000 * self.frame_interval_s,
            "temporal_part": "applied" if self.consistency.applicable else "not applicable",
            "atrial_part": "applied" if self.atrium else "not applicable",
            **{name: actions.count(name) if actions else None for name in CORRECTIONS},
            "notes": "; ".join(self.notes),
        }

    def rows(self) -> list[Row]:
        """One row for every frame: criteria, attributes, bends, verdicts, what was done."""
        rows = []
        units = self.attributes.units
        changes, valid, consistent = self.changes, self.valid, self.consistent
        for t in range(len(self)):
            row: Row = {
                "frame": t,
                "valid": bool(valid[t]),
                "consistent": bool(consistent[t]),
                "action": changes.actions[t] if changes else "",
                "dice": float(changes.dice[t]) if changes else None,
                f"displacement_{units}": _number(changes.displacement[t]) if changes else None,
            }
            for column, name in enumerate(CRITERIA):
                row[name] = _number(self.criteria.values[t, column])
            for column, name in enumerate(ATTRIBUTES):
                row[f"{name}_{_unit(name, units)}"] = _number(self.attributes.values[t, column])
            row[f"la_area_{_unit('lv_area', units)}"] = _number(self.attributes.la_area[t])
            for column, name in enumerate(ATTRIBUTES):
                row[f"d_{name}"] = _number(self.consistency.deviation[t, column])
            row["failed"] = " ".join(
                [CRITERIA[column] for column in np.flatnonzero(~self.criteria.valid[t])]
                + [ATTRIBUTES[column] for column in np.flatnonzero(~self.consistency.within[t])]
            )
            row["reason"] = self.attributes.reasons[t]
            rows.append(row)
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain numbers, texts and lists."""
        bounds = dict(zip(CRITERIA, self.profile.bounds, strict=True))
        steady = dict(zip(ATTRIBUTES, self.consistency.bound.tolist(), strict=True))
        return {
            **self.summary(),
            "bounds": {"criteria": bounds, "temporal": steady},
            "per_frame": self.rows(),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON text; what is missing is null."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"


def _frames(which: BoolArray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(which).tolist())


def _unit(name: str, units: str) -> str:
    if name == "lv_orientation":
        return "deg"
    return f"{units}2" if name.endswith("area") else units


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


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
    return replace(
        certificate, objections=(Reason("no_ventricle", "no frame has a left ventricle"),)
    )


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
