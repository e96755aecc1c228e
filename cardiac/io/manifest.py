"""Manifests: which cines to process, and what is known of them, as CSV or Parquet.

CSV is read as spreadsheets write it: separated by comma, semicolon or tab, with decimal commas,
whole numbers such as 1.0, empty rows and a byte-order mark.

Columns (any order; only ``path`` is required; an empty cell says nothing):

=================  ====================================================================
path               file or CAMUS patient folder, relative to the manifest's own folder; or a URL
id                 name of the results
patient            who it belongs to; views of one patient are combined
view               A4C, A2C or A3C (also 4CH, "apical 4 chamber" ...), or unknown
spacing_row_mm     height of a pixel in mm, overrides the file
spacing_col_mm     width of a pixel in mm, overrides the file; the row's if left out
frame_time_ms      frame interval in ms, overrides the file
ed_frame           end-diastolic frame, **counted from 0**; several separated by ";"
es_frame           end-systolic frame, counted from 0; several separated by ";"
height_cm          of the patient, overrides the file
weight_kg          of the patient, overrides the file
region             rectangle of the echo: top;left;bottom;right, the last two not in it; or "whole":
                   overrules what is found in the picture
=================  ====================================================================

:class:`ManifestRow` is the schema of a row.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cardiac.errors import CardiacError, SettingsError, UnreadableFileError
from cardiac.geometry import Region
from cardiac.io import camus
from cardiac.io.dicom_header import view_from_text
from cardiac.io.item import InputItem, safe_id
from cardiac.io.region import parse_region
from cardiac.io.registry import stem
from cardiac.io.remote import is_url, url_name
from cardiac.sequence import View

SUFFIXES = (".csv", ".parquet")
"""Endings of files that are taken for manifests."""
_TOLD = 50
_CELL = 40
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def _view(text: object) -> object:
    words = str(text)
    if words.lower() in ("", "unknown"):
        return View.UNKNOWN
    view = View(words.upper()) if words.upper() in set(View) else view_from_text(words)
    if view is View.UNKNOWN:
        raise ValueError(f"must be one of {', '.join(View)}")
    return view


def _positive(text: object) -> object:
    if text == "":
        return None
    try:
        value = float(re.sub(r"^(\d*),(\d+)$", r"\1.\2", str(text)))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ValueError("must be a number above 0")
    return value


def _within(low: float, high: float) -> Callable[[object], object]:
    def check(text: object) -> object:
        value = _positive(text)
        if isinstance(value, float) and not low <= value <= high:
            raise ValueError(f"must be from {low:g} to {high:g}")
        return value

    return check


def _frames(text: object) -> object:
    # A table of floats writes 1 as 1.0, and a German one as 1,0.
    cells = [re.sub(r"[.,]0*$", "", cell.strip()) for cell in str(text).split(";") if cell.strip()]
    if not all(cell.isascii() and cell.isdecimal() for cell in cells):
        raise ValueError("must be frames counted from 0")
    return tuple(int(cell) for cell in cells)


def _region(text: object) -> object:
    if text is None or str(text).strip() == "":
        return None
    try:
        return parse_region(str(text))
    except SettingsError as error:
        raise ValueError("must be top;left;bottom;right in pixels, or whole") from error


def _path(text: object) -> object:
    if text == "" or "\0" in str(text):
        raise ValueError("no path")
    return text


_Length = Annotated[float | None, BeforeValidator(_positive)]
_Frames = Annotated[tuple[int, ...], BeforeValidator(_frames)]


class ManifestRow(BaseModel):
    """One row of a manifest; the module says what its columns mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, BeforeValidator(_path)]
    id: str = ""
    patient: str = ""
    view: Annotated[View, BeforeValidator(_view)] = View.UNKNOWN
    spacing_row_mm: _Length = Field(None, description="mm")
    spacing_col_mm: _Length = Field(None, description="mm")
    frame_time_ms: _Length = Field(None, description="ms")
    ed_frame: _Frames = Field((), description="counted from 0")
    es_frame: _Frames = Field((), description="counted from 0")
    height_cm: Annotated[float | None, BeforeValidator(_within(30, 250))] = None
    weight_kg: Annotated[float | None, BeforeValidator(_within(0.5, 400))] = None
    region: Annotated[Region | str | None, BeforeValidator(_region)] = Field(
        None, description="pixels"
    )


