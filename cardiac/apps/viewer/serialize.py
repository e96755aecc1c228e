"""Cases and edits as plain numbers and texts, for the pages."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from cardiac.anatomy import ATTRIBUTES
from cardiac.apps.viewer.session import Preview, Session
from cardiac.apps.viewer.sliders import Slider
from cardiac.clinical import Indices
from cardiac.correction.certificate import Certificate
from cardiac.report.page.curves import curves, numbers
from cardiac.report.page.verdicts import certificate_table, index_table
from cardiac.results import AuditEntry, OpenedCase, layout
from cardiac.results.tables import frame_numbers, number
from cardiac.types import Data

DECIDED = {
    "accept": "accepted",
    "edit": "edited and accepted",
    "reject": "rejected",
    "withdraw": "undecided again",
}
"""How a decision reads once it was made."""


def frames(text: str | None) -> list[int]:
    """Frame numbers of a cell of a table."""
    return list(frame_numbers(text))


def state(session: Session, run: Session, case: OpenedCase) -> Data:
    """Certificate, indices, curves and history of edits as they are now.

    Args:
        session: The edits.
        run: A session on the masks of the run, of which only the beginning counts.
        case: The case.
    """
    now, before = session.state, run.original
    return {
        **verdict(now.certificate, session.indices),
        "run": verdict(before.certificate, run.original_indices),
        "certificate": certificate_table(now.certificate, before.certificate),
        "indices": _indices(session.indices, run.original_indices, case),
        "curves": _curves(now.certificate, before.certificate, case),
        "changed": np.flatnonzero(session.changed).tolist(),
        "keys": sorted(now.keys),
        "told": session.told(),
        "canUndo": session.can_undo,
        "canRedo": session.can_redo,
        "last": now.told,
    }


def verdict(certificate: Certificate, indices: Indices) -> Data:
    """What is said of masks in a line: EF and volumes, certified or why not."""
    return {
        "certified": certificate.certified,
        "reason": certificate.reason,
        "ef": _rounded(indices.lv_ef_percent),
        "edv": _rounded(indices.lv_edv_ml),
        "esv": _rounded(indices.lv_esv_ml),
        "fac": _rounded(indices.lv_fac_percent),
        "ed": list(indices.ed_frames),
        "es": list(indices.es_frames),
    }


def preview(found: Preview) -> Data:
    """What a slider shows while it is dragged."""
    return {
        **verdict(found.certificate, found.indices),
        "frame": found.frame,
        "values": {
            name: numbers(column) for name, column in zip(ATTRIBUTES, found.values.T, strict=True)
        },
    }


def slider(one: Slider) -> Data:
    """One slider."""
    return asdict(one)


def decision(entry: AuditEntry) -> Data:
    """One decision of the record."""
    return {
        "decision": entry.action,
        "reads": DECIDED.get(entry.action, entry.action),
        "who": entry.who,
        "when": entry.when,
        "note": entry.note,
        "mask": entry.after.path if entry.after else "",
        "frames": len(entry.details.get("frames_changed", ())),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 1)


def _indices(now: Indices, before: Indices, case: OpenedCase) -> Data:
    told = index_table(now)
    for row in told["rows"]:
        row["run"] = before.values.get(row["key"])
        if row["value"] == row["run"]:
            # The run's interval holds for the run's number only.
            for end in ("low", "high"):
                row[end] = number(case.row.get(f"{row['key']}_{end}"))
    return told


def _curves(now: Certificate, before: Certificate, case: OpenedCase) -> list[Data]:
    told = [number(row.get("uncertainty")) for row in case.frames]
    known = len(told) == len(now) and any(score is not None for score in told)
    scores = np.array([np.nan if score is None else score for score in told])
    return curves(now, before, scores if known else None)


def network_lines(
    folder: Path, name: str, count: int, size: tuple[int, int]
) -> list[dict[str, list[list[int]]] | None] | None:
    """Outlines of every frame for an image of this size; None where the report has none.

    Args:
        folder: Of the run.
        name: Id of the case, which must be one of the run's.
        count: Number of frames.
        size: (h, w) of the image that the lines are for.
    """
    try:
        told = json.loads(layout.case_file(folder, name).read_text("ascii"))
        layers = {layer["key"]: layer["lines"] for layer in told["layers"]}
        scale = size[1] / told["size"][1]
        found: list[dict[str, list[list[int]]] | None] = [None] * count
        for place, t in enumerate(told["shown"]):
            # None stands for the written outline, which the network's is in most frames.
            lines = layers["network"][place] or layers["written"][place]
            found[t] = {
                key: [_scaled(path, scale) for path in paths] for key, paths in lines.items()
            }
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None
    return found


def _scaled(path: list[Any], scale: float) -> list[int]:
    """A packed polyline (first point, then steps) on a grid that is finer by a factor."""
    points = np.array(path, dtype=float).reshape(-1, 2).cumsum(axis=0)
    tenths = np.rint(points * scale).astype(int)
    return [int(v) for v in np.concatenate([tenths[:1], np.diff(tenths, axis=0)]).ravel()]
