"""The run database: an SQLite file in the output folder with the state of every case."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import cardiac.errors
from cardiac.apps.batch.case import CaseResult, OutputFile
from cardiac.errors import CardiacError, OutputError
from cardiac.types import Row

DATABASE_NAME = "ledger.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, exit_code INTEGER,
    settings_hash TEXT NOT NULL, settings TEXT NOT NULL, engine TEXT);
CREATE TABLE IF NOT EXISTS cases (
    id TEXT PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (run),
    position INTEGER NOT NULL,
    input TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    attempt INTEGER NOT NULL DEFAULT 0,
    input_stamp TEXT NOT NULL DEFAULT '', input_hash TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL DEFAULT '',
    settings_hash TEXT NOT NULL DEFAULT '',
    started TEXT, ended TEXT, seconds REAL, frames INTEGER,
    failure TEXT,
    patient TEXT, view TEXT, certified INTEGER,
    row TEXT, frame_lines BLOB, views TEXT, bsa_m2 REAL);
CREATE UNIQUE INDEX IF NOT EXISTS cases_in_order ON cases (position);
CREATE INDEX IF NOT EXISTS cases_by_content ON cases (sha256);
CREATE TABLE IF NOT EXISTS outputs (
    id TEXT NOT NULL REFERENCES cases (id), path TEXT NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, PRIMARY KEY (id, path));
PRAGMA user_version = 2;
"""
_VERSION = 2
_COLLECTION = """
DROP INDEX IF EXISTS cases_in_order;
UPDATE cases SET position = -rowid;
UPDATE cases SET position = -1 - position;
"""
"""Of version 1, in which a case's place was that in the list of its run."""


