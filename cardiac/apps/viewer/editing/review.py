"""Decisions on the cases of a run, and the versions of their masks."""

from __future__ import annotations

import getpass
import hashlib
import re
from pathlib import Path
from typing import Any

from cardiac.apps.viewer.editing.audit import AuditEntry, AuditLog, Version
from cardiac.apps.viewer.editing.run import Case, RunFolder
from cardiac.apps.viewer.editing.session import Session
from cardiac.errors import OutputError, SettingsError
from cardiac.io import write_mask

FOLDER = "review"
"""Folder within the run's folder; everything else in it stays as it is."""
DECISIONS = ("accept", "edit", "reject", "withdraw")
"""As it is; with the masks as edited; not at all; undecided again, with the run's masks."""
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
        self.folder = run.folder / FOLDER
        self.log = AuditLog(self.folder / "audit.jsonl")

    def current(self) -> dict[str, AuditEntry]:
        """The last decision on each case that has one."""
        found: dict[str, AuditEntry] = {}
        for entry in self.log.entries():
            if entry.action == "withdraw":
                found.pop(entry.case, None)
            elif entry.action in DECISIONS:
                found[entry.case] = entry
        return found

    def history(self, case: str) -> list[AuditEntry]:
        """All decisions on a case, oldest first."""
        return [entry for entry in self.log.entries() if entry.case == case]

    def mask_path(self, case: str) -> Path:
        """The masks of a case that hold now: the last edited ones, or the run's."""
        return self.path_after(case, self.current().get(case))

    def path_after(self, case: str, entry: AuditEntry | None) -> Path:
        """The masks of a case that hold after its last decision."""
        if entry is None or entry.after is None:
            return self.run.mask_path(case)
        return self._inside(entry.after.path)

    def decide(
        self,
        case: Case,
        decision: str,
        note: str = "",
        session: Session | None = None,
        who: str = "",
    ) -> AuditEntry:
        """Write a decision down; with the masks first, where they were edited.

        Args:
            case: The case as it was opened.
            decision: One of `DECISIONS`; an edit needs a session in which something changed.
            note: In the reviewer's words; a rejection needs one.
            session: The edits.
            who: The reviewer, if another than the usual one.

        Raises:
            SettingsError: An unknown decision, a rejection without a reason, or an edit
                without a change.
            OutputError: Masks or log cannot be written.
        """
        note = note.strip()[:LONGEST]
        if decision not in DECISIONS:
            raise SettingsError(f"there is no decision {decision!r}")
        if decision == "reject" and not note:
            raise SettingsError("a rejection needs a reason.", hint="Say why in the note.")
        before = self._version(self.mask_path(case.id))
        details: dict[str, Any] = {}
        after: Version | None = before
        if decision == "edit":
            if session is None or not session.changed.any():
                raise SettingsError("nothing was edited.", hint="Accept the masks instead.")
            details = _details(session)
            after = self._version(self._save(case, session))
        elif decision == "withdraw":
            after = self._version(self.run.mask_path(case.id))
        return self.log.append(
            _name(who) or self.who,
            decision,
            case.id,
            note,
            before=before,
            after=after,
            details=details,
        )

    def _save(self, case: Case, session: Session) -> Path:
        folder = self.folder / "edits" / _safe(case.id)
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

    def _version(self, path: Path) -> Version:
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise OutputError(f"cannot be read: {error.strerror}", path=path) from error
        return Version(path.relative_to(self.run.folder).as_posix(), digest)

    def _inside(self, told: str) -> Path:
        """A path that the log names, which must lie in the run's folder."""
        path = (self.run.folder / told).resolve()
        if not path.is_relative_to(self.run.folder):
            raise OutputError("the audit log names a file outside the run", path=told)
        return path


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
