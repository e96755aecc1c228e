"""Certificate and indices as tables for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cardiac.anatomy import ATTRIBUTE_TITLES, ATTRIBUTES
from cardiac.anatomy.criteria import TITLES as CRITERIA_TITLES
from cardiac.anatomy.profiles.profile import AT_LEAST
from cardiac.clinical.catalogue import ON_PAGE
from cardiac.report.page.curves import numbers
from cardiac.types import Data

if TYPE_CHECKING:
    from cardiac.clinical import Indices
    from cardiac.correction.certificate import Certificate
    from cardiac.study import Assessment
    from cardiac.uncertainty.intervals import Intervals
    from cardiac.uncertainty.result import Uncertainty


def certificate_table(after: Certificate, before: Certificate | None = None) -> Data:
    """The certificate: each criterion and each attribute, before correction and after."""
    changes = after.changes
    return {
        "certified": after.certified,
        "reason": after.reason,
        "notes": list(after.notes),
        "profile": after.profile.name,
        "corrected": before is not None,
        "before": None
        if before is None
        else {"certified": before.certified, "reason": before.reason},
        "rows": [*_criteria(after, before), *_attributes(after, before)],
        "actions": None if changes is None else list(changes.actions),
        "dice": None if changes is None else numbers(changes.dice),
        "moved": None if changes is None else numbers(changes.displacement, 3),
        "units": after.attributes.units,
    }


def _criteria(after: Certificate, before: Certificate | None) -> list[Data]:
    rows = []
    for column, title in enumerate(CRITERIA_TITLES):
        least = column in AT_LEAST
        bound = after.profile.bounds[column]
        row: Data = {
            "kind": "shape",
            "title": title,
            "bound": f"{'≥' if least else '≤'} {bound:.3g}",
        }
        for key, one in (("before", before), ("after", after)):
            row[key] = one and _of_criterion(one, column, least=least)
        rows.append(row)
    return rows


def _of_criterion(certificate: Certificate, column: int, *, least: bool) -> Data:
    values = certificate.criteria.values[:, column]
    known = values[np.isfinite(values)]
    worst = None if not known.size else known.min() if least else known.max()
    return {
        "worst": None if worst is None else float(f"{worst:.3g}"),
        "bad": np.flatnonzero(~certificate.criteria.valid[:, column]).tolist(),
    }


def _attributes(after: Certificate, before: Certificate | None) -> list[Data]:
    if not after.consistency.applicable:
        return []
    rows = []
    for column, name in enumerate(ATTRIBUTES):
        bound = after.consistency.bound[column]
        row: Data = {"kind": "time", "title": ATTRIBUTE_TITLES[name], "bound": f"≤ {bound:.3g}"}
        for key, one in (("before", before), ("after", after)):
            row[key] = one and _of_attribute(one, column)
        rows.append(row)
    return rows


def _of_attribute(certificate: Certificate, column: int) -> Data:
    bends = np.abs(certificate.consistency.deviation[:, column])
    known = bends[np.isfinite(bends)]
    return {
        "worst": float(f"{known.max():.3g}") if known.size else None,
        "bad": np.flatnonzero(~certificate.consistency.within[:, column]).tolist(),
    }


def index_table(indices: Indices, intervals: Intervals | None = None) -> Data:
    """The indices with intervals, or why there is none."""
    found = intervals.numbers() if intervals else {}
    rows = []
    for index in ON_PAGE:
        key, value = index.name, indices.values.get(index.name)
        if value is None and index.optional:
            continue
        reason = indices.reasons.get(key)
        rows.append(
            {
                "key": key,
                "title": index.title,
                "unit": index.unit,
                "digits": index.digits,
                "value": None if value is None else float(value),
                "low": found.get(f"{key}_low"),
                "high": found.get(f"{key}_high"),
                "reason": "" if value is not None else str(reason or "not measured"),
            }
        )
    return {
        "convention": str(indices.convention),
        "level": intervals.level if intervals else None,
        "beats": indices.n_beats,
        "warnings": [str(warning) for warning in indices.warnings],
        "rows": rows,
    }


def verdict(assessment: Assessment | None, uncertainty: Uncertainty | None) -> Data | None:
    """Triage, reasons and uncertainty; None where it was not asked for."""
    if assessment is None or uncertainty is None:
        return None
    return {
        "triage": assessment.triage,
        "reasons": [str(reason) for reason in assessment.triage_reasons],
        "uncertainty": float(f"{uncertainty.score:.4g}"),
        "method": uncertainty.method,
        "out_of_distribution": uncertainty.out_of_distribution,
    }
