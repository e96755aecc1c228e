"""Results that are kept as they come, so that a run can be broken off and taken up again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cardiac.code_hash import code_hash
from cardiac.errors import OutputError
from cardiac.research.phantom import CineSpec


class ResultCache:
    """One line of JSON for each result, under a key of everything that it depends on.

    Args:
        path: The file; made with the first result. A last line that was cut off is left out.

    Raises:
        OutputError: The file is there but cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._records: dict[str, dict[str, Any]] = {}
        self._torn = False
        try:
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise OutputError("this file of results cannot be read", path=self.path) from error
        for line in text.splitlines():
            try:
                record = json.loads(line)
                self._records[record["key"]] = record
            except (ValueError, KeyError, TypeError):
                continue
        self._torn = bool(text) and not text.endswith("\n")

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: str) -> dict[str, Any] | None:
        """The record under a key."""
        return self._records.get(key)

    def add(self, key: str, record: dict[str, Any]) -> None:
        """Keep a record, at once and for good.

        Raises:
            OutputError: The file cannot be written.
        """
        full = {"key": key} | record
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(("\n" if self._torn else "") + json.dumps(full) + "\n")
        except OSError as error:
            hint = "Choose another folder for the results."
            raise OutputError(
                "this file of results cannot be written", path=self.path, hint=hint
            ) from error
        self._torn = False
        self._records[key] = full


def code_version() -> str:
    """Start of a hash of all code that methods and scores rest on."""
    room = "cardiac.research.benchmark"
    return code_hash(f"{room}.run", f"{room}.registry")[:12]


def key_of(spec: CineSpec, method: str, settings: dict[str, Any], run: dict[str, Any]) -> str:
    """Key of a result: the cine, the method with its settings, and what the whole run shares."""
    text = json.dumps([asdict(spec), method, settings, run], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
