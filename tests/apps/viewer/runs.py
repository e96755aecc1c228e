"""A run to review, made in a second: known hearts in noise, measured as the main job does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from cardiac.clinical import sequence_indices
from cardiac.correction import correct_masks
from cardiac.correction.certify import certify
from cardiac.correction.changes import Changes
from cardiac.errors import UnreadableFileError
from cardiac.geometry import Mask
from cardiac.io import InputItem, write_mask, write_share_map
from cardiac.io.write import _write
from cardiac.results import failed_row, frame_rows, index_row, patient_rows, write_tables
from cardiac.sequence import EchoSequence, Subject, View
from cardiac.settings import ProcessSettings
from cardiac.study import Study
from cardiac.types import Row
from tests.shapes import Apical, beating

SPACING = (0.7, 0.7)
INTERVAL = 0.03


def hearts(frames: int = 16, size: int = 200) -> Mask:
    """(T, H, W) certified masks of one beat."""
    shape = Apical(size=(size, size), annulus=(90.0, 70.0), length=65.0, half_width=20.0)
    masks = beating(frames, 1.0, shape.with_(atrium=(30.0, 15.0)), depth=0.08)
    return correct_masks(masks, SPACING, INTERVAL).masks


def cine_of(masks: Mask, view: View = View.A4C, patient: str | None = None) -> EchoSequence:
    """A cine in which the cavity is dark, the wall bright and all of it noisy."""
    rng = np.random.default_rng(0)
    grey = np.array([60, 30, 150, 40])[masks] + rng.normal(0, 12, masks.shape)
    return EchoSequence(
        np.clip(grey, 0, 255).astype(np.uint8),
        spacing=SPACING,
        times=np.arange(len(masks)) * INTERVAL,
        view=view,
        subject=Subject(id=patient),
    )


def make_run(folder: Path, cases: dict[str, Mask], *, patient: str = "p1") -> Path:
    """What ``cardiac process`` leaves of some cases, and of one that failed."""
    source = folder.parent / f"{folder.name}-sources"
    rows: list[Row] = []
    frames: list[Row] = []
    told: list[dict[str, object]] = []
    combined = []
    for number, (name, masks) in enumerate(cases.items()):
        view = (View.A4C, View.A2C, View.A3C)[min(number, 2)]
        cine = cine_of(masks, view, patient)
        path = _write(source / f"{name}.nii.gz", cine.frames, cine, "cine")
        certificate = certify(masks, SPACING, cine.frame_interval_s, atrium=True)
        count = len(masks)
        changes = Changes(("kept",) * count, np.ones(count), np.zeros(count))
        object.__setattr__(certificate, "changes", changes)
        indices = sequence_indices(cine, masks, attributes=certificate.attributes)
        settings = ProcessSettings()
        study = Study(cine, masks, masks, certificate, None, indices, settings)
        write_mask(folder / "masks" / f"{name}.nii.gz", masks, cine)
        blurred = np.where(masks == 2, 0.6, 0.05) * np.ones(masks.shape)
        write_share_map(folder / "uncertainty" / f"{name}.nii.gz", blurred, cine, "uncertainty")
        row = index_row(study, name) | {"triage": "accept", "uncertainty": 0.1 + 0.01 * number}
        rows.append(row)
        frames += [r | {"uncertainty": 0.1} for r in frame_rows(study, name)]
        combined.append((row, study.indices, None))
        told.append({"id": name, "input": str(path), "sha256": None, "status": "ok"})
    rows.append(
        failed_row(InputItem("broken", Path("broken.dcm")), UnreadableFileError("is empty"))
    )
    rows += patient_rows(combined)
    write_tables(folder, rows, frames)
    record = {"settings": {"profile": "published", "convention": "ase"}, "cases": told}
    (folder / "run.json").write_text(json.dumps(record))
    return folder
