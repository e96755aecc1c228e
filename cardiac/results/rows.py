"""Rows of the tables: what is known of a sequence, a patient and a frame, column by column."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from cardiac.clinical import INDEX, Indices, combine_views
from cardiac.clinical.catalogue import NAMES
from cardiac.errors import CardiacError
from cardiac.io import InputItem
from cardiac.reasons import Reason, sentence
from cardiac.sequence import View
from cardiac.states import CORRECTIONS, Level, Phase, Status, Triage, ViewSource
from cardiac.types import Row

if TYPE_CHECKING:
    from cardiac.study import Study
    from cardiac.uncertainty.intervals import Intervals

UNCALIBRATED = "the file has no pixel size"
CERTIFICATE, TRIAGE, WARNING, STATUS = "certificate", "triage", "warning", "status"
"""What a reason in the column ``reasons`` is about, where it is not an index by its name."""
DISAGREEMENTS = ("long_axes_differ", "edv_disagree", "esv_disagree", "ef_disagree")
"""Warnings of two views that a person must look at."""
Reasons = list[tuple[str, Reason]]
"""Reasons of a row, each with what it is about."""


def index_row(study: Study, name: str, item: InputItem | None = None) -> Row:
    """The sequence's row of ``indices.csv``."""
    sequence, indices = study.sequence, study.indices
    spacing = sequence.spacing or (None, None)
    interval = sequence.frame_interval_s
    return (
        {
            "id": name,
            "level": Level.SEQUENCE,
            "patient": (item.patient if item else None) or sequence.subject.id,
            "view": str(sequence.view),
            **_viewed(study),
            "status": Status.OK,
            "convention": str(indices.convention),
            "n_frames": len(sequence),
            "frame_interval_ms": None if interval is None else 1000 * interval,
            "spacing_row_mm": spacing[0],
            "spacing_column_mm": spacing[1],
            "notes": "; ".join(sequence.notes),
            "source": None if sequence.source is None else sequence.source.name,
            "reasons": reasons_cell(_reasons_of(study)),
        }
        | _certified(study)
        | _assessed(study)
        | _measured(indices)
    )


def _viewed(study: Study) -> Row:
    """Who says which view it is, and what the picture itself says."""
    sequence, shown = study.sequence, study.shown
    source = sequence.view_source or (None if sequence.view is View.UNKNOWN else ViewSource.TAG)
    if shown is None:
        return {"view_source": source}
    return {
        "view_source": source,
        "view_probability": shown.probability_of(sequence.view),
        "mirrored": shown.mirrored,
    }


def failed_row(item: InputItem, error: CardiacError) -> Row:
    """The row of an input that could not be processed."""
    # Without the path, which tells of somebody's disk.
    told = str(CardiacError(error.message, hint=error.hint))
    reason = Reason(_snake(type(error).__name__), told, general=error.message)
    return {
        "id": item.id,
        "level": Level.SEQUENCE,
        "patient": item.patient,
        "view": str(item.view or View.UNKNOWN),
        "status": Status.FAILED,
        "reason": str(error),
        "source": item.path.name,
        "reasons": reasons_cell([(STATUS, reason)]),
    }


def patient_rows(
    studies: Iterable[tuple[Row, Indices, float | None]],
    intervals: Mapping[str, Intervals | None] | None = None,
) -> list[Row]:
    """A biplane row for every patient with one four-chamber and one two-chamber sequence.

    Args:
        studies: Row of ``indices.csv``, indices and body surface area (m²) of each sequence.
        intervals: Of the indices of each sequence, by its id.

    Returns:
        Rows of level ``patient``. Where a view has several sequences (rest and stress, say),
        which of them belong together is not known, and the views are not combined.
    """
    known = intervals or {}
    found: dict[str, dict[str, list[_View]]] = {}
    for row, indices, bsa in studies:
        if row.get("patient") and row["view"] in (View.A4C, View.A2C):
            views = found.setdefault(str(row["patient"]), {})
            one = _View(row, indices, bsa, known.get(str(row["id"])))
            views.setdefault(str(row["view"]), []).append(one)
    rows = []
    for patient, views in found.items():
        if sorted(len(views.get(view, ())) for view in (View.A4C, View.A2C)) == [1, 1]:
            rows.append(_patient_row(patient, views[View.A4C][0], views[View.A2C][0]))
    return rows


