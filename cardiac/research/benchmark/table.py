"""From results to one table: groups of cines × methods."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cardiac.anatomy.overlap import REGIONS
from cardiac.io.files import write_atomically

Record = dict[str, Any]
COLUMNS = (
    ("Dice LV · epi · LA", "{:.3f}", tuple(f"dice_{name}" for name in REGIONS)),
    ("HD mm LV · epi · LA", "{:.1f}", tuple(f"hausdorff_mm_{name}" for name in REGIONS)),
    (
        "invalid % frames · seq.",
        "{:.0f}",
        ("invalid_frames_percent", "invalid_sequences_percent"),
    ),
    (
        "inconsistent % frames · seq.",
        "{:.0f}",
        ("inconsistent_frames_percent", "inconsistent_sequences_percent"),
    ),
    (
        "by the reference's attributes",
        "{:.0f}",
        ("inconsistent_frames_reference_percent", "inconsistent_sequences_reference_percent"),
    ),
    ("error mL EDV · ESV", "{:.1f}", ("edv_mae_ml", "esv_mae_ml")),
    ("error points EF", "{:.1f}", ("ef_mae_points",)),
    ("frames off ED · ES", "{:.1f}", ("ed_error_frames", "es_error_frames")),
    ("s", "{:.1f}", ("seconds",)),
)
"""Columns of the Markdown table: title, format, and the figures side by side in a cell."""
ALL = ("clean", "images", "masks")


@dataclass(frozen=True)
class Row:
    """One method on one group of cines.

    Attributes:
        group: "clean", "images, grade 2", "shadow:2", "masks, bite:1" ...
        summary: Whether the group gathers several kinds.
        method: Name of the method.
        cines: Number of cines.
        values: Figures by name; None where none of the cines has it.
    """

    group: str
    summary: bool
    method: str
    cines: int
    values: dict[str, float | None]


def groups_of(cine: Record) -> list[tuple[str, bool]]:
    """Groups that a cine counts in, and whether each is a summary."""
    images, masks = cine["corruptions"], cine["mask_corruptions"]
    if not images and not masks:
        return [("clean", True)]
    what, requests = ("images", images) if images else ("masks", masks)
    if "+" in requests or (images and masks):
        title = " + ".join(part for part in (images, masks) if part).replace("+", " + ")
        return [(what, True), (f"{what}, combined", True), (f"{what}, {_spaced(title)}", False)]
    grade = requests.partition(":")[2] or "2"
    return [
        (what, True),
        (f"{what}, grade {grade}", True),
        (f"{what}, {requests}", False),
    ]


def _spaced(text: str) -> str:
    return " ".join(text.split())


def summarise(records: Sequence[Record]) -> list[Row]:
    """Figures of every group and method: the summaries first, then each kind and grade."""
    members: dict[tuple[str, bool], dict[str, list[Record]]] = {}
    for record in records:
        for group in groups_of(record["cine"]):
            members.setdefault(group, {}).setdefault(record["method"], []).append(record["scores"])
    rows = []
    for found in sorted(members, key=_order):
        name, summary = found
        for method, scores in members[found].items():
            rows.append(Row(name, summary, method, len(scores), figures(scores)))
    return rows


def _order(group: tuple[str, bool]) -> tuple[bool, int, str]:
    name, summary = group
    return not summary, ALL.index(name.partition(",")[0]), name.replace("combined", "zz")


def figures(scores: Sequence[Record]) -> dict[str, float | None]:
    """Means over sequences, shares over all frames and all sequences, errors with their bias."""
    found: dict[str, float | None] = {}
    for name in REGIONS:
        found[f"dice_{name}"] = _mean(scores, f"dice_{name}")
        found[f"hausdorff_mm_{name}"] = _mean(scores, f"hausdorff_mm_{name}")
    frames = sum(s["frames"] for s in scores)
    for name, other in (("invalid", "_camus"), ("inconsistent", "_reference")):
        for suffix in ("", other):
            counted = sum(s[f"{name}_frames{suffix}"] for s in scores)
            found[f"{name}_frames{suffix}_percent"] = 100 * counted / frames
            share = _mean(scores, f"{name}_sequence{suffix}")
            found[f"{name}_sequences{suffix}_percent"] = None if share is None else 100 * share
    for name, unit in (("edv", "ml"), ("esv", "ml"), ("ef", "points")):
        score = f"{name}_error_{unit}"
        found[f"{name}_mae_{unit}"] = _mean(scores, score, abs)
        found[f"{name}_bias_{unit}"] = _mean(scores, score)
    for name in ("ed_error_frames", "es_error_frames", "ed_error_ms", "es_error_ms"):
        found[name] = _mean(scores, name)
    found["ef_missing"] = float(sum(s["ef_error_points"] is None for s in scores))
    found["frames_lacking_a_structure"] = float(
        sum(s["frames_lacking_a_structure"] for s in scores)
    )
    for name in ("network", "method"):
        found[f"{name}_seconds"] = _mean(scores, f"{name}_s")
    network, method = found["network_seconds"], found["method_seconds"]
    found["seconds"] = None if network is None or method is None else network + method
    return found


def _mean(
    scores: Sequence[Record], name: str, change: Callable[[float], float] = float
) -> float | None:
    known = [change(s[name]) for s in scores if s.get(name) is not None]
    return float(np.mean(known)) if known else None


def markdown(rows: Sequence[Row], records: Sequence[Record], head: dict[str, Any]) -> str:
    """A table for each summary under a line of provenance, and the settings of every method."""
    lines = ["# Benchmark", "", "; ".join(f"{k} {v}" for k, v in head.items()) + ".", "", _NOTES]
    titles = ["method", *(title for title, _, _ in COLUMNS)]
    for group, members in _shown(rows).items():
        lines += ["", f"## {_title(group)} (n = {members[0].cines})", ""]
        lines += ["| " + " | ".join(titles) + " |", "|---|" + "--:|" * len(COLUMNS)]
        for row in members:
            cells = [row.method, *(_cell(row, form, names) for _, form, names in COLUMNS)]
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "## Settings", "", "| method | settings |", "|---|---|"]
    settings = {record["method"]: record["settings"] for record in records}
    for method, values in settings.items():
        shown = "; ".join(f"{k} {v}" for k, v in values.items()) or "–"
        lines.append(f"| {method} | {shown} |")
    return "\n".join(lines) + "\n"


_NOTES = (
    "Dice and Hausdorff distance (HD) are means over all frames, then over sequences; HD where "
    "the method found the structure. A frame is invalid when it breaks one of the twelve criteria "
    "(profile `published`) and inconsistent when one of the seven attributes leaves its bound "
    "(then by the attributes as the literature's code defines them, in whole pixels and with the "
    "orientation of the inertia); a sequence is either when one of its frames is. Shares are over "
    "all frames and all sequences. Errors of EDV, ESV and EF are mean absolute errors; those of "
    "the ED and ES frame are distances to the nearest true one. Seconds are the network's and the "
    "method's for a sequence. Where masks were corrupted, the network's masks and logits were. "
    "`(true masks)` is the truth measured like a method: the floor of every figure; where the "
    "probe jitters, the truth jumps too. Each kind of corruption has its rows in benchmark.csv."
)


def _shown(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of the summaries that are not the same cines as a wider one's, the widest first."""
    counts = {row.group: row.cines for row in rows if row.summary}
    shown: dict[str, list[Row]] = {}
    for row in rows:
        wider = row.group.partition(",")[0]
        if row.summary and (row.group == wider or counts[row.group] < counts[wider]):
            shown.setdefault(row.group, []).append(row)
    return dict(sorted(shown.items(), key=lambda item: "," in item[0]))


def _title(group: str) -> str:
    what, _, part = group.partition(", ")
    name = {"clean": "Clean cines", "images": "Corrupted images", "masks": "Corrupted masks"}[what]
    return f"{name}, {part}" if part else name


def _cell(row: Row, form: str, names: Sequence[str]) -> str:
    values = [row.values.get(name) for name in names]
    cell = " · ".join("–" if value is None else form.format(value) for value in values)
    missing = row.values.get("ef_missing")
    return f"{cell} ({missing:.0f} missing)" if "ef_mae_points" in names and missing else cell


def write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows of the same columns, whole or not at all; None becomes an empty cell.

    Raises:
        OutputError: The file cannot be written.
    """
    rows = list(rows)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _plain(v) for k, v in row.items()} for row in rows)
    write_atomically(path, text.getvalue().encode())


def _plain(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value


def flat(row: Row) -> dict[str, Any]:
    """A row of the table as one of the CSV."""
    kept = {"group": row.group, "summary": int(row.summary), "method": row.method}
    return kept | {"cines": row.cines} | row.values


def flat_record(record: Record) -> dict[str, Any]:
    """A result as a row of the CSV with all of them."""
    return dict(record["cine"]) | {"method": record["method"]} | dict(record["scores"])
