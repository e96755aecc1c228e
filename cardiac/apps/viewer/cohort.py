"""The list of cases, filtered, sorted and cut into pages here: a page loads what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cardiac.apps.viewer.words import DECIDED
from cardiac.results import AuditEntry
from cardiac.results.run_folder import Texts
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
    """A row as the table shows it."""
    failed = row["status"] != "ok"
    return {
        "id": row["id"],
        "patient": row["patient"] or "–",
        "view": row["view"],
        "ef": "–" if failed else _ef(row),
        "triage": TRIAGE.get(row["triage"], row["triage"] or "–"),
        "certified": "failed"
        if failed
        else "✓ certified"
        if _certified(row)
        else "✗ not certified",
        "uncertainty": _short(row["uncertainty"]),
        "review": DECIDED.get(_review(row, decided), UNDECIDED),
        "failed": failed,
        "why": row["reason"] if failed else row["triage_reasons"] or row["certificate"],
    }


def _wanted(row: Texts, decided: Mapping[str, AuditEntry], query: Query) -> bool:
    text = query.text.casefold().strip()
    told = (row["id"], row["patient"], row["view"], row["reason"], row["triage_reasons"])
    return (
        (not text or any(text in part.casefold() for part in told))
        and (not query.review or _review(row, decided) == query.review)
        and (not query.triage or row["triage"] == query.triage)
        and (not query.certified or _certified(row) == (query.certified == "yes"))
    )


def _key(row: Texts, decided: Mapping[str, AuditEntry], column: str) -> tuple[str, float, str]:
    """Sorts numbers as numbers, words as words; begins with "" for what is missing."""
    if column in ("ef", "uncertainty"):
        text = row["lv_ef_percent" if column == "ef" else column]
        return ("n", float(text), "") if text else ("", 0.0, "")
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
    value, low, high = (row.get(f"lv_ef_percent{end}", "") for end in ("", "_low", "_high"))
    if not value:
        return "–"
    interval = f" ({float(low):.0f} to {float(high):.0f})" if low and high else ""
    return f"{float(value):.0f}{interval}"


def _short(text: str) -> str:
    return f"{float(text):.2f}" if text else "–"
