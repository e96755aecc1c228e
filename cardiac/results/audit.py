"""A record that only grows: one JSON object a line, each holding the hash of the line before."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cardiac.errors import OutputError
from cardiac.io.files import write_atomically

START = "0" * 64
"""What the first line holds in place of a hash."""
_WAIT_S = 10


@dataclass(frozen=True, slots=True)
class Version:
    """A mask file as it was when somebody decided: path below the run's folder, and SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line.

    Attributes:
        number: From 1.
        when: UTC, ISO 8601.
        who: Name of the reviewer.
        action: What was decided.
        case: Id of the sequence.
        note: In the reviewer's words.
        before, after: The masks that were valid until then and from then on.
        details: What was set by hand, and what came out of it.
        previous: SHA-256 of the line before.
    """

    number: int
    when: str
    who: str
    action: str
    case: str
    note: str
    before: Version | None
    after: Version | None
    details: dict[str, Any] = field(default_factory=dict)
    previous: str = START


class AuditLog:
    """The record of a folder.

    Lines are appended under a lock and flushed to the disk. A line is never changed; a line
    that was cut short by a crash stays, and the next one begins on a line of its own. Number and
    hash of the last line stand in a file beside it, the seal: no line follows to hold them.

    Args:
        path: The file; made with its folder by the first line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seal = path.with_suffix(".sha256")

    def append(
        self,
        who: str,
        action: str,
        case: str,
        note: str = "",
        *,
        before: Version | None = None,
        after: Version | None = None,
        details: dict[str, Any] | None = None,
    ) -> AuditEntry:
        """Write one line.

        Raises:
            OutputError: It cannot be written.
        """
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with (
                FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=_WAIT_S),
                self.path.open("a+b") as file,
            ):
                file.seek(0)
                content = file.read()
                lines = content.split(b"\n")
                cut = bool(lines[-1])
                last = next((line for line in reversed(lines) if line), None)
                entry = AuditEntry(
                    sum(1 for line in lines if line) + 1,
                    datetime.now(UTC).isoformat(timespec="milliseconds"),
                    who,
                    action,
                    case,
                    note,
                    before,
                    after,
                    details or {},
                    START if last is None else _hash(last),
                )
                text = json.dumps(asdict(entry), ensure_ascii=False, allow_nan=False)
                line = text.encode("utf-8", "replace")
                file.write(b"\n" * cut + line + b"\n")
                file.flush()
                os.fsync(file.fileno())
                write_atomically(self.seal, f"{entry.number} {_hash(line)}\n".encode())
        except (OSError, Timeout) as error:
            raise OutputError(
                f"the audit log cannot be written ({error}); nothing was decided.",
                path=self.path,
                hint="Make room on the disk, or allow writing to the run's folder.",
            ) from error
        return entry

    def entries(self) -> Iterator[AuditEntry]:
        """Every whole line, oldest first; see `problems` for the others."""
        for line in self._lines():
            if (entry := _entry(line)) is not None:
                yield entry

    def problems(self) -> list[str]:
        """What is wrong: lines that cannot be read, or were changed, removed or put in."""
        found, previous = [], START
        for number, line in enumerate(self._lines(), start=1):
            entry = _entry(line)
            if entry is None:
                found.append(f"line {number} cannot be read")
            elif entry.previous != previous or entry.number != number:
                found.append(f"line {number} does not follow the line before it")
            previous = _hash(line)
        return found + self._broken_seal(len(self._lines()), previous)

    def _broken_seal(self, count: int, last: str) -> list[str]:
        """What the seal says against a log of so many lines, the last with this hash."""
        try:
            text, digest = self.seal.read_text("ascii").split()
            number = int(text)
        except FileNotFoundError:
            return ["the seal of the last line is missing"] if count else []
        except (OSError, ValueError):
            return ["the seal of the last line cannot be read"]
        if number > count:
            return [f"{number - count} lines were removed from the end"]
        if number < count:
            return ["the last line was cut short, or not written by this program"]
        return [] if digest == last else [f"line {count} was changed"]

    def _lines(self) -> list[bytes]:
        try:
            return [line for line in self.path.read_bytes().split(b"\n") if line]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OutputError(f"cannot be read ({error})", path=self.path) from error


def _entry(line: bytes) -> AuditEntry | None:
    try:
        told = json.loads(line)
        for name in ("before", "after"):
            told[name] = Version(**told[name]) if told[name] else None
        return AuditEntry(**told)
    except (ValueError, TypeError, KeyError):
        return None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
