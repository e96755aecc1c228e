"""A case as the ledger has it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from cardiac.apps.batch.result import Failure, Row


class State(StrEnum):
    """Where a case stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """A case as the ledger has it."""

    id: str
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
    failure: Failure | None
    row: Row


def entry_of(row: sqlite3.Row) -> Entry:
    """A case from its row of the ledger."""
    failure = Failure(**json.loads(row["failure"])) if row["failure"] else None
    return Entry(
        row["id"],
        row["position"],
        row["input"],
        State(row["state"]),
        row["attempt"],
        row["input_stamp"],
        row["input_hash"],
        row["sha256"],
        row["settings_hash"],
        row["started"],
        row["ended"],
        row["seconds"],
        row["frames"],
        failure,
        json.loads(row["row"]) if row["row"] else {},
    )
