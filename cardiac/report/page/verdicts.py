"""Certificate and indices as tables for a reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cardiac.anatomy import ATTRIBUTE_TITLES, ATTRIBUTES
from cardiac.anatomy.criteria import TITLES as CRITERIA_TITLES
from cardiac.anatomy.profiles.profile import AT_LEAST
from cardiac.report.page.curves import numbers

if TYPE_CHECKING:
    from cardiac.correction.certificate import Certificate
    from cardiac.study import Study

Data = dict[str, Any]


class Named(NamedTuple):
    """How an index is shown: its name, unit and number of decimals."""

    title: str
    unit: str
    digits: int


INDICES = {
    "lv_ef_percent": Named("Ejection fraction (EF)", "%", 0),
    "lv_edv_ml": Named("End-diastolic volume (EDV)", "mL", 0),
    "lv_esv_ml": Named("End-systolic volume (ESV)", "mL", 0),
    "lv_edv_index_ml_m2": Named("EDV per body surface", "mL/m²", 0),
    "lv_esv_index_ml_m2": Named("ESV per body surface", "mL/m²", 0),
    "lv_fac_percent": Named("Fractional area change (FAC)", "%", 0),
    "ef_area_length_uncalibrated": Named("EF by area and length, uncalibrated", "%", 0),
    "lv_area_ed_cm2": Named("LV area, ED", "cm²", 1),
    "lv_area_es_cm2": Named("LV area, ES", "cm²", 1),
    "lv_length_ed_mm": Named("LV length, ED", "mm", 0),
    "lv_length_es_mm": Named("LV length, ES", "mm", 0),
    "lv_length_change_percent": Named("Change of the long axis", "%", 1),
    "gls_contour_percent": Named("Strain of the contour (not speckle tracking)", "%", 1),
    "myo_area_ed_cm2": Named("Myocardial area, ED", "cm²", 1),
    "wall_thickness_ed_mm": Named("Wall thickness, ED, mean", "mm", 1),
    "wall_thickness_left_ed_mm": Named("Wall thickness, ED, image left", "mm", 1),
    "wall_thickness_right_ed_mm": Named("Wall thickness, ED, image right", "mm", 1),
    "la_area_es_cm2": Named("LA area, ES", "cm²", 1),
    "la_length_es_mm": Named("LA length, ES", "mm", 0),
    "la_volume_es_ml": Named("LA volume, ES", "mL", 0),
    "la_volume_index_ml_m2": Named("LA volume per body surface", "mL/m²", 0),
    "heart_rate_bpm": Named("Heart rate", "/min", 0),
}
"""Every index in the order of the table."""
_ONLY_IF_KNOWN = ("ef_area_length_uncalibrated",)
_ATTRIBUTE = re.compile(rf"\b({'|'.join(ATTRIBUTE_TITLES)})\b")


def readable(text: str) -> str:
    """A reason with the names of attributes as a reader calls them."""
    return _ATTRIBUTE.sub(lambda found: ATTRIBUTE_TITLES[found[0]], text)


def certificate_table(study: Study) -> Data:
    """The certificate: each criterion and each attribute, before correction and after."""
    after, before = study.certificate, study.before
    changes = after.changes
    return {
        "certified": after.certified,
        "reason": readable(after.reason),
        "notes": list(after.notes),
        "profile": after.profile.name,
        "corrected": before is not None,
        "before": None
        if before is None
        else {"certified": before.certified, "reason": readable(before.reason)},
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


def index_table(study: Study) -> Data:
    """The indices with intervals, or why there is none."""
    indices, assessment = study.indices, study.assessment
    intervals = assessment.intervals if assessment else None
    found = intervals.numbers() if intervals else {}
    rows = []
    for key, (title, unit, digits) in INDICES.items():
        value = getattr(indices, key)
        if value is None and key in _ONLY_IF_KNOWN:
            continue
        rows.append(
            {
                "key": key,
                "title": title,
                "unit": unit,
                "digits": digits,
                "value": None if value is None else float(value),
                "low": found.get(f"{key}_low"),
                "high": found.get(f"{key}_high"),
                "reason": "" if value is not None else indices.reasons.get(key, "not measured"),
            }
        )
    return {
        "convention": str(indices.convention),
        "level": intervals.level if intervals else None,
        "beats": indices.n_beats,
        "warnings": list(indices.warnings),
        "rows": rows,
    }


def verdict(study: Study) -> Data | None:
    """Traffic light, reasons and uncertainty; None where it was not asked for."""
    assessment = study.assessment
    if assessment is None:
        return None
    return {
        "light": str(assessment.verdict.light),
        "reasons": [readable(reason) for reason in assessment.verdict.reasons],
        "uncertainty": float(f"{assessment.uncertainty.score:.4g}"),
        "method": assessment.uncertainty.method,
        "out_of_bank": assessment.uncertainty.out_of_bank,
    }