class _View(NamedTuple):
    """One of the two sequences of a patient."""

    row: Row
    indices: Indices
    bsa_m2: float | None
    intervals: Intervals | None


def _patient_row(patient: str, four: _View, two: _View) -> Row:
    """The biplane row of two views; without numbers where one of them is to be rejected."""
    combined = combine_views(four.indices, two.indices, bsa_m2=four.bsa_m2 or two.bsa_m2)
    rejected = [one for one in (four, two) if one.row.get("triage") == Triage.REJECT]
    if rejected:
        views = " and ".join(str(one.row["view"]) for one in rejected)
        why = Reason("view_rejected", f"the triage of {views} is reject")
        combined = replace(combined, values={}, reasons=dict.fromkeys(NAMES, why), stacks={})
    triage, triage_reasons = _patient_triage(combined, four, two)
    certified = [one.row.get("certified") for one in (four, two)]
    told = [
        f"{one.row['view']}: {text}" for one in (four, two) if (text := one.row.get("certificate"))
    ]
    row: Row = {
        "id": patient,
        "level": Level.PATIENT,
        "patient": patient,
        "status": Status.OK,
        "view": combined.view,
        "convention": str(combined.convention),
        "triage": triage,
        "triage_reasons": sentence(triage_reasons),
        "certified": None if None in certified else all(certified),
        "certificate": "; ".join(told),
        "reasons": reasons_cell([(TRIAGE, why) for why in triage_reasons] + _of_indices(combined)),
    }
    bounds = {} if rejected else _biplane_bounds(combined, four.intervals, two.intervals)
    return row | _measured(combined) | bounds


def _patient_triage(
    combined: Indices, four: _View, two: _View
) -> tuple[Triage | None, tuple[Reason, ...]]:
    """The worse triage of the two views, or review where they do not agree with each other."""
    levels = [one.row.get("triage") for one in (four, two)]
    if not all(levels):
        return None, ()
    reasons = [
        Reason(f"view_{level}", f"the triage of {one.row['view']} is {level}")
        for one, level in zip((four, two), levels, strict=True)
        if level != Triage.ACCEPT
    ]
    apart = [warning for warning in combined.warnings if warning.code in DISAGREEMENTS]
    if Triage.REJECT in levels:
        return Triage.REJECT, (*reasons, *apart)
    if reasons or apart:
        return Triage.REVIEW, (*reasons, *apart)
    return Triage.ACCEPT, ()


def frame_rows(study: Study, name: str) -> list[Row]:
    """The sequence's rows of ``frames.csv``."""
    from cardiac.anatomy import ATTRIBUTES

    sequence, attributes, indices = study.sequence, study.certificate.attributes, study.indices
    calibrated = attributes.units == "mm"
    pixel = math.prod(sequence.spacing) if sequence.spacing else 1.0
    rows = []
    for t in range(len(sequence)):
        row: Row = {
            "id": name,
            "frame": t,
            "time_s": None if sequence.times is None else float(sequence.times[t]),
            "phase": _phase(t, indices),
            "lv_area_px": _count(attributes["lv_area"][t] / pixel),
            "la_area_px": _count(attributes["la_area"][t] / pixel),
            "reason": "; ".join(
                filter(None, [attributes.reasons[t], "" if calibrated else UNCALIBRATED])
            ),
        }
        for attribute in (*ATTRIBUTES, "la_area"):
            unit = _unit(attribute)
            if calibrated or unit == "deg":
                row[f"{attribute}_{unit}"] = float(attributes[attribute][t])
        rows.append(row | _judged(study, t))
    return rows


