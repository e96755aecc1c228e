"""Decisions on the cases of a run, and the versions of their masks."""

from __future__ import annotations

import getpass
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cardiac.apps.viewer.session import Key, Session
from cardiac.errors import OutputError, SettingsError
from cardiac.io import write_atomically, write_mask
from cardiac.results import AuditEntry, Decision, OpenedCase, RunFolder, Version, layout

LONGEST = 4000
"""Characters of a note, and of a name a twentieth."""


class Review:
    """Who decided what.

    Args:
        run: The run.
        who: Name of the reviewer; the name of the account if empty.

    Attributes:
        log: The record.
    """

    def __init__(self, run: RunFolder, who: str = "") -> None:
        self.run = run
        self.who = _name(who) or _account()
        self.decisions = run.decisions
        self.log = run.decisions.log

    def current(self) -> dict[str, AuditEntry]:
        """The last decision on each case that has one."""
        return self.decisions.current()

    def history(self, case: str) -> list[AuditEntry]:
        """All decisions on a case, oldest first."""
        return self.decisions.history(case)

    def mask_path(self, case: str) -> Path:
        """The masks of a case that hold now: the last edited ones, or the run's."""
        return self.run.standing_mask_path(case)

    def path_after(self, case: str, entry: AuditEntry | None) -> Path:
        """The masks of a case that hold after its last decision."""
        return self.decisions.mask_after(entry) or self.run.mask_path(case)

    def decide(
        self,
        case: OpenedCase,
        decision: str,
        note: str = "",
        session: Session | None = None,
        who: str = "",
    ) -> AuditEntry:
        """Write a decision down; with the masks first, where they were edited.

        Args:
            case: The case as it was opened.
            decision: One of `Decision`; an edit needs a session in which something changed.
            note: In the reviewer's words; a rejection needs one.
            session: The edits.
            who: The reviewer, if another than the usual one.

        Raises:
            SettingsError: An unknown decision, a rejection without a reason, or an edit
                without a change.
            OutputError: Masks or log cannot be written.
        """
        note = note.strip()[:LONGEST]
        if decision not in set(Decision):
            raise SettingsError(f"there is no decision {decision!r}")
        if decision == Decision.REJECT and not note:
            raise SettingsError("a rejection needs a reason.", hint="Say why in the note.")
        if case.problem is not None and decision in (Decision.ACCEPT, Decision.EDIT):
            raise SettingsError(
                "masks cannot be accepted without the picture they were drawn on.",
                hint="Name the folder that it lies in with --source.",
            )
        before = self.version(self.mask_path(case.id))
        details: dict[str, Any] = {}
        after: Version | None = before
        if decision == Decision.EDIT:
            if session is None or not session.changed.any():
                raise SettingsError("nothing was edited.", hint="Accept the masks instead.")
            details = _details(session)
            after = self.version(self._save(case, session))
        elif decision == Decision.WITHDRAW:
            after = self.version(self.run.mask_path(case.id))
        entry = self.log.append(
            _name(who) or self.who,
            decision,
            case.id,
            note,
            before=before,
            after=after,
            details=details,
        )
        self._forget_open(case.id)
        return entry

    def keep_open(self, case: str, base: Version, keys: Mapping[int, Key]) -> None:
        """Keep edits that nobody has decided on, for when the case is opened again.

        Args:
            case: Its id.
            base: The masks that they were made from.
            keys: What was set, by frame; nothing removes what was kept.

        Raises:
            OutputError: They cannot be written.
        """
        if not keys:
            self._forget_open(case)
            return
        told = {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "base": base.sha256,
            "keys": [
                {"frame": t, "wanted": dict(key.wanted), "alone": key.alone}
                for t, key in sorted(keys.items())
            ],
        }
        path = layout.open_edits_file(self.run.folder, _safe(case))
        write_atomically(path, (json.dumps(told) + "\n").encode())

    def open_edits(self, case: str, base: Version) -> tuple[dict[int, Key], str]:
        """Edits that were left open on these very masks, and since when; ({}, "") without any."""
        path = layout.open_edits_file(self.run.folder, _safe(case))
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            if told["base"] != base.sha256:
                return {}, ""
            keys = {
                int(key["frame"]): Key(
                    {str(name): float(value) for name, value in key["wanted"].items()},
                    bool(key["alone"]),
                )
                for key in told["keys"]
            }
            return keys, str(told["when"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}, ""

    def _forget_open(self, case: str) -> None:
        with suppress(OSError):
            layout.open_edits_file(self.run.folder, _safe(case)).unlink(missing_ok=True)

    def _save(self, case: OpenedCase, session: Session) -> Path:
        folder = layout.edits_folder(self.run.folder, _safe(case.id))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            numbers = [
                int(found[1])
                for path in folder.iterdir()
                if (found := re.fullmatch(r"(\d+)\.nii\.gz", path.name))
            ]
        except OSError as error:
            raise OutputError(f"cannot be written: {error}", path=folder) from error
        path = folder / f"{max(numbers, default=0) + 1}.nii.gz"
        return write_mask(path, session.masks, case.geometry)

    def version(self, path: Path) -> Version:
        """A mask file as it is now.

        Raises:
            OutputError: It cannot be read.
        """
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise OutputError(f"cannot be read: {error.strerror}", path=path) from error
        return Version(path.relative_to(self.run.folder).as_posix(), digest)


def _details(session: Session) -> dict[str, Any]:
    certificate, indices = session.state.certificate, session.indices
    return {
        "set": session.told(),
        "frames_changed": [t for t, changed in enumerate(session.changed.tolist()) if changed],
        "certified": certificate.certified,
        "certificate": certificate.reason,
        "lv_ef_percent": indices.lv_ef_percent,
    }


def _safe(case: str) -> str:
    """A case's id as the name of a folder."""
    if not case or case in (".", "..") or re.search(r"[/\\\0]", case):
        raise SettingsError(f"{case!r} cannot be the name of a folder")
    return case


def _name(who: str) -> str:
    return " ".join(who.split())[: LONGEST // 20]


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
