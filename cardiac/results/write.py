"""The tables as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from cardiac.io import write_atomically
from cardiac.results.columns import FRAME_COLUMNS, INDEX_COLUMNS
from cardiac.results.rows import Row


def write_tables(folder: Path, indices: Sequence[Row], frames: Sequence[Row]) -> list[Path]:
    """Write ``indices.csv`` and ``frames.csv``.

    Raises:
        OutputError: A table cannot be written.
    """
    files = []
    for name, columns, rows in (
        ("indices.csv", INDEX_COLUMNS, indices),
        ("frames.csv", FRAME_COLUMNS, frames),
    ):
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
        path = folder / name
        write_atomically(path, text.getvalue().encode())
        files.append(path)
    return files


def cell(value: object) -> object:
    """A table cell: nothing for a missing number, six significant digits for a measured one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value
