"""Tables of a run as CSV and Parquet: written, and read back with the right types and checked."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiac.errors import NotFoundError, UnreadableFileError
from cardiac.io import write_atomically
from cardiac.io.files import replacing
from cardiac.results.columns import (
    ALLOWED,
    FORMER_NAMES,
    FRAME_COLUMNS,
    FRAME_TYPES,
    INDEX_COLUMNS,
    INDEX_TYPES,
    NEVER_EMPTY,
)
from cardiac.results.layout import FRAMES, INDICES
from cardiac.types import Row

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema

COLUMNS = {INDICES: INDEX_COLUMNS, FRAMES: FRAME_COLUMNS}
"""Columns of each table by its file name."""


def write_tables(folder: Path, indices: Sequence[Row], frames: Sequence[Row]) -> list[Path]:
    """Write ``indices.csv`` and ``frames.csv``.

    Raises:
        OutputError: A table cannot be written.
    """
    files = []
    for name, rows in ((INDICES, indices), (FRAMES, frames)):
        path = folder / name
        write_atomically(path, (header(name) + table_lines(name, rows)).encode())
        files.append(path)
    return files


def header(table: str) -> str:
    """First line of a table, by its file name."""
    return ",".join(COLUMNS[table]) + "\n"


def table_lines(table: str, rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as lines of a table, by its file name."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[table], restval="", lineterminator="\n")
    writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def cell(value: object) -> object:
    """A table cell: nothing for a missing number, six significant digits for a measured one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value


def read_texts(path: Path) -> list[dict[str, str]]:
    """Rows of a table as texts by column, read without pandas: quick, and without checks.

    Tables of the version before are read under the names of this one.

    Raises:
        NotFoundError: There is no such table.
        UnreadableFileError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise NotFoundError(
            f"there is no {path.name} in this folder.",
            path=path.parent,
            hint="Name a folder that cardiac process wrote.",
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFileError(f"cannot be read ({error}).", path=path) from error
    return [
        {FORMER_NAMES.get(key, key): value or "" for key, value in row.items() if key}
        for row in rows
    ]


def number(text: str | None) -> float | None:
    """The number in a cell; None where there is none."""
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def shown_ef(row: Mapping[str, Any]) -> tuple[float | None, bool]:
    """The EF of a row in percent, and whether it is by area and length alone.

    Without a pixel size there are no volumes and no EF by discs; screens and pages show the
    other then, each with the words "no pixel size".
    """
    ef, other = row.get("lv_ef_percent"), row.get("ef_area_length_uncalibrated")
    if (known := number(None if ef is None else str(ef))) is not None:
        return known, False
    known = number(None if other is None else str(other))
    return known, known is not None


def frame_numbers(text: str | None) -> tuple[int, ...]:
    """Frames in a cell such as ``ed_frames``, counted from 0."""
    return tuple(int(part) for part in (text or "").split(";") if part.strip().isdecimal())


def yes_or_no(text: str | None) -> bool | None:
    """The truth in a cell; None where it is empty."""
    return {"true": True, "false": False}.get(text or "")


def column_type(name: str) -> str:
    """The pandas type of a column: string, Int64, boolean or float64. All may be missing."""
    return INDEX_TYPES[name] if name in INDEX_TYPES else FRAME_TYPES[name]


def indices_schema() -> DataFrameSchema:
    """Schema of ``indices.csv``: one row per sequence, and per patient with two views."""
    return _schema("indices", INDEX_COLUMNS, unique=["id", "level"])


def frames_schema() -> DataFrameSchema:
    """Schema of ``frames.csv``: one row per frame."""
    return _schema("frames", FRAME_COLUMNS, unique=["id", "frame"])


def read_indices(path: str | Path) -> pd.DataFrame:
    """Read ``indices.csv`` or ``indices.parquet`` into a table with the types of its schema.

    Args:
        path: The file, or the output folder with the CSV file.

    Raises:
        UnreadableFileError: Missing, or not such a table; every violation is told.
    """
    return _read(Path(path), INDICES, indices_schema())


def read_frames(path: str | Path) -> pd.DataFrame:
    """Read ``frames.csv`` or ``frames.parquet``; see :func:`read_indices`."""
    return _read(Path(path), FRAMES, frames_schema())


def write_parquet(table: Path, columns: tuple[str, ...]) -> Path:
    """Write a CSV table as Parquet beside it, block by block.

    Args:
        table: The CSV file.
        columns: Its columns.

    Raises:
        OutputError: The file cannot be written.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    kinds: dict[str, Any] = {
        "string": pa.string(),
        "Int64": pa.int64(),
        "boolean": pa.bool_(),
        "float64": pa.float64(),
    }
    types = {name: kinds[column_type(name)] for name in columns}
    options = csv.ConvertOptions(
        column_types=types,
        null_values=[""],
        true_values=["true"],
        false_values=["false"],
        strings_can_be_null=True,
    )
    parsing = csv.ParseOptions(newlines_in_values=True)
    path = table.with_suffix(".parquet")
    with replacing(path) as aside:
        blocks = csv.open_csv(table, convert_options=options, parse_options=parsing)
        with blocks, parquet.ParquetWriter(aside, blocks.schema) as writer:
            for block in blocks:
                writer.write_batch(block)
    return path


def _schema(title: str, columns: tuple[str, ...], unique: list[str]) -> DataFrameSchema:
    from pandera.pandas import Check, Column, DataFrameSchema

    return DataFrameSchema(
        {
            name: Column(
                column_type(name),
                Check.isin([str(word) for word in ALLOWED[name]]) if name in ALLOWED else None,
                nullable=name not in NEVER_EMPTY[title],
            )
            for name in columns
        },
        name=title,
        unique=unique,
        strict=True,
        ordered=True,
    )


def _read(path: Path, name: str, schema: DataFrameSchema) -> pd.DataFrame:
    import pandas as pd
    from pandera.errors import SchemaErrors

    path = path / name if path.is_dir() else path
    types: dict[Any, Any] = {column: column_type(column) for column in schema.columns}
    try:
        if path.suffix == ".parquet":
            table = _named_anew(pd.read_parquet(path), schema).astype(types)
        else:
            former = {old: types[new] for old, new in FORMER_NAMES.items() if new in types}
            table = pd.read_csv(
                path,
                dtype=types | former,
                keep_default_na=False,
                na_values=[""],
                true_values=["true"],
                false_values=["false"],
            )
            table = _named_anew(table, schema)
        return schema.validate(table, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.head(10).to_string(index=False)
        raise UnreadableFileError(
            f"is not a table of {schema.name} that this version writes:\n{cases}\n",
            path=path,
            hint="Write it again with cardiac process.",
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise UnreadableFileError(
            f"cannot be read as a table of {schema.name} ({error}).",
            path=path,
            hint="Name a file, or the output folder, of cardiac process.",
        ) from error


def _named_anew(table: pd.DataFrame, schema: DataFrameSchema) -> pd.DataFrame:
    """A table of the version before with the names and columns of this one."""
    import pandas as pd

    if not set(FORMER_NAMES) & set(table.columns):
        return table
    table = table.rename(columns=FORMER_NAMES)
    for name in schema.columns:
        if name not in table:
            table[name] = pd.Series(pd.NA, index=table.index, dtype=column_type(name))
    return table[[name for name in schema.columns if name in table]]
