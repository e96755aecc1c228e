"""One cine of a batch: where it is, what the list says of it, and how it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cardiac.errors import CardiacError, SettingsError
from cardiac.geometry import Region, Spacing
from cardiac.io import camus, echonet
from cardiac.io.pixels import believed
from cardiac.io.region import in_sector
from cardiac.io.registry import read, read_stored
from cardiac.io.series import read_series
from cardiac.sequence import EchoSequence, Subject, View
from cardiac.states import ViewSource


@dataclass(frozen=True, slots=True)
class InputItem:
    """One cine of a batch.

    Attributes:
        id: Name of its results: unique, without path separators.
        path: File, or CAMUS patient folder where ED and ES stills make one cine.
        patient: Who it belongs to, or None.
        view: Apical view stated by a manifest or a file name.
        spacing: (row, column) in mm that overrides the file's.
        frame_time_s: Frame interval in s that overrides the file's.
        ed_frames, es_frames: Frames from 0 that override the file's.
        height_m, weight_kg: Of the patient, over what the file says.
        region: Where the echo is in the picture, which overrules the pixels; "whole" for all of it.
        parts: Files of a cine that is stored as single frames, in order; ``path`` is the first.
        error: Why it cannot be read, found out already.
        url: Where to fetch it, where it is no local file; ``path`` is then its name alone.
    """

    id: str
    path: Path
    patient: str | None = None
    view: View = View.UNKNOWN
    spacing: Spacing | None = None
    frame_time_s: float | None = None
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()
    height_m: float | None = None
    weight_kg: float | None = None
    region: Region | str | None = None
    parts: tuple[Path, ...] = ()
    error: CardiacError | None = None
    url: str | None = None


def read_item(item: InputItem) -> EchoSequence:
    """Read a listed cine and apply what the list says over what the file says.

    Raises:
        CardiacError: The item's own error, or as :func:`cardiac.io.read`.
        SettingsError: A listed ED or ES frame that the cine has not.
    """
    if item.error is not None:
        raise item.error
    wanted = None if item.view is View.UNKNOWN else item.view
    sequence = _read(item, wanted)
    changes: dict[str, object] = {}
    notes = list(sequence.notes)
    if wanted is not None:
        changes |= {"view": wanted, "view_source": ViewSource.MANIFEST}
    subject = _subject(item, sequence.subject)
    if subject != sequence.subject:
        changes["subject"] = subject
    region = sequence.region
    if item.spacing is not None:
        rows = sequence.shape[0] if region is None else region.height
        changes["spacing"], doubt = believed(
            item.spacing, rows, sequence.subject.age_years, stated=True
        )
        notes = [n for n in notes if "pixel size" not in n]
        notes += doubt or ("pixel size from the manifest",)
    if item.frame_time_s is not None and len(sequence) > 1:
        changes["times"] = np.arange(len(sequence)) * item.frame_time_s
        notes = [n for n in notes if "frame times" not in n] + ["frame times from the manifest"]
    for name, frames in (("ed_frames", item.ed_frames), ("es_frames", item.es_frames)):
        if frames and max(frames) >= len(sequence):
            raise SettingsError(
                f"frame {max(frames)} is listed as {name[:2].upper()}, but the cine has "
                f"{len(sequence)} frames, counted from 0.",
                path=item.path,
                hint="Correct the manifest.",
            )
        if frames:
            changes[name] = frames
    return sequence.replace(**changes, notes=tuple(notes)) if changes else sequence


def _subject(item: InputItem, subject: Subject) -> Subject:
    return replace(
        subject,
        id=subject.id if item.patient is None else item.patient,
        height_m=subject.height_m if item.height_m is None else item.height_m,
        weight_kg=subject.weight_kg if item.weight_kg is None else item.weight_kg,
    )


def _read(item: InputItem, view: View | None) -> EchoSequence:
    if item.url is not None:
        from cardiac.io.remote import fetched

        with fetched(item.url) as local:
            return read(local, item.region).replace(source=item.path)
    if item.parts:
        return in_sector(read_series(item.parts, read_stored), item.region)
    if item.path.is_dir():
        return _read_folder(item, view)
    return read(item.path, item.region)


def _read_folder(item: InputItem, view: View | None) -> EchoSequence:
    if echonet.is_folder(item.path):
        return read(item.path, item.region)
    # A manifest may call the patient otherwise than the file names do.
    named = {patient for patient, _ in camus.list_views(item.path)}
    patient = item.patient if item.patient in named else None
    return in_sector(camus.read_camus(item.path, view, patient), item.region)


def safe_id(text: str) -> str:
    """Text as a file name without folders: anything unusual becomes "_".

    It never begins with a character that a spreadsheet takes for a formula.
    """
    return re.sub(r"[^\w.+=@-]+", "_", text).strip("._").lstrip("._=+@-")[:120] or "input"
