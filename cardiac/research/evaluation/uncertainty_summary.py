"""Tables of an evaluation: one row per group and method, one per group and index."""

from __future__ import annotations

from typing import Any

import numpy as np

from cardiac.research.evaluation.uncertainty_measures import (
    auroc,
    correlation,
    risk_after_referral,
    risk_coverage,
)
from cardiac.research.evaluation.uncertainty_record import MethodRecord, Record

POOR, FAIR, WRONG_EF = 0.85, 0.90, 10.0
"""Dice below which a mask is poor or only fair, and EF error in points that is wrong."""


def method_rows(record: Record) -> list[dict[str, Any]]:
    """Figures of every method in every group; None where a group cannot tell."""
    return [
        {"group": group, "method": method, **figures(found)}
        for (group, method), found in record.methods.items()
    ]


def figures(found: MethodRecord) -> dict[str, Any]:
    """Figures of one method in one group.

    ``correlation_plain`` is that of the mean over the whole foreground, in which the atrium
    counts less. Areas under risk–coverage curves are mean risks over all coverages;
    ``referral`` is how much the mean EF error falls when the most uncertain fifth of the cases
    goes to a person.
    """
    scores, dice = np.array(found.scores), np.array(found.dice)
    errors = np.array(found.ef_errors)
    known = np.isfinite(errors)
    case = np.array(found.case_scores)[known]
    errors = errors[known]
    return {
        "frames": len(scores),
        "correlation": correlation(scores, dice),
        "correlation_plain": correlation(np.array(found.plain), dice),
        "ece": found.tally.calibration_error,
        "mutual_information": found.tally.mutual_information,
        "overlap": float(np.mean(found.overlaps)) if found.overlaps else None,
        "risk_dice": float(risk_coverage(scores, 1 - dice)[1].mean()),
        "auroc_poor": auroc(scores, dice < POOR),
        "auroc_fair": auroc(scores, dice < FAIR),
        "cases": len(errors),
        "risk_ef": float(risk_coverage(case, errors)[1].mean()) if len(errors) else None,
        "auroc_ef": auroc(case, errors > WRONG_EF) if len(errors) else None,
        "referral": risk_after_referral(case, errors) if len(errors) else None,
        "ms_per_frame": 1000 * found.seconds / max(len(scores), 1),
    }


def interval_summary(record: Record) -> list[dict[str, Any]]:
    """Coverage and mean width of the intervals by group and index."""
    keys = dict.fromkeys((row["group"], row["index"]) for row in record.intervals)
    result = []
    for group, index in keys:
        rows = [r for r in record.intervals if (r["group"], r["index"]) == (group, index)]
        have = [r for r in rows if r["low"] is not None]
        inside = [r["low"] <= r["truth"] <= r["high"] for r in have]
        widths = [r["high"] - r["low"] for r in have]
        result.append(
            {
                "group": group,
                "index": index,
                "n": len(have),
                "missing": len(rows) - len(have),
                "coverage": float(np.mean(inside)) if have else None,
                "width": float(np.mean(widths)) if have else None,
                "mae": float(np.mean([abs(r["value"] - r["truth"]) for r in have]))
                if have
                else None,
            }
        )
    return result


def markdown(rows: list[dict[str, Any]]) -> str:
    """A table of rows with the same keys."""
    if not rows:
        return "no rows\n"
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row[n]) for n in names) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
