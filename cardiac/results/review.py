"""Review of a run: the decisions of people on its cases, and the masks that stand after them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from cardiac.errors import UnreadableFileError
from cardiac.results import layout
from cardiac.results.audit import AuditEntry, AuditLog


class Decision(StrEnum):
    """What a person may decide on a case."""

    ACCEPT = "accept"
    """The masks as they are."""
    EDIT = "edit"
    """The masks as edited."""
    REJECT = "reject"
    """Not at all."""
    WITHDRAW = "withdraw"
    """Undecided again, with the run's masks."""


class Decisions:
    """The decisions in a run folder, read from its audit log.

    Args:
        folder: The run folder; it need not have been reviewed.

    Attributes:
        log: The audit log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = AuditLog(folder / layout.AUDIT)

    def current(self) -> dict[str, AuditEntry]:
        """The last decision on each case that has one.

        Raises:
            OutputError: The log cannot be read.
        """
        found: dict[str, AuditEntry] = {}
        for entry in self.log.entries():
            if entry.action == Decision.WITHDRAW:
                found.pop(entry.case, None)
            elif entry.action in set(Decision):
                found[entry.case] = entry
        return found

    def history(self, case: str) -> list[AuditEntry]:
        """All decisions on a case, oldest first."""
        return [entry for entry in self.log.entries() if entry.case == case]

    def rejected(self) -> frozenset[str]:
        """Ids of the cases that a person rejected."""
        return frozenset(
            case for case, entry in self.current().items() if entry.action == Decision.REJECT
        )

    def edited_mask(self, case: str) -> Path | None:
        """The edited masks of a case that were accepted last; None where the run's stand."""
        return self.mask_after(self.current().get(case))

    def mask_after(self, entry: AuditEntry | None) -> Path | None:
        """The masks that a decision left standing; None for those of the run.

        Raises:
            UnreadableFileError: The log names a file outside the run.
        """
        if entry is None or entry.after is None:
            return None
        path = (self.folder / entry.after.path).resolve()
        if not path.is_relative_to(self.folder):
            raise UnreadableFileError(
                "the audit log names a file outside the run.", path=entry.after.path
            )
        return None if path == layout.mask_file(self.folder, entry.case).resolve() else path
