"""The tables of a batch: they grow while it runs, and are complete and ordered at its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from cardiac.apps.batch.case import unpack_indices, unpack_view_intervals
from cardiac.apps.batch.database import State
from cardiac.errors import OutputError
from cardiac.io.files import replacing
from cardiac.results.layout import INDICES
from cardiac.results.tables import COLUMNS, header, table_lines
from cardiac.types import Row

if TYPE_CHECKING:
    from cardiac.apps.batch.database import CaseEntry, RunDatabase


def table_parts(database: RunDatabase, name: str) -> Iterator[str]:
    """The text of a table in parts: header, all cases of the collection in order, patients."""
    yield header(name)
    for entry in database.entries():
        if entry.state in (State.DONE, State.FAILED):
            if name == INDICES:
                yield table_lines(INDICES, [entry.row])
            else:
                yield database.frame_lines(entry.id)
    if name == INDICES:
        for row in biplane_rows(database):
            yield table_lines(INDICES, [row])


def biplane_rows(database: RunDatabase) -> Iterator[Row]:
    """Rows of level ``patient``, one patient in memory at a time."""
    from cardiac.results import patient_rows
    from cardiac.sequence import View

    for group in database.patients((View.A4C, View.A2C)):
        intervals = {str(row["id"]): unpack_view_intervals(views) for row, views, _ in group}
        rows = ((row, unpack_indices(views), bsa) for row, views, bsa in group)
        yield from patient_rows(rows, intervals)


def write_table_files(folder: Path, database: RunDatabase, *, parquet: bool = False) -> list[Path]:
    """Write both tables from the database, each whole or not at all.

    Raises:
        OutputError: A table cannot be written.
    """
    from cardiac.results.tables import write_parquet

    files = []
    for name, columns in COLUMNS.items():
        path = folder / name
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as f:
            f.writelines(table_parts(database, name))
            f.flush()
            os.fsync(f.fileno())
        files.append(path)
        if parquet:
            files.append(write_parquet(path, columns))
    return files


class GrowingTables:
    """The tables while a run goes on: each case is appended once all before it are there.

    Cases of earlier runs that this one does not list are there already.

    Args:
        folder: Output folder.
        database: Where the rows are.
        run: The run.
    """

    def __init__(self, folder: Path, database: RunDatabase, run: int) -> None:
        self._database, self._run, self._next = database, run, 0
        self._finished: set[int] = set()
        self._files: list[IO[bytes]] = []
        for name in COLUMNS:
            with replacing(folder / name) as temporary:
                temporary.write_text(header(name), encoding="utf-8")
            # Unbuffered: what is appended in one call is there whole when the process is killed.
            self._files.append((folder / name).open("ab", buffering=0))
        self._append_finished()

    def add(self, position: int) -> None:
        """Note that the case at a place of the collection is finished, and append what can be.

        Raises:
            OutputError: The disk is full, or gone.
        """
        self._finished.add(position)
        self._append_finished()

    def _append_finished(self) -> None:
        while entry := self._database.entry_at(self._next):
            if entry.run == self._run:
                if self._next not in self._finished:
                    return
                self._finished.discard(self._next)
            if entry.state in (State.DONE, State.FAILED):
                self._append(entry)
            self._next += 1

    def _append(self, entry: CaseEntry) -> None:
        lines = (table_lines(INDICES, [entry.row]), self._database.frame_lines(entry.id))
        for file, text in zip(self._files, lines, strict=True):
            try:
                file.write(text.encode())
            except OSError as error:
                raise OutputError(
                    f"cannot be written: {error.strerror or error}.",
                    path=file.name,
                    hint="Make room on its disk and run again: what is done stays done.",
                ) from error

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()