def reasons_cell(reasons: Reasons) -> str:
    """Reasons as JSON for the column ``reasons``; one that several indices share stands once."""
    grouped: dict[Reason, list[str]] = {}
    for about, reason in reasons:
        grouped.setdefault(reason, []).append(about)
    told = [{"about": about} | reason.plain() for reason, about in grouped.items()]
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False) if told else ""


def read_reasons(cell: str | None) -> Reasons:
    """The reasons in a cell of the column ``reasons``; none where it is empty or not ours."""
    try:
        told = json.loads(cell or "[]")
        return [(str(about), Reason.of(one)) for one in told for about in one["about"]]
    except (ValueError, KeyError, TypeError):
        return []


def _reasons_of(study: Study) -> Reasons:
    found = [(CERTIFICATE, reason) for reason in study.certificate.reasons]
    if study.assessment is not None:
        found += [(TRIAGE, reason) for reason in study.assessment.triage_reasons]
    return found + _of_indices(study.indices)


def _of_indices(indices: Indices) -> Reasons:
    found = [(WARNING, reason) for reason in indices.warnings]
    return found + list(_missing(indices).items())


def _missing(indices: Indices) -> dict[str, Reason]:
    """Reasons of the indices that should be there and are not."""
    return {name: why for name, why in indices.reasons.items() if not INDEX[name].optional}


def _assessed(study: Study) -> Row:
    assessment = study.assessment
    if assessment is None or study.uncertainty is None:
        return {}
    row: Row = {
        "triage": assessment.triage,
        "triage_reasons": sentence(assessment.triage_reasons),
        "uncertainty": study.uncertainty.score,
        "out_of_distribution": study.uncertainty.out_of_distribution,
    }
    return row | dict(assessment.intervals.numbers() if assessment.intervals else {})


def _certified(study: Study) -> Row:
    certificate = study.certificate
    changes = certificate.changes
    return {
        "certified": certificate.certified,
        "certificate": "; ".join(filter(None, [certificate.reason, *certificate.notes])),
    } | {
        f"frames_{action}": changes.actions.count(action) if changes else None
        for action in CORRECTIONS
    }


def _measured(indices: Indices) -> Row:
    missing: dict[Reason, list[str]] = {}
    for name, reason in _missing(indices).items():
        missing.setdefault(reason, []).append(name)
    return {
        "reason": "; ".join(f"{reason}: {', '.join(names)}" for reason, names in missing.items()),
        "n_beats": indices.n_beats,
        "ed_frames": ";".join(map(str, indices.ed_frames)),
        "es_frames": ";".join(map(str, indices.es_frames)),
        "warnings": sentence(indices.warnings),
        **indices.numbers(),
    }


def _biplane_bounds(combined: Indices, first: Intervals | None, second: Intervals | None) -> Row:
    from cardiac.uncertainty.intervals import combined_intervals

    if first is None or second is None:
        return {}
    return dict(combined_intervals(combined, (first, second)).numbers())


def _judged(study: Study, t: int) -> Row:
    """What the certificate says of a frame, and what the correction did to it."""
    certificate = study.certificate
    row: Row = {
        "valid": bool(certificate.criteria.valid[t].all()),
        "consistent": bool(certificate.consistency.within[t].all()),
    }
    if (changes := certificate.changes) is not None:
        row["action"] = changes.actions[t]
        row["dice_to_network"] = float(changes.dice[t])
        row[f"displacement_{certificate.attributes.units}"] = float(changes.displacement[t])
    if study.uncertainty is not None:
        row["uncertainty"] = float(study.uncertainty.scores[t])
    return row


def _unit(attribute: str) -> str:
    if attribute.endswith("area"):
        return "mm2"
    return "deg" if attribute.endswith("orientation") else "mm"


def _count(value: float) -> int | None:
    return None if math.isnan(value) else round(value)


def _phase(frame: int, indices: Indices) -> str:
    if frame in indices.ed_frames:
        return Phase.ED
    return Phase.ES if frame in indices.es_frames else ""


def _snake(name: str) -> str:
    """UnreadableFileError as unreadable_file."""
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in name).split()
    return "_".join(word.lower() for word in words if word != "Error")
