"""What was measured on written masks, and whether it keeps every bound."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from cardiac.anatomy import ATTRIBUTES, CRITERIA, TITLES, Attributes, Check, Profile
from cardiac.anatomy.frame import BoolArray
from cardiac.certificate.changes import ACTIONS, Changes
from cardiac.temporal import Consistency

Row = dict[str, object]


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
    objections: tuple[str, ...] = ()
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
    def reason(self) -> str:
        """Why the sequence is not certified; "" where it is."""
        missing = np.isnan(self.criteria.values)
        failing, loose = ~self.criteria.valid & ~missing, np.asarray(~self.consistency.within)
        parts = list(self.objections)
        lacking = np.asarray((missing & ~self.criteria.valid).any(axis=1))
        if lacking.any():
            parts.append(f"a structure is missing {_frames(lacking)}")
        parts += [
            f"{TITLES[column]} {_frames(failing[:, column])}"
            for column in np.flatnonzero(failing.any(axis=0))
        ]
        if loose.any():
            names = [ATTRIBUTES[column] for column in np.flatnonzero(loose.any(axis=0))]
            parts.append(f"{', '.join(names)} not steady in time {_frames(~self.consistent)}")
        return "; ".join(parts)

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
            **{name: actions.count(name) if actions else None for name in ACTIONS},
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


def _frames(which: BoolArray) -> str:
    found = np.flatnonzero(which)
    shown = ", ".join(map(str, found[:5]))
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f"in frame{'s' * (len(found) > 1)} {shown}{more}"


def _unit(name: str, units: str) -> str:
    if name == "lv_orientation":
        return "deg"
    return f"{units}2" if name.endswith("area") else units


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
