"""Cases of a run as they stand after its review: what is exported, and what is left out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np

import cardiac
from cardiac.apps.export.provenance import Provenance
from cardiac.apps.export.reported import ReportedIndices
from cardiac.apps.export.source import Source
from cardiac.apps.export.sr import Evidence
from cardiac.apps.export.write import Pictured
from cardiac.clinical import Indices, sequence_indices
from cardiac.correction.certify import certify
from cardiac.errors import CardiacError, InputError, SettingsError, UnsupportedImageError
from cardiac.io.files import file_hash
from cardiac.labels import Label
from cardiac.results import AuditEntry, Decision, OpenedCase, RunFolder, layout, patient_rows
from cardiac.results.run_folder import Texts
from cardiac.results.tables import cell
from cardiac.sequence import View
from cardiac.states import Level, Status
from cardiac.types import Array, Row

_TOLD = ("convention", "correct", "profile")
_LONGEST_NAME = 100


@dataclass(frozen=True, eq=False, slots=True)
class ExportCase:
    """A sequence, or a patient with two views, to export.

    Attributes:
        id: Its name in the tables.
        reported: Its indices.
        edited: Whether its masks were edited in the review.
        views: For a patient, the two sequences that were combined; () for a sequence.
    """

    id: str
    reported: ReportedIndices
    edited: bool = False
    views: tuple[ExportCase, ...] = ()

    @property
    def name(self) -> str:
        """Beginning of the names of its files.

        Raises:
            SettingsError: The id of a sequence is no file name: the table was not written by a run.
        """
        if self.views:
            kept = re.sub(r"[^\w.-]+", "_", self.id)[:_LONGEST_NAME]
            return f"patient-{kept}"
        if self.id in ("", ".", "..") or Path(self.id).name != self.id or "\\" in self.id:
            raise SettingsError(f"{self.id!r} is no name of a case")
        return self.id


class ReviewedRun:
    """A run with the decisions of its review applied.

    An edited case has its edited masks, and indices that are measured on them anew; its
    triage and intervals are left out, because nobody estimated them for these masks. A
    rejected case is left out, and so is every patient with a rejected view.

    Args:
        run: The run folder.

    Attributes:
        rejected: Ids of the cases that were left out.
        edited: Ids of the cases that were edited.
        failures: Cases whose edited masks could not be measured, with the reason.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._decided = run.decisions.current()
        self.rejected = tuple(
            row["id"]
            for row in run.rows
            if row["status"] == Status.OK and self._action(row["id"]) == Decision.REJECT
        )
        self.edited = tuple(case for case in run.by_id if self._edited(case))
        self.failures: list[tuple[str, CardiacError]] = []

    @cached_property
    def provenance(self) -> Provenance:
        """What made the results, and when."""
        record, settings = self.run.record, self.run.settings
        told = {name: str(settings[name]).lower() for name in _TOLD if name in settings}
        method = settings.get("uncertainty")
        if settings.get("assess", True) and isinstance(method, dict) and method.get("method"):
            told["uncertainty"] = str(method["method"])
        weights = record.get("weights")
        first = next(iter(weights.values()), "") if isinstance(weights, dict) else ""
        version = str(record.get("cardiac") or cardiac.__version__)
        return Provenance(version, str(first), told, self._made())

    def _made(self) -> datetime:
        try:
            made = datetime.fromisoformat(str(self.run.record.get("ended")))
        except ValueError:
            stamp = (self.run.folder / layout.INDICES).stat().st_mtime
            made = datetime.fromtimestamp(stamp, UTC)
        return made if made.tzinfo else made.replace(tzinfo=UTC)

    def cases(self) -> Iterator[ExportCase]:
        """The sequences that stand, then the patients with two views.

        What cannot be measured anew is left out and told in ``failures``.
        """
        standing: list[ExportCase] = []
        for row in self.run.rows:
            if row["status"] != Status.OK or row["id"] in self.rejected:
                continue
            try:
                standing.append(self._sequence(row))
            except CardiacError as error:
                self.failures.append((row["id"], error))
        yield from standing
        for row in self.run.table:
            if row["level"] == Level.PATIENT and row["status"] == Status.OK:
                views = self._views(row["patient"], standing)
                if views is not None:
                    yield self._patient(row, views)

    def _sequence(self, row: Texts) -> ExportCase:
        reported = ReportedIndices.from_row(row, **self._level)
        if row["id"] not in self.edited:
            return ExportCase(row["id"], reported)
        entry = self._decided[row["id"]]
        indices, certified, reason = self._measured(row["id"])
        told = [f"masks edited by {entry.who}, {entry.when}", reason, entry.note]
        made = ReportedIndices.measured(
            indices, certified=certified, remarks=told, patient=reported.patient
        )
        return ExportCase(row["id"], replace(made, view=reported.view), edited=True)

    def _measured(self, case: str) -> tuple[Indices, bool, str]:
        """Indices of the masks that stand, and their certificate."""
        opened, run = self._open(case), self.run
        certificate = certify(
            opened.masks,
            opened.sequence.spacing,
            opened.sequence.frame_interval_s,
            run.profile,
            atrium=True,
        )
        indices = sequence_indices(
            opened.sequence,
            opened.masks,
            convention=run.convention,
            attributes=certificate.attributes,
        )
        return indices, certificate.certified, certificate.reason

    def _views(self, patient: str, standing: Sequence[ExportCase]) -> tuple[ExportCase, ...] | None:
        """The sequences of a patient's biplane indices, four chambers first.

        None where one of them was rejected or cannot be measured anew; as many as are known
        where the table is not clear.
        """
        rows = [row for row in self.run.rows if patient and row["patient"] == patient]
        known = {case.id: case for case in standing}
        found: list[ExportCase] = []
        for view in (View.A4C, View.A2C):
            ok = [row["id"] for row in rows if row["view"] == view and row["status"] == Status.OK]
            if any(case not in known for case in ok):
                return None
            found += [known[case] for case in ok if len(ok) == 1]
        return tuple(found)

    def _patient(self, row: Texts, views: tuple[ExportCase, ...]) -> ExportCase:
        reported = ReportedIndices.from_row(row, **self._level)
        if len(views) < 2 or not any(view.edited for view in views):
            return ExportCase(row["id"], reported, views=views)
        measured = []
        for view in views:
            indices, certified, reason = self._measured(view.id)
            told: Row = dict(self.run.row(view.id))
            told |= {"triage": view.reported.triage, "certified": certified, "certificate": reason}
            measured.append((told, indices, self._open(view.id).sequence.subject.bsa_m2))
        combined = {key: str(cell(value)) for key, value in patient_rows(measured)[0].items()}
        made = ReportedIndices.from_row(combined)
        remarks = ("masks edited in a review", *made.remarks)
        return ExportCase(row["id"], replace(made, remarks=remarks), edited=True, views=views)

    def evidence(self, case: ExportCase) -> Evidence:
        """The DICOM cine of a sequence, the very file that the run read, with its frames.

        Raises:
            UnsupportedImageError: It is no DICOM image.
            InputError: It is not found, or not the same any more.
        """
        reported = case.reported
        source = Source.read(self._path(case.id))
        return Evidence(source, reported.ed_frames, reported.es_frames)

    def pictured(self, case: ExportCase) -> Pictured:
        """Frames, masks and uncertainty of a sequence.

        Raises:
            CardiacError: They cannot be read, or the cine is not found.
        """
        opened = self._open(case.name)
        if opened.problem is not None:
            told = f"{opened.problem} ({opened.detail})" if opened.detail else str(opened.problem)
            raise InputError(told, path=self.run.source_path(case.id))
        uncertainty = None if case.edited else self.run.uncertainty(case.id)
        pixels: Array = (opened.masks == Label.LV).sum(axis=(1, 2)).astype(np.float64)
        spacing = opened.sequence.spacing
        area = pixels if spacing is None else pixels * math.prod(spacing) / 100
        return Pictured(opened.sequence, opened.masks, uncertainty, area, opened.geometry)

    def _open(self, case: str) -> OpenedCase:
        return self.run.open(case, self.run.standing_mask_path(case))

    def _path(self, case: str) -> Path:
        """Where the input of a case lies, made sure of by its hash."""
        path, known = self.run.source_path(case), self.run.input_hash(case)
        if path is None:
            raise InputError(
                "its input is not found.",
                hint="Name the DICOM file, or its folder, with --source.",
            )
        if path.is_dir():
            raise UnsupportedImageError(
                "is a folder: DICOM results must name the frames they were made from.", path=path
            )
        if known and file_hash(path) != known:
            raise InputError(
                "is not the file that the results were made from.",
                path=path,
                hint="Name that file with --source, or run cardiac process again.",
            )
        return path

    @property
    def _level(self) -> dict[str, float]:
        """Share of experts' values that the run's intervals hold, where it is told."""
        settings = self.run.settings.get("uncertainty")
        level = settings.get("level") if isinstance(settings, dict) else None
        return {"level": float(level)} if level else {}

    def _action(self, case: str) -> str:
        entry: AuditEntry | None = self._decided.get(case)
        return "" if entry is None else entry.action

    def _edited(self, case: str) -> bool:
        entry = self._decided.get(case)
        return entry is not None and self.run.decisions.mask_after(entry) is not None
