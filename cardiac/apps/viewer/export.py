"""What was reviewed, written like any other result: masks, indices, frames, decisions."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cardiac.apps.viewer.review import Review
from cardiac.apps.viewer.session import Session
from cardiac.clinical import Indices
from cardiac.correction.changes import Changes
from cardiac.errors import OutputError
from cardiac.geometry import Mask
from cardiac.io import write_atomically
from cardiac.results import (
    AuditEntry,
    Decision,
    OpenedCase,
    RunFolder,
    frame_rows,
    index_row,
    layout,
    patient_rows,
    write_tables,
)
from cardiac.results.run_folder import Texts
from cardiac.sequence import View
from cardiac.settings import ProcessSettings
from cardiac.states import Action, Level, Status
from cardiac.study import Study
from cardiac.types import Row

REVIEW_COLUMNS = ("id", "decision", "who", "when", "note", "mask", "sha256")


def export_reviewed(run: RunFolder, out: Path, *, reviewed_only: bool = False) -> list[Path]:
    """Write masks, uncertainty and tables of a run as they stand after the review.

    An edited case gets its edited masks and indices measured on them; its intervals and its
    light are left out, because nobody estimated them anew. A rejected case keeps its row,
    without numbers, and no masks. All others are as in the run. ``review.csv`` says who
    decided what.

    Args:
        run: The run.
        out: Folder to write into; must not be the run's.
        reviewed_only: Leave out what nobody has decided on.

    Raises:
        CardiacError: A case cannot be opened, or a file cannot be written.
    """
    out = out.resolve()
    if out == run.folder or out.is_relative_to(run.folder):
        raise OutputError(
            "results of a review cannot go into the run itself.",
            path=out,
            hint="Choose another folder.",
        )
    review = Review(run)
    decided = review.current()
    indices: list[Row] = []
    frames: list[Row] = []
    files: list[Path] = []
    changed: set[str] = set()
    holding: dict[str, Path] = {}
    for row in run.rows:
        name, entry = row["id"], decided.get(row["id"])
        if reviewed_only and entry is None:
            changed.add(row["patient"])
            continue
        if entry is not None and entry.action == Decision.REJECT:
            indices.append(_rejected(row, entry))
            changed.add(row["patient"])
            continue
        holding[name] = review.path_after(name, entry)
        edited = entry is not None and holding[name] != run.mask_path(name)
        if entry is not None and edited:
            study, case = _study(run, name, holding[name])
            indices.append(_edited_row(study, case, entry))
            frames += _edited_frames(study, case)
            changed.add(row["patient"])
        else:
            indices.append(dict(row))
            frames += [dict(frame) for frame in run.frame_rows(name)]
        files += _copied(run, name, holding[name], out, edited=edited)
    indices += _patients(run, holding, indices, changed)
    files += write_tables(out, indices, frames)
    files.append(_write_decisions(out / "review.csv", decided))
    if review.log.path.is_file():
        files.append(_copy(review.log.path, out / review.log.path.name))
    return files


def _study(run: RunFolder, name: str, path: Path) -> tuple[Study, OpenedCase]:
    """A case with the masks that hold now, measured."""
    case = run.open(name)
    masks = run.open_masks(path)
    session = Session(case.sequence, masks, profile=run.profile, convention=run.convention)
    actions, apart = _actions(case, masks)
    certificate = replace(session.state.certificate, changes=Changes(actions, *apart))
    settings = ProcessSettings(convention=run.convention)
    indices = session.indices
    study = Study(case.sequence, masks, masks, certificate, None, indices, settings)
    return study, case


def _actions(case: OpenedCase, masks: Mask) -> tuple[tuple[str, ...], tuple[Any, Any]]:
    """What was done to every frame, and how far it lies from the network's, where known."""
    same = (case.masks == masks).all(axis=(1, 2))
    told = case.frames if len(case.frames) == len(same) else [{}] * len(same)
    pairs = list(zip(told, same, strict=True))
    actions = [row.get("action", "") if s else Action.EDITED for row, s in pairs]
    units = "displacement_mm" if case.sequence.spacing is not None else "displacement_px"
    apart = tuple(
        np.array([_float(row.get(key)) if s else np.nan for row, s in pairs])
        for key in ("dice_to_network", units)
    )
    return tuple(actions), (apart[0], apart[1])


def _edited_row(study: Study, case: OpenedCase, entry: AuditEntry) -> Row:
    row = index_row(study, case.id)
    kept = ("patient", "view", "source", "out_of_distribution")
    changes = study.certificate.changes
    count = changes.actions.count(Action.EDITED) if changes else 0
    note = f"{count} frames edited by hand ({entry.who}, {entry.when})"
    row |= {key: case.row[key] for key in kept}
    row["triage_reasons"] = "edited by hand: triage and intervals are not known"
    row["notes"] = "; ".join(filter(None, [case.row["notes"], note, entry.note]))
    return row


def _edited_frames(study: Study, case: OpenedCase) -> list[Row]:
    rows = frame_rows(study, case.id)
    for row, before in zip(rows, case.frames, strict=False):
        if row.get("action") != Action.EDITED:
            row["uncertainty"] = before.get("uncertainty")
    return rows


def _rejected(row: Texts, entry: AuditEntry) -> Row:
    kept = ("id", "level", "patient", "view", "convention", "n_frames", "source")
    reason = f"rejected by {entry.who}: {entry.note}"
    told: Row = {key: row[key] for key in kept}
    return told | {"status": Status.REJECTED, "reason": reason}


def _patients(
    run: RunFolder, holding: dict[str, Path], rows: list[Row], changed: set[str]
) -> list[Row]:
    """Rows of level patient: as they were, or combined anew where a view was changed."""
    listed = {str(row["patient"]) for row in rows}
    before = [
        row for row in run.table if row["level"] == Level.PATIENT and row["patient"] in listed
    ]
    result: list[Row] = [dict(row) for row in before if row["patient"] not in changed]
    views = (View.A4C, View.A2C)
    again: list[tuple[Row, Indices, float | None]] = []
    for row in rows:
        if row["patient"] and row["patient"] in changed and row["status"] == Status.OK:
            if row["view"] not in views:
                continue
            study, _ = _study(run, str(row["id"]), holding[str(row["id"])])
            again.append((row, study.indices, study.sequence.subject.bsa_m2))
    return result + patient_rows(again)


def _copied(run: RunFolder, name: str, masks: Path, out: Path, *, edited: bool) -> list[Path]:
    """Copy masks as they hold now, and the uncertainty of masks that nobody edited."""
    pairs = [(masks, layout.mask_file(out, name))]
    if not edited:
        kept = layout.uncertainty_file(run.folder, name)
        pairs.append((kept, layout.uncertainty_file(out, name)))
    return [_copy(source, target) for source, target in pairs if source.is_file()]


def _copy(source: Path, target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", path=target) from error
    return target


def _write_decisions(path: Path, decided: dict[str, AuditEntry]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(REVIEW_COLUMNS)
    for name, entry in decided.items():
        mask = (entry.after.path, entry.after.sha256) if entry.after else ("", "")
        writer.writerow([name, entry.action, entry.who, entry.when, entry.note, *mask])
    write_atomically(path, text.getvalue().encode("utf-8"))
    return path


def _float(text: str | None) -> float:
    return float(text) if text else float("nan")
