"""The CAMUS layout: one folder a patient, stills and half cycles named by view and phase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardiac.errors import GeometryError, InvalidPixelsError, UnreadableFileError
from cardiac.io import itk, nifti
from cardiac.io.volume import Volume
from cardiac.sequence import EchoSequence, Storage, Subject, View
from cardiac.states import ViewSource

_NAME = re.compile(
    r"(?P<patient>.+)_(?P<view>[234]CH)_(?P<kind>ED|ES|half_sequence|sequence)(?P<gt>_gt)?",
    re.IGNORECASE,
)
_ENDINGS = (".nii.gz", ".nii", ".mhd", ".mha")
_VIEWS = {"4CH": View.A4C, "2CH": View.A2C, "3CH": View.A3C}
_CHAMBERS = {view: name for name, view in _VIEWS.items()}


@dataclass(frozen=True, slots=True)
class CamusName:
    """What the name of a CAMUS file says. ``kind`` is ed, es, half_sequence or sequence."""

    patient: str
    view: View
    kind: str
    is_mask: bool

    @property
    def is_cine(self) -> bool:
        """Whether it is a cine, not a still."""
        return self.kind.endswith("sequence")


def parse_name(path: Path) -> CamusName | None:
    """Patient, view and phase of a file named as in CAMUS, or None."""
    name = path.name
    ending = next((e for e in _ENDINGS if name.lower().endswith(e)), None)
    match = _NAME.fullmatch(name[: -len(ending)]) if ending else None
    if match is None:
        return None
    view = _VIEWS[match["view"].upper()]
    return CamusName(match["patient"], view, match["kind"].lower(), match["gt"] is not None)


def list_views(folder: Path) -> dict[tuple[str, View], dict[str, Path]]:
    """Images of a CAMUS folder: {(patient, view): {kind: file}}, masks left out, sorted."""
    found: dict[tuple[str, View], dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        name = parse_name(path)
        if name is not None and not name.is_mask and path.is_file():
            found.setdefault((name.patient, name.view), {}).setdefault(name.kind, path)
    return dict(sorted(found.items(), key=lambda item: (item[0][0], item[0][1] != View.A4C)))


def read_camus(
    folder: str | Path, view: View | str | None = None, patient: str | None = None
) -> EchoSequence:
    """Read one view of a CAMUS patient folder.

    The half cycle (or full sequence) is read where there is one, with the ED and ES frames of
    Info_*.cfg; else the ED and ES stills as a cine of two frames without times.

    Args:
        folder: A folder such as ``patient0001``.
        view: View wanted; four-chamber if there is one when left out.
        patient: Patient wanted, where one folder holds several.

    Raises:
        UnreadableFileError: No such folder, or it lacks the view.
        InvalidPixelsError, GeometryError: ED and ES differ in size or spacing.
    """
    folder = Path(folder)
    try:
        views = list_views(folder)
    except OSError as error:
        raise UnreadableFileError(
            "cannot be listed as a folder.", path=folder, hint="Check the path."
        ) from error
    wanted = [
        key for key in views if (view is None or key[1] == View(view)) and patient in (None, key[0])
    ]
    if not wanted:
        what = "a CAMUS patient" if view is None else f"the {View(view)} view"
        raise UnreadableFileError(
            f"the folder does not hold {what}.",
            path=folder,
            hint="A patient folder holds files such as patient0001_4CH_ED.nii.gz; "
            "to process many files, give the folder to the batch job.",
        )
    return _read_view(views[wanted[0]], folder)


def enrich(sequence: EchoSequence) -> EchoSequence:
    """Add what the CAMUS name and Info_*.cfg beside it say to one file's cine."""
    path = sequence.source
    name = None if path is None else parse_name(path)
    if path is None or name is None:
        return sequence
    info = read_info(path.parent, name)
    changes: dict[str, object] = {
        "view": name.view,
        "view_source": ViewSource.NAME,
        "subject": Subject(name.patient, _sex(info), _number(info, "age")),
    }
    notes = list(sequence.notes)
    if name.is_cine:
        ed, es = (_frame(info, key, len(sequence), notes) for key in ("ed", "es"))
        changes |= {"ed_frames": ed, "es_frames": es}
        rate = _number(info, "framerate")
        if sequence.times is None and rate and 1 <= rate <= 1000:
            changes["times"] = np.arange(len(sequence)) / rate
            notes = [n for n in notes if not n.startswith("no frame times")]
            notes.append("frame times from FrameRate in the CAMUS info file")
    elif len(sequence) == 1:
        changes["ed_frames" if name.kind == "ed" else "es_frames"] = (0,)
    return sequence.replace(**changes, notes=tuple(notes))


