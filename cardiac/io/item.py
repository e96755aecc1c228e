"""One cine of a batch: where it is, what the list says of it, and how it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cardiac.errors import CardiacError, SettingsError
from cardiac.geometry import Spacing
from cardiac.io import camus, echonet
from cardiac.io.registry import read
from cardiac.sequence import EchoSequence, View


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
        changes["view"] = wanted
    if item.patient is not None:
        changes["subject"] = replace(sequence.subject, id=item.patient)
    if item.spacing is not None:
        changes["spacing"] = item.spacing
        notes = [n for n in notes if "pixel size" not in n] + ["pixel size from the manifest"]
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


def _read(item: InputItem, view: View | None) -> EchoSequence:
    if item.url is not None:
        from cardiac.io.remote import fetched

        with fetched(item.url) as local:
            return read(local).replace(source=item.path)
    return _read_folder(item, view) if item.path.is_dir() else read(item.path)


def _read_folder(item: InputItem, view: View | None) -> EchoSequence:
    if echonet.is_folder(item.path):
        return read(item.path)
    # A manifest may call the patient otherwise than the file names do.
    named = {patient for patient, _ in camus.list_views(item.path)}
    return camus.read_camus(item.path, view, item.patient if item.patient in named else None)


def safe_id(text: str) -> str:
    """Text as a file name without folders: anything unusual becomes "_"."""
    return re.sub(r"[^\w.+=@-]+", "_", text).strip("._")[:120] or "input"