class State(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """A case as the database has it."""

    id: str
    run: int
    position: int
    input: str
    state: State
    attempt: int
    input_stamp: str
    input_hash: str
    sha256: str
    settings_hash: str
    started: str | None
    ended: str | None
    seconds: float | None
    frames: int | None
    error: CardiacError | None
    row: Row


class RunDatabase:
    """Reads and writes the database of an output folder.

    One process writes; others may read at the same time. Every change is one transaction: a
    process that is killed leaves it as it was after the last one.

    Args:
        folder: The output folder.
        create: Make one where there is none.

    Raises:
        OutputError: There is none, it cannot be opened, or it is no run database.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.path = folder / DATABASE_NAME
        if not create and not self.path.is_file():
            raise OutputError(
                "there is no run database in this folder.",
                path=folder,
                hint="Name a folder that cardiac process wrote.",
            )
        with self._translating_errors():
            self._base = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            self._base.row_factory = sqlite3.Row
            # In WAL mode with NORMAL a commit costs no flush; a power cut may undo the last
            # commits, never damage the file, and what is undone is done again.
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            version = self._base.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, 1, _VERSION):
                raise sqlite3.DatabaseError(f"version {version} of a run database is not known")
            if version == 1:
                self._base.executescript(_COLLECTION)
            if version != _VERSION:
                self._base.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def __enter__(self) -> RunDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OutputError(
                f"the run database cannot be used ({error}).",
                path=self.path,
                hint="Make room on the disk, or choose another folder with --out.",
            ) from error

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._translating_errors():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def open_run(
        self, settings_hash: str, settings: dict[str, Any], items: Iterable[tuple[str, str]]
    ) -> int:
        """Begin a run over (id, input); returns its number.

        Cases that are new get the next places of the collection, in this order; what is known of
        the others stays, and so do cases that are not listed.
        """
        with self._change() as base:
            run = base.execute(
                "INSERT INTO runs (started, settings_hash, settings) VALUES (?, ?, ?)",
                (_now(), settings_hash, json.dumps(settings, default=str)),
            ).lastrowid
            assert run is not None
            base.executemany(
                "INSERT INTO cases (id, run, position, input, state)"
                " VALUES (?, ?, (SELECT ifnull(max(position), -1) + 1 FROM cases), ?, 'waiting')"
                " ON CONFLICT (id) DO UPDATE SET run = excluded.run, input = excluded.input",
                ((name, run, path) for name, path in items),
            )
        return run

    def close_run(self, run: int, exit_code: int, engine: dict[str, Any] | None) -> None:
        """Say that a run came to its end."""
        with self._change() as base:
            base.execute(
                "UPDATE runs SET ended = ?, exit_code = ?, engine = ? WHERE run = ?",
                (_now(), exit_code, json.dumps(engine) if engine else None, run),
            )

    def last_run(self) -> dict[str, Any] | None:
        """The latest run: number, times, exit code, settings, engine; None before the first."""
        row = self._one("SELECT * FROM runs ORDER BY run DESC LIMIT 1")
        if row is None:
            return None
        facts = dict(row)
        facts["settings"] = json.loads(facts["settings"])
        facts["engine"] = json.loads(facts["engine"]) if facts["engine"] else None
        return facts

    def last_engine(self) -> dict[str, Any] | None:
        """What the latest run that loaded the network said of it."""
        row = self._one("SELECT engine FROM runs WHERE engine NOTNULL ORDER BY run DESC LIMIT 1")
        engine: dict[str, Any] | None = json.loads(row["engine"]) if row else None
        return engine

    def start(self, name: str) -> None:
        """Note that the work on a case begins."""
        with self._change() as base:
            base.execute(
                "UPDATE cases SET state = 'running', attempt = attempt + 1, started = ?,"
                " ended = NULL WHERE id = ?",
                (_now(), name),
            )

    def finish(self, name: str, settings_hash: str, result: CaseResult) -> None:
        """Note what became of a case: its rows, its files, or why it failed."""
        row = result.row
        with self._change() as base:
            base.execute(
                "UPDATE cases SET state = ?, input_stamp = ?, input_hash = ?, sha256 = ?,"
                " settings_hash = ?, ended = ?, seconds = ?, frames = ?, failure = ?, patient = ?,"
                " view = ?, certified = ?, row = ?, frame_lines = ?, views = ?, bsa_m2 = ?"
                " WHERE id = ?",
                (
                    State.FAILED if result.error else State.DONE,
                    result.stamp,
                    result.input_hash,
                    result.sha256,
                    settings_hash,
                    _now(),
                    result.seconds,
                    result.frames,
                    _error_text(result.error),
                    row.get("patient"),
                    row.get("view"),
                    row.get("certified"),
                    json.dumps(row, default=_plain),
                    zlib.compress(result.frames_csv.encode(), 1),
                    result.views,
                    result.bsa_m2,
                    name,
                ),
            )
            base.execute("DELETE FROM outputs WHERE id = ?", (name,))
            base.executemany(
                "INSERT INTO outputs (id, path, sha256, size) VALUES (?, ?, ?, ?)",
                [(name, out.path, out.sha256, out.size) for out in result.outputs],
            )

    def restamp(self, name: str, stamp: str) -> None:
        """Note new times of a case's files whose bytes are unchanged."""
        with self._change() as base:
            base.execute("UPDATE cases SET input_stamp = ? WHERE id = ?", (stamp, name))

    def entry(self, name: str) -> CaseEntry | None:
        """A case, or None if the database does not know it."""
        row = self._one("SELECT * FROM cases WHERE id = ?", (name,))
        return None if row is None else _entry(row)

    def entries(self, state: State | None = None, run: int | None = None) -> Iterator[CaseEntry]:
        """All cases in the order of the collection, or those of one state or of one run."""
        query = (
            "SELECT * FROM cases WHERE state = ifnull(?1, state) AND run = ifnull(?2, run)"
            " ORDER BY position"
        )
        for row in self._many(query, (state, run)):
            yield _entry(row)

    def positions(self, run: int) -> dict[str, int]:
        """The place in the collection of each case that a run lists."""
        rows = self._many("SELECT id, position FROM cases WHERE run = ?", (run,))
        return {row["id"]: row["position"] for row in rows}

    def entry_at(self, position: int) -> CaseEntry | None:
        """The case at a place of the collection, from 0."""
        row = self._one("SELECT * FROM cases WHERE position = ?", (position,))
        return None if row is None else _entry(row)

    def same_content(self) -> list[list[str]]:
        """Ids of cases whose files hold the same bytes, each group in order."""
        rows = self._many(
            "SELECT group_concat(id, char(0)) FROM (SELECT * FROM cases ORDER BY position)"
            " WHERE sha256 != '' GROUP BY sha256 HAVING COUNT(*) > 1 ORDER BY MIN(position)"
        )
        return [row[0].split("\0") for row in rows]

    def frame_lines(self, name: str) -> str:
        """A case's lines of ``frames.csv``."""
        row = self._one("SELECT frame_lines FROM cases WHERE id = ?", (name,))
        return zlib.decompress(row[0]).decode() if row and row[0] else ""

    def outputs(self, name: str) -> list[OutputFile]:
        """The files a case left."""
        rows = self._many(
            "SELECT path, sha256, size FROM outputs WHERE id = ? ORDER BY path", (name,)
        )
        return [OutputFile(*row) for row in rows]

    def known_paths(self) -> set[str]:
        """Every file that any case left."""
        return {row[0] for row in self._many("SELECT path FROM outputs")}

    def counts(self, run: int) -> dict[State, int]:
        """Number of cases of a run in each state."""
        rows = self._many("SELECT state, COUNT(*) FROM cases WHERE run = ? GROUP BY state", (run,))
        found = {State(row[0]): int(row[1]) for row in rows}
        return {state: found.get(state, 0) for state in State}

    def earlier(self, run: int) -> int:
        """Number of cases of the collection that only earlier runs listed."""
        row = self._one("SELECT COUNT(*) FROM cases WHERE run != ?", (run,))
        return int(row[0]) if row else 0

    def uncertified(self, run: int) -> int:
        """Number of finished cases of a run without a certificate."""
        row = self._one(
            "SELECT COUNT(*) FROM cases WHERE run = ? AND state = 'done' AND NOT certified", (run,)
        )
        return int(row[0]) if row else 0

    def patients(self, views: tuple[str, ...]) -> Iterator[list[tuple[Row, str, Any]]]:
        """(row, views, BSA) of the finished cases of each patient with such views.

        Patients come in the order in which the collection first has one of their cases.
        """
        marks = ", ".join("?" * len(views))
        chosen = f"FROM cases WHERE state = 'done' AND patient != '' AND view IN ({marks})"
        patients = self._many(
            f"SELECT patient {chosen} GROUP BY patient ORDER BY MIN(position)", views
        )
        for (patient,) in patients:
            rows = self._many(
                f"SELECT row, views, bsa_m2 {chosen} AND patient = ? ORDER BY position",
                (*views, patient),
            )
            yield [(json.loads(row[0]), row[1], row[2]) for row in rows]

    def _one(self, query: str, values: tuple[Any, ...] = ()) -> sqlite3.Row | None:
        with self._translating_errors():
            row: sqlite3.Row | None = self._base.execute(query, values).fetchone()
            return row

    def _many(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[sqlite3.Row]:
        with self._translating_errors():
            yield from self._base.execute(query, values)


def _entry(row: sqlite3.Row) -> CaseEntry:
    facts = {field.name: row[field.name] for field in fields(CaseEntry) if field.name != "error"}
    facts["state"] = State(row["state"])
    facts["row"] = json.loads(row["row"]) if row["row"] else {}
    return CaseEntry(**facts, error=_error(row["failure"]))


def _error_text(error: CardiacError | None) -> str | None:
    """An error as JSON."""
    if error is None:
        return None
    path = None if error.path is None else str(error.path)
    facts = {"kind": type(error).__name__, "message": error.message, "path": path}
    return json.dumps(facts | {"hint": error.hint})


def _error(text: str | None) -> CardiacError | None:
    """The error again, from its JSON."""
    if text is None:
        return None
    facts = json.loads(text)
    kind: type[CardiacError] = getattr(cardiac.errors, facts.pop("kind"), CardiacError)
    return kind(facts["message"], path=facts["path"], hint=facts["hint"])


def _plain(value: Any) -> Any:
    """A NumPy number as Python's own, anything else as text."""
    return value.item() if hasattr(value, "item") else str(value)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
