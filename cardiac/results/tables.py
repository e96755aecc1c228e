"""The tables that a batch writes, read back with the right types and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiac.errors import SettingsError, UnreadableFileError
from cardiac.io.files import replacing

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema

_ALLOWED: dict[str, tuple[str, ...]] = {
    "level": ("sequence", "patient"),
    "status": ("ok", "failed"),
    "phase": ("ED", "ES"),
    "light": ("accept", "review", "reject"),
    "action": ("kept", "repaired", "moved", "replaced"),
}
_NEVER_EMPTY = {
    "indices": {"id", "level", "status"},
    "frames": {"id", "frame", "valid", "consistent"},
}


def column_type(name: str) -> str:
    """The pandas type of a column: string, Int64, boolean or float64. All may be missing."""
    from cardiac.results.columns import FRAME_TYPES, INDEX_TYPES

    return INDEX_TYPES[name] if name in INDEX_TYPES else FRAME_TYPES[name]


def indices_schema() -> DataFrameSchema:
    """Schema of ``indices.csv``: one row per sequence, and per patient with two views."""
    from cardiac.results import INDEX_COLUMNS

    return _schema("indices", INDEX_COLUMNS, unique=["id", "level"])


def frames_schema() -> DataFrameSchema:
    """Schema of ``frames.csv``: one row per frame."""
    from cardiac.results import FRAME_COLUMNS

    return _schema("frames", FRAME_COLUMNS, unique=["id", "frame"])


def read_indices(path: str | Path) -> pd.DataFrame:
    """Read ``indices.csv`` or ``indices.parquet`` into a table with the types of its schema.

    Args:
        path: The file, or the output folder with the CSV file.

    Raises:
        UnreadableFileError: Missing, or not such a table; every violation is told.
    """
    return _read(Path(path), "indices.csv", indices_schema())


def read_frames(path: str | Path) -> pd.DataFrame:
    """Read ``frames.csv`` or ``frames.parquet``; see :func:`read_indices`."""
    return _read(Path(path), "frames.csv", frames_schema())


def write_parquet(table: Path, columns: tuple[str, ...]) -> Path | None:
    """Write a CSV table as Parquet beside it, block by block; None where pyarrow is missing.

    Args:
        table: The CSV file.
        columns: Its columns.

    Raises:
        OutputError: The file cannot be written.
    """
    try:
        import pyarrow as pa
        from pyarrow import csv, parquet
    except ImportError:
        return None
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
                Check.isin(_ALLOWED[name]) if name in _ALLOWED else None,
                nullable=name not in _NEVER_EMPTY[title],
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
            table = pd.read_parquet(path).astype(types)
        else:
            table = pd.read_csv(
                path,
                dtype=types,
                keep_default_na=False,
                na_values=[""],
                true_values=["true"],
                false_values=["false"],
            )
        return schema.validate(table, lazy=True)
    except ImportError as error:
        raise SettingsError(
            "reading Parquet needs pyarrow.", path=path, hint="pip install 'cardiac-echo[tables]'."
        ) from error
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