def info_names(name: CamusName) -> tuple[str, str]:
    """Names that the view's info file may have."""
    view = _CHAMBERS[name.view]
    return f"Info_{view}.cfg", f"{name.patient}_{view}_info.cfg"


def read_info(folder: Path, name: CamusName) -> dict[str, str]:
    """Keys (lower case) and values of the view's info file; {} where there is none."""
    for file in info_names(name):
        try:
            lines = (folder / file).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        pairs = (line.partition(":") for line in lines)
        return {key.strip().lower(): value.strip() for key, colon, value in pairs if colon}
    return {}


def _read_view(files: dict[str, Path], folder: Path) -> EchoSequence:
    for kind in ("half_sequence", "sequence"):
        if kind in files:
            return enrich(_load(files[kind]).as_sequence())
    if len(files) == 1:
        kind, path = next(iter(files.items()))
        sequence = enrich(_load(path).as_sequence())
        other = "es" if kind == "ed" else "ed"
        return sequence.replace(
            source=folder, notes=(*sequence.notes, f"there is no {other.upper()} image")
        )
    return _pair(_load(files["ed"]), _load(files["es"]), folder)


def _pair(ed: Volume, es: Volume, folder: Path) -> EchoSequence:
    if ed.values.shape != es.values.shape or len(ed.values) != 1:
        shapes = " and ".join("×".join(map(str, v.values.shape[1:])) for v in (ed, es))
        raise InvalidPixelsError(
            f"the ED and ES images differ in size ({shapes} pixels).",
            path=folder,
            hint="Process the two files one by one.",
        )
    if ed.spacing != es.spacing:
        raise GeometryError(
            f"the ED and ES images differ in pixel size ({ed.spacing} and {es.spacing} mm).",
            path=folder,
            hint="Process the two files one by one.",
        )
    first, second = (enrich(v.as_sequence()) for v in (ed, es))
    zooms = ed.storage.zooms or (1.0, 1.0)
    return first.replace(
        frames=np.concatenate([first.frames, second.frames]),
        ed_frames=(0,),
        es_frames=(1,),
        source=folder,
        storage=Storage("xyt", ed.storage.affine, (*zooms[:2], 1.0)),
        notes=(*first.notes, "two stills, ED then ES: no frame times"),
    )


def _load(path: Path) -> Volume:
    return nifti.load(path) if ".nii" in path.name.lower() else itk.load(path)


def _sex(info: dict[str, str]) -> str | None:
    value = info.get("sex", "").upper()[:1]
    return value if value in ("M", "F") else None


def _number(info: dict[str, str], key: str) -> float | None:
    try:
        value = float(info.get(key, ""))
    except ValueError:
        return None
    return value if 0 < value < 10_000 else None


def _frame(info: dict[str, str], key: str, count: int, notes: list[str]) -> tuple[int, ...]:
    """Frame number of the info file, counted from 1 there and from 0 here."""
    value = _number(info, key)
    if value is None:
        return ()
    if value != int(value) or value > count:
        notes.append(f"{key.upper()} frame {value:g} of the info file is not among {count} frames")
        return ()
    return (int(value) - 1,)
