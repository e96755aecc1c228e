"""What a run records of itself: its log, and ``run.json``."""

from __future__ import annotations

import json
import logging
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cardiac
from cardiac.apps.batch.database import RunDatabase, State
from cardiac.apps.batch.fingerprint import library_versions
from cardiac.io import write_atomically
from cardiac.results import layout

if TYPE_CHECKING:
    from cardiac.pipeline import Models

FOLDER = "logs"


class RunLog:
    """The log of a run, twice: for people, and line by line as JSON for programs.

    Warnings of the library are kept too.

    Args:
        out: Output folder.
        run: Number of the run in the database.
    """

    def __init__(self, out: Path, run: int) -> None:
        self.path = out / FOLDER / f"run-{run:04d}.log"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        readable = logging.FileHandler(self.path, encoding="utf-8")
        readable.setFormatter(_Readable())
        machine = logging.FileHandler(self.path.with_suffix(".jsonl"), encoding="utf-8")
        machine.setFormatter(_Json())
        self._handlers = (readable, machine)

    def __enter__(self) -> RunLog:
        for handler in self._handlers:
            logging.getLogger().addHandler(handler)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            self.write("stopped", logging.ERROR, reason=str(error) or type(error).__name__)
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()

    def write(self, event: str, level: int = logging.INFO, **facts: object) -> None:
        """Log an event with its facts."""
        record = logging.LogRecord("cardiac.run", level, "", 0, event, None, None)
        record.facts = facts
        for handler in self._handlers:
            handler.handle(record)


class _Readable(logging.Formatter):
    """``2026-01-31T12:00:00.123Z INFO event  key=value ...``."""

    def format(self, record: logging.LogRecord) -> str:
        facts = "  ".join(f"{key}={value}" for key, value in _facts(record).items())
        text = f"{_time(record)} {record.levelname} {record.getMessage()}"
        return (f"{text}  {facts}" if facts else text).replace("\n", "\n    ")


class _Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _time(record), "level": record.levelname, "event": record.getMessage()}
        return json.dumps(line | _facts(record), default=str)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    facts: dict[str, object] = dict(getattr(record, "facts", {}))
    if record.exc_info:
        facts["traceback"] = logging.Formatter().formatException(record.exc_info)
    return facts


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def engine_of(models: Models) -> dict[str, Any]:
    """Weights, engine and precision of a loaded network."""
    weights, predictor = models.segmenter.weights, models.segmenter.predictor
    return {
        "weights": {weights.path.name: weights.sha256},
        "engine": predictor.name,
        "precision": str(predictor.precision),
    }


def write_run_record(folder: Path, database: RunDatabase, run: dict[str, Any]) -> Path:
    """Write ``run.json`` into the output folder.

    Args:
        folder: Output folder.
        database: Its database.
        run: The run as :meth:`RunDatabase.last_run` gives it.

    Raises:
        OutputError: It cannot be written.
    """
    engine = run["engine"] or database.last_engine() or {}
    record = {
        "cardiac": cardiac.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": library_versions(),
        "weights": engine.get("weights", {}),
        "engine": engine.get("engine"),
        "precision": engine.get("precision"),
        "settings": run["settings"],
        "settings_sha256": run["settings_hash"],
        "run": run["run"],
        "started": run["started"],
        "ended": run["ended"],
        "seconds": _seconds(run),
        "exit_code": run["exit_code"],
        "cases": [
            {
                "id": entry.id,
                "input": entry.input,
                "sha256": entry.sha256 or None,
                "status": "ok" if entry.state is State.DONE else str(entry.state),
                "frames": entry.frames,
                "seconds": None if entry.seconds is None else round(entry.seconds, 3),
                "attempts": entry.attempt,
                "run": entry.run,
                "settings_sha256": entry.settings_hash or None,
            }
            for entry in database.entries()
        ],
    }
    path = folder / layout.RECORD
    write_atomically(path, (json.dumps(record, indent=2) + "\n").encode())
    return path


def _seconds(run: dict[str, Any]) -> float | None:
    if run["ended"] is None:
        return None
    ended, started = (datetime.fromisoformat(run[key]) for key in ("ended", "started"))
    return round((ended - started).total_seconds(), 3)
