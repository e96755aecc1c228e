"""The log of a run, twice: for people and, line by line as JSON, for programs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "logs"


class RunLog:
    """Writes ``logs/run-NNNN.log`` and ``.jsonl``, and hears the library's warnings.

    Args:
        out: Output folder.
        run: Number of the run in the ledger.
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
            self.tell("stopped", logging.ERROR, reason=str(error) or type(error).__name__)
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()

    def tell(self, event: str, level: int = logging.INFO, **facts: object) -> None:
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
        told = {"time": _time(record), "level": record.levelname, "event": record.getMessage()}
        return json.dumps(told | _facts(record), default=str)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    facts: dict[str, object] = dict(getattr(record, "facts", {}))
    if record.exc_info:
        facts["traceback"] = logging.Formatter().formatException(record.exc_info)
    return facts


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
