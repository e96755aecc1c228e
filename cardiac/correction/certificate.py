"""Certificate of masks: every criterion and attribute against its bound, and the reasons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from cardiac.anatomy import (
    ATTRIBUTE_TITLES,
    ATTRIBUTES,
    CRITERIA,
    TITLES,
    Attributes,
    Check,
    Profile,
)
from cardiac.correction.changes import Changes
from cardiac.geometry import Spacing
from cardiac.reasons import Reason, sentence
from cardiac.shape.plausibility import BOUND
from cardiac.states import CORRECTIONS
from cardiac.temporal import Consistency
from cardiac.types import Array, BoolArray, Row

IMPLAUSIBLE = "implausible_shape"
"""Name of criterion 13, plausible shape, among those of `cardiac.anatomy.CRITERIA`."""
IMPLAUSIBLE_TITLE = "shape not plausible for a heart in this view"
_STRUCTURES = {0: "left ventricle", 6: "myocardium", 2: "left atrium"}
"""Columns of the criteria that need no other structure than this one."""


@dataclass(frozen=True, eq=False, slots=True)
class Certificate:
    """Every criterion and every attribute of a mask sequence, held against its bound.

    Attributes:
        profile: Bounds of the criteria.
        atrium: Whether an atrium is expected; without one its four criteria do not apply.
        criteria: Values and verdicts (T, 12).
        shape_distance: (T,) distance from the shapes that experts draw, in units of its bound
            (criterion 13); NaN where it has not been measured, which is no certificate.
        attributes: Attributes (T, 7) and the atrium's area.
        consistency: Second differences (T, 7) of the attributes, and the bounds in force.
        grid: (H, W) of the masks: criteria hold at the resolution at which they were measured.
        spacing: (row, column) pixel size in mm, or None.
        frame_interval_s: Seconds between frames, or None where unknown.
        changes: What was done to the masks; None for masks as they came.
        objections: Why the sequence is not certified although it may keep its bounds.
        notes: What did not apply, or was not known.
    """

    profile: Profile
    atrium: bool
    criteria: Check
    shape_distance: Array
    attributes: Attributes
    consistency: Consistency
    grid: tuple[int, int]
    spacing: Spacing | None = None
    frame_interval_s: float | None = None
    changes: Changes | None = None
    objections: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.criteria.values)

    @property
    def valid(self) -> BoolArray:
        """(T,) which frames meet all criteria, as far as they were measured."""
        return np.asarray(self.criteria.valid.all(axis=1) & ~self.implausible)

    @property
    def implausible(self) -> BoolArray:
        """(T,) which frames hold a shape that experts do not draw (criterion 13)."""
        return np.asarray(self.shape_distance > BOUND)

    @property
    def consistent(self) -> BoolArray:
        """(T,) which frames keep the temporal bound of every attribute."""
        return self.consistency.frames

    @property
    def certified(self) -> bool:
        """Whether every frame is valid and plausible and every attribute consistent."""
        return self.keeps_bounds and not self.objections and not np.isnan(self.shape_distance).any()

    @property
    def keeps_bounds(self) -> bool:
        """Whether every bound that was measured is kept."""
        return bool(self.valid.all()) and self.consistency.consistent

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the sequence is not certified: what was objected, then every broken bound."""
        missing = np.isnan(self.criteria.values) & ~self.criteria.valid
        failing, loose = ~self.criteria.valid & ~missing, np.asarray(~self.consistency.within)
        found = list(self.objections)
        for first, structure in _STRUCTURES.items():
            if missing[:, first].any():
                text = f"the {structure} is missing"
                found.append(Reason("structure_missing", text, _frames(missing[:, first])))
        for column in np.flatnonzero(failing.any(axis=0)):
            frames = _frames(failing[:, column])
            found.append(Reason(CRITERIA[column], TITLES[column], frames))
        implausible = self.implausible & ~missing.any(axis=1)
        if implausible.any():
            found.append(Reason(IMPLAUSIBLE, IMPLAUSIBLE_TITLE, _frames(implausible)))
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
            "grid": "×".join(map(str, self.grid)),
            "row_spacing_mm": None if self.spacing is None else self.spacing[0],
            "column_spacing_mm": None if self.spacing is None else self.spacing[1],
            "temporal_part": self._temporal_part,
            "atrial_part": "applied" if self.atrium else "not applicable",
            **{name: actions.count(name) if actions else None for name in CORRECTIONS},
            "notes": "; ".join(self.notes),
        }

    @property
    def _temporal_part(self) -> str:
        if not self.consistency.applicable:
            return "not applicable"
        return "applied" if self.consistency.applies.all() else "applied in part"

    def rows(self) -> list[Row]:
        """One row a frame: criteria, attributes, second differences, verdicts, what was done."""
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
            row[IMPLAUSIBLE] = _number(self.shape_distance[t])
            for column, name in enumerate(ATTRIBUTES):
                row[f"{name}_{_unit(name, units)}"] = _number(self.attributes.values[t, column])
            row[f"la_area_{_unit('lv_area', units)}"] = _number(self.attributes.la_area[t])
            for column, name in enumerate(ATTRIBUTES):
                row[f"d_{name}"] = _number(self.consistency.deviation[t, column])
            row["failed"] = " ".join(
                [CRITERIA[column] for column in np.flatnonzero(~self.criteria.valid[t])]
                + [IMPLAUSIBLE] * bool(self.implausible[t])
                + [ATTRIBUTES[column] for column in np.flatnonzero(~self.consistency.within[t])]
            )
            row["reason"] = self.attributes.reasons[t]
            rows.append(row)
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain numbers, texts and lists."""
        bounds = dict(zip(CRITERIA, self.profile.bounds, strict=True)) | {IMPLAUSIBLE: BOUND}
        temporal = dict(zip(ATTRIBUTES, self.consistency.bound.tolist(), strict=True))
        return {
            **self.summary(),
            "bounds": {"criteria": bounds, "temporal": temporal},
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