COLUMNS = tuple(ManifestRow.model_fields)
"""Columns of a manifest."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a manifest.

    Attributes:
        line: Line of the file, from 1; of a Parquet file, row number + 1 as in a CSV file.
        message: What is wrong, beginning with "line".
        fatal: Whether the manifest itself is wrong, not just a file that it names missing.
    """

    line: int
    message: str
    fatal: bool = True


def is_manifest(path: Path) -> bool:
    """Whether a path names a manifest."""
    return path.suffix.lower() in SUFFIXES and path.name != "FileList.csv"


def check_manifests(inputs: Sequence[str | Path]) -> None:
    """Refuse manifests with errors before any work begins.

    Args:
        inputs: Files and folders; what is no manifest is passed over.

    Raises:
        SettingsError: Every error of every manifest, with its line.
    """
    told: list[str] = []
    manifests = [Path(entry) for entry in inputs if is_manifest(Path(entry))]
    for path in manifests:
        told += [f"{path}: {fault.message}" for fault in check_manifest(path) if fault.fatal]
    if told:
        more = [f"... and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
        raise SettingsError(
            f"{len(told)} error{'s' * (len(told) > 1)} in the manifest:\n  "
            + "\n  ".join(told[:_TOLD] + more)
            + "\n",
            path=manifests[0] if len(manifests) == 1 else None,
            hint="Correct the manifest; cardiac manifest check tells all of its errors.",
        )


def check_manifest(path: Path) -> list[Fault]:
    """Every fault of a manifest: of its columns, its cells, repeated ids, missing files."""
    try:
        columns, rows = _load(path)
    except CardiacError as error:
        return [Fault(1, f"{error.message} {error.hint}".strip())]
    faults = [
        Fault(1, f"line 1 has the column {name!r}, which is not known")
        for name in sorted(_unknown(columns))
    ]
    names: dict[str, int] = {}
    for line, cells in rows:
        row, found = _parsed(cells, line)
        faults += found
        if row is None:
            continue
        if not is_url(row.path) and not _file(path, row).exists():
            faults.append(
                Fault(line, f"line {line} names a missing file, {row.path[:200]}", fatal=False)
            )
        key = safe_id(row.id).casefold() if row.id else ""
        if key and names.setdefault(key, line) != line:
            faults.append(Fault(line, f"line {line} has the id {row.id!r} of line {names[key]}"))
    return faults


def read_manifest(path: Path) -> list[InputItem]:
    """List the rows of a manifest; a bad row, or a bad manifest, is an item with an error."""
    try:
        _, rows = _load(path)
    except CardiacError as error:
        return [InputItem(safe_id(path.stem), path, error=error)]
    return [_item(cells, line, path) for line, cells in rows]


def _load(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Columns, and the line and cells of every row."""
    try:
        columns, rows = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    except CardiacError:
        raise
    except Exception as failure:  # a decoder of a foreign format fails in many ways
        raise UnreadableFileError(
            f"cannot be read as a {path.suffix[1:].upper()} file ({failure}).",
            path=path,
            hint="Check the manifest.",
        ) from failure
    if "path" not in columns or not rows:
        unknown = sorted(_unknown(columns))
        lacks = "rows" if "path" in columns else "a column named path"
        how = ""
        if path.suffix.lower() == ".csv" and "path" not in columns:
            how = f" It was read as separated by {_SEPARATORS[_separator(_text(path))]}."
        raise SettingsError(
            f"the manifest lacks {lacks}.",
            path=path,
            hint=f"Columns are {', '.join(COLUMNS)}."
            + (f" Not known: {', '.join(unknown)}." if unknown else "")
            + how,
        )
    return columns, rows


def _unknown(columns: list[str]) -> set[str]:
    """Names of columns that mean nothing here; a table's row numbers have none or "Unnamed"."""
    return {n for n in columns if n and n not in COLUMNS and not re.match(r"unnamed: \d+$", n)}


def _text(path: Path) -> str:
    """Text of a list: UTF-8 or UTF-16 by its byte-order mark, else as Windows writes it."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def _separator(text: str) -> str:
    """What separates the cells of a list: what its first line holds most of beside ``path``."""
    head = text.partition("\n")[0].strip("\r")
    named = re.fullmatch(r"sep=(.)", head.strip(), re.IGNORECASE)
    if named is not None and named[1] in _SEPARATORS:
        return named[1]
    found = {
        sign: [cell.strip().strip('"').lower() for cell in head.split(sign)] for sign in _SEPARATORS
    }
    return max(found, key=lambda sign: ("path" in found[sign], len(found[sign])))


def _csv(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    text = _text(path)
    sign = _separator(text)
    lines = io.StringIO(text, newline="")
    skipped = 0
    if text[:4].lower() == "sep=":
        lines.readline()
        skipped = 1
    reader = csv.DictReader(lines, delimiter=sign)
    columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    rows = [(reader.line_num + skipped, _cells(row)) for row in reader]
    return columns, [(line, cells) for line, cells in rows if any(cells.values())]


def _parquet(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        columns = [name.strip().lower() for name in file.schema_arrow.names]
        rows = [row for batch in file.iter_batches() for row in batch.to_pylist()]
    told = [{k: "" if v is None else v for k, v in row.items()} for row in rows]
    return columns, [(line, _cells(row)) for line, row in enumerate(told, start=2)]


def _cells(row: dict[Any, Any]) -> dict[str, str]:
    """Cells by column; those beyond the last column under their own name, which is not known."""
    named = {k.strip().lower(): str(v or "").strip() for k, v in row.items() if k is not None}
    beyond = [cell for cell in row.get(None) or () if cell.strip()]
    return {k: v for k, v in named.items() if k} | ({"": ";".join(beyond)} if beyond else {})


def _parsed(cells: dict[str, str], line: int) -> tuple[ManifestRow | None, list[Fault]]:
    known = {name: cell for name, cell in cells.items() if name in COLUMNS}
    faults = []
    if cells.get(""):
        faults.append(Fault(line, f"line {line} has more cells than columns"))
    try:
        return ManifestRow.model_validate(known), faults
    except ValidationError as error:
        return None, faults + [Fault(line, text) for text in _told(error, line)]


def _told(error: ValidationError, line: int) -> Iterator[str]:
    for entry in error.errors():
        column, reason = entry["loc"][0], str(entry.get("ctx", {}).get("error", entry["msg"]))
        if column == "path":
            yield f"line {line} has no path"
        elif column == "view":
            yield f"line {line} has the unknown view {str(entry['input'])[:_CELL]!r}"
        else:
            yield f"line {line} has {str(entry['input'])[:_CELL]!r} in {column}, which {reason}"


def _item(cells: dict[str, str], line: int, manifest: Path) -> InputItem:
    row, faults = _parsed(cells, line)
    if row is None:
        file = manifest.parent / cells.get("path", "").replace("\0", "")
        wrong = "; ".join(fault.message for fault in faults)
        error = SettingsError(f"{wrong}.", path=manifest, hint="Correct the manifest.")
        return InputItem(safe_id(cells.get("id") or stem(file)), file, error=error)
    file = _file(manifest, row)
    name = camus.parse_name(file)
    height, width = row.spacing_row_mm, row.spacing_col_mm
    item = InputItem(
        safe_id(row.id or stem(file)),
        file,
        patient=re.sub(r"^'(?=[=+@-])", "", row.patient) or (name.patient if name else None),
        view=row.view,
        spacing=(height or width or 0.0, width or height or 0.0) if height or width else None,
        frame_time_s=None if row.frame_time_ms is None else row.frame_time_ms / 1000,
        ed_frames=row.ed_frame,
        es_frames=row.es_frame,
        height_m=None if row.height_cm is None else row.height_cm / 100,
        weight_kg=row.weight_kg,
        region=row.region,
        url=row.path if is_url(row.path) else None,
    )
    return item if item.url or file.exists() else _missing(item, line, manifest)


def _missing(item: InputItem, line: int, manifest: Path) -> InputItem:
    from dataclasses import replace

    error = UnreadableFileError(
        f"there is no such file (line {line} of {manifest.name}).",
        path=item.path,
        hint="Paths are relative to the manifest's folder.",
    )
    return replace(item, error=error)


def _file(manifest: Path, row: ManifestRow) -> Path:
    return Path(url_name(row.path)) if is_url(row.path) else manifest.parent / row.path
