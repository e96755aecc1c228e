"""The list of cases, filtered, sorted and cut into pages here: a page loads what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cardiac.apps.viewer.serialize import DECIDED
from cardiac.results import AuditEntry
from cardiac.results.run_folder import Texts
from cardiac.results.tables import number, shown_ef
from cardiac.states import Status
from cardiac.types import Data

COLUMNS = (
    ("id", "Case"),
    ("patient", "Patient"),
    ("view", "View"),
    ("ef", "EF (%)"),
    ("triage", "Triage"),
    ("certified", "Certificate"),
    ("uncertainty", "Uncertainty"),
    ("review", "Review"),
)
TRIAGE = {"accept": "● accept", "review": "▲ review", "reject": "■ reject"}
"""Told by form and word, not by colour."""
UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for.

    Attributes:
        text: Part of the id, patient, view or reason.
        review: Only cases with this decision; "" for all.
        triage: Only those with this triage; "" for all.
        certified: "yes", "no" or "".
        sort: Column to sort by; "" for the order of the run.
        descending: Whether to begin with the largest.
        page, size: Which page, from 1, of how many rows.
    """

    text: str = ""
    review: str = ""
    triage: str = ""
    certified: str = ""
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int = 25


def select(
    rows: list[Texts], decided: Mapping[str, AuditEntry], query: Query
) -> tuple[list[Data], int]:
    """One page of rows as the table shows them, and how many there are in all."""
    found = [row for row in rows if _wanted(row, decided, query)]
    if query.sort:
        # What is missing comes last, whichever way the others are sorted.
        found.sort(key=lambda row: _key(row, decided, query.sort), reverse=query.descending)
        found.sort(key=lambda row: _key(row, decided, query.sort)[0] == "")
    size = max(1, min(query.size or len(found), 100))
    start = (max(query.page, 1) - 1) * size
    return [shown(row, decided) for row in found[start : start + size]], len(found)


def shown(row: Texts, decided: Mapping[str, AuditEntry]) -> Data:
    """A row as the table shows it: what stands after the review, the run's values beside it."""
    found = _as_run(row) | {"review": DECIDED.get(_review(row, decided), UNDECIDED)}
    edit = _edit(row, decided)
    if edit is None:
        return found
    ef, certified = edit.details["lv_ef_percent"], bool(edit.details.get("certified"))
    return found | {
        "ef": f"{_short(ef, 0)} (run {found['ef']})",
        "triage": f"edited (run {found['triage']})",
        "certified": f"{_seal(certified=certified)} (run {found['certified']})",
        "why": str(edit.details.get("certificate") or ""),
    }


def _as_run(row: Texts) -> Data:
    failed = row["status"] != Status.OK
    return {
        "id": row["id"],
        "patient": row["patient"] or "–",
        "view": row["view"],
        "ef": "–" if failed else _ef(row),
        "triage": TRIAGE.get(row["triage"], row["triage"] or "–"),
        "certified": "failed" if failed else _seal(certified=_certified(row)),
        "uncertainty": _short(number(row["uncertainty"]), 2),
        "failed": failed,
        "why": row["reason"] if failed else row["triage_reasons"] or row["certificate"],
    }


def _edit(row: Texts, decided: Mapping[str, AuditEntry]) -> AuditEntry | None:
    """The edit of a case that was accepted last, if one stands."""
    entry = decided.get(row["id"])
    return entry if entry is not None and "lv_ef_percent" in entry.details else None


def _seal(certified: bool) -> str:
    return "✓ certified" if certified else "✗ not certified"


def _standing_ef(row: Texts, decided: Mapping[str, AuditEntry]) -> float | None:
    """The EF that stands, measured anew on masks that were edited."""
    edit = _edit(row, decided)
    if edit is not None:
        value = edit.details.get("lv_ef_percent")
        return None if value is None else float(value)
    return shown_ef(row)[0]


def _standing_certificate(row: Texts, decided: Mapping[str, AuditEntry]) -> bool:
    edit = _edit(row, decided)
    return _certified(row) if edit is None else bool(edit.details.get("certified"))


def _wanted(row: Texts, decided: Mapping[str, AuditEntry], query: Query) -> bool:
    text = query.text.casefold().strip()
    told = (row["id"], row["patient"], row["view"], row["reason"], row["triage_reasons"])
    return (
        (not text or any(text in part.casefold() for part in told))
        and (not query.review or _review(row, decided) == query.review)
        and (not query.triage or row["triage"] == query.triage)
        and (
            not query.certified or _standing_certificate(row, decided) == (query.certified == "yes")
        )
    )


def _key(row: Texts, decided: Mapping[str, AuditEntry], column: str) -> tuple[str, float, str]:
    """Sorts numbers as numbers, words as words; begins with "" for what is missing."""
    if column in ("ef", "uncertainty"):
        value = _standing_ef(row, decided) if column == "ef" else number(row[column])
        return ("", 0.0, "") if value is None else ("n", value, "")
    if column == "review":
        return "w", 0.0, _review(row, decided)
    word = row.get(column, "")
    return ("w", 0.0, word.casefold()) if word else ("", 0.0, "")


def _review(row: Texts, decided: Mapping[str, AuditEntry]) -> str:
    entry = decided.get(row["id"])
    return UNDECIDED if entry is None else entry.action


def _certified(row: Texts) -> bool:
    return row["certified"] == "true"


def _ef(row: Texts) -> str:
    value, uncalibrated = shown_ef(row)
    low, high = (number(row.get(f"lv_ef_percent_{end}")) for end in ("low", "high"))
    if uncalibrated:
        return f"{_short(value, 0)} (no pixel size)"
    interval = "" if low is None or high is None else f" ({low:.0f} to {high:.0f})"
    return _short(value, 0) + interval


def _short(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
