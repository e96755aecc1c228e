"""Manifest CSV: which cines to process, and what is known of them.

Columns (any order; only ``path`` is required; an empty cell says nothing):

=================  ====================================================================
path               file or CAMUS patient folder, relative to the manifest's own folder
id                 name of the results
patient            who it belongs to; views of one patient are combined
view               A4C, A2C or A3C (also 4CH, "apical 4 chamber" ...)
spacing_row_mm     height of a pixel in mm, overrides the file
spacing_col_mm     width of a pixel in mm, overrides the file; the row's if left out
frame_time_ms      frame interval in ms, overrides the file
ed_frame           end-diastolic frame, **counted from 0**; several separated by ";"
es_frame           end-systolic frame, counted from 0; several separated by ";"
=================  ====================================================================
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

from cardiac.errors import CardiacError, SettingsError, UnreadableFileError
from cardiac.io import camus
from cardiac.io.inputs import InputItem, safe_id
from cardiac.io.registry import stem
from cardiac.sequence import View

_KNOWN = {
    "path",
    "id",
    "patient",
    "view",
    "spacing_row_mm",
    "spacing_col_mm",
    "frame_time_ms",
    "ed_frame",
    "es_frame",
}


def read_manifest(path: Path) -> list[InputItem]:
    """List the rows of a manifest; a bad row, or a bad manifest, is an item with an error."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = {(name or "").strip().lower() for name in reader.fieldnames or ()}
            rows = [
                {k.strip().lower(): (v or "").strip() for k, v in row.items() if k is not None}
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as failure:
        return [
            _broken(
                path,
                UnreadableFileError(
                    f"cannot be read as a CSV file ({failure}).",
                    path=path,
                    hint="Check the manifest.",
                ),
            )
        ]
    unknown = sorted(columns - _KNOWN - {""})
    if "path" not in columns or not rows:
        lacks = "rows" if "path" in columns else "a column named path"
        return [
            _broken(
                path,
                SettingsError(
                    f"the manifest lacks {lacks}.",
                    path=path,
                    hint=f"Columns are {', '.join(sorted(_KNOWN))}."
                    + (f" Not known: {', '.join(unknown)}." if unknown else ""),
                ),
            )
        ]
    return [_item(row, line, path) for line, row in enumerate(rows, start=2)]


def _broken(path: Path, error: CardiacError) -> InputItem:
    return InputItem(safe_id(path.stem), path, error=error)


def _item(row: dict[str, str], line: int, manifest: Path) -> InputItem:
    file = manifest.parent / row["path"]
    name = safe_id(row.get("id") or stem(file))
    try:
        if not row["path"]:
            raise ValueError("has no path")
        if not file.exists():
            raise UnreadableFileError(
                f"there is no such file (line {line} of {manifest.name}).",
                path=file,
                hint="Paths are relative to the manifest's folder.",
            )
        return InputItem(
            name,
            file,
            patient=row.get("patient") or _patient(file),
            view=_view(row.get("view", "")),
            spacing=_spacing(row),
            frame_time_s=_frame_time(row),
            ed_frames=_frames(row, "ed_frame"),
            es_frames=_frames(row, "es_frame"),
        )
    except CardiacError as error:
        return InputItem(name, file, error=error)
    except (ValueError, OSError) as error:
        wrong = SettingsError(f"line {line} {error}.", path=manifest, hint="Correct the manifest.")
        return InputItem(name, file, error=wrong)


def _patient(file: Path) -> str | None:
    name = camus.parse_name(file)
    return name.patient if name else None


def _view(text: str) -> View:
    from cardiac.io.dicom_tags import view_from_text

    if text == "" or text.lower() == "unknown":
        return View.UNKNOWN
    view = View(text.upper()) if text.upper() in set(View) else view_from_text(text)
    if view is View.UNKNOWN:
        raise ValueError(f"has the unknown view {text!r}")
    return view


def _positive(row: dict[str, str], column: str) -> float | None:
    text = row.get(column, "")
    if text == "":
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"has {text!r} in {column}, which must be a number above 0")
    return value


def _spacing(row: dict[str, str]) -> tuple[float, float] | None:
    height, width = (_positive(row, f"spacing_{axis}_mm") for axis in ("row", "col"))
    if height is None and width is None:
        return None
    return height or width or 0.0, width or height or 0.0


def _frame_time(row: dict[str, str]) -> float | None:
    value = _positive(row, "frame_time_ms")
    return None if value is None else value / 1000


def _frames(row: dict[str, str], column: str) -> tuple[int, ...]:
    cells = [cell.strip() for cell in row.get(column, "").split(";") if cell.strip()]
    if not all(cell.isdecimal() for cell in cells):
        raise ValueError(f"has {row[column]!r} in {column}, which must be frames counted from 0")
    return tuple(int(cell) for cell in cells)
