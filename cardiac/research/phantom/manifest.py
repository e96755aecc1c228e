"""Lists of cines to make: who, how long, how hard, and from which seed. Never pixels."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from cardiac.errors import CardiacError, OutputError, SettingsError, UnreadableFileError
from cardiac.research.phantom.cine import PhantomCine
from cardiac.research.phantom.corruptions import CORRUPTIONS, corrupt
from cardiac.research.phantom.grades import parse_requests
from cardiac.research.phantom.mask_corruptions import MASK_CORRUPTIONS
from cardiac.research.phantom.real import real_texture_cine
from cardiac.research.phantom.synthetic import synthetic_cine
from cardiac.resources import packaged
from cardiac.sequence import View

REAL, SYNTHETIC = "real", "synthetic"
_CHAMBERS = {View.A4C.value: "4CH", View.A2C.value: "2CH"}


@dataclass(frozen=True, slots=True)
class CineSpec:
    """One row of a manifest.

    Attributes:
        id: Unique name of the cine.
        kind: "real" (real texture, needs the CAMUS folder) or "synthetic".
        patient: Patient folder of a real-texture cine, "" otherwise.
        split: "train" (for tuning), "valid" (for reporting) or "" for a synthetic cine.
        view: "A4C" or "A2C".
        seed: Everything random comes from it.
        n_frames: Frames before corruption.
        frame_rate: Frames a second before corruption.
        corruptions: Corruptions of the images, "name:grade", joined by "+".
        mask_corruptions: Failures of the masks that a method gets to see, written alike.
    """

    id: str
    kind: str
    patient: str
    split: str
    view: str
    seed: int
    n_frames: int = 50
    frame_rate: float = 50.0
    corruptions: str = ""
    mask_corruptions: str = ""

    def __post_init__(self) -> None:
        if self.kind not in (REAL, SYNTHETIC):
            raise SettingsError(f"the kind {self.kind!r} is not {REAL!r} or {SYNTHETIC!r}")
        if (self.kind == REAL) != bool(self.patient):
            raise SettingsError("a real cine needs a patient, a synthetic one has none")
        if self.view not in _CHAMBERS:
            raise SettingsError(f"there is no view {self.view!r}", hint="Use A4C or A2C.")
        parse_requests(split_requests(self.corruptions), CORRUPTIONS)
        parse_requests(split_requests(self.mask_corruptions), MASK_CORRUPTIONS)


def split_requests(text: str) -> list[str]:
    """The corruptions in a cell of a manifest."""
    return [part.strip() for part in text.split("+") if part.strip()]


def read_manifest(path: str | Path) -> tuple[CineSpec, ...]:
    """Read and check a manifest.

    Raises:
        UnreadableFileError: The file cannot be read.
        SettingsError: A column is missing, a row is wrong (it is named) or an id occurs twice.
    """
    path = packaged(path)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError("this manifest cannot be read", path=path) from error
    specs = [_parse(row, number, path) for number, row in enumerate(rows, start=2)]
    if not specs:
        raise SettingsError("this manifest has no rows", path=path)
    ids = [spec.id for spec in specs]
    for name in ids:
        if ids.count(name) > 1:
            raise SettingsError(f"the id {name!r} occurs twice", path=path)
    return tuple(specs)


def _parse(row: dict[str, str], number: int, path: Path) -> CineSpec:
    casts: dict[str, Callable[[str], object]] = {"seed": int, "n_frames": int, "frame_rate": float}
    try:
        cells = {f.name: casts.get(f.name, str.strip)(row[f.name]) for f in fields(CineSpec)}
        return CineSpec(**cells)  # type: ignore[arg-type]
    except CardiacError as error:
        raise SettingsError(
            f"line {number}: {error.message}", path=path, hint=error.hint
        ) from error
    except KeyError as error:
        raise SettingsError(f"there is no column {error}", path=path) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"line {number} cannot be understood: {error}", path=path) from error


def write_manifest(path: str | Path, specs: Iterable[CineSpec]) -> None:
    """Write specs as a manifest.

    Raises:
        OutputError: The file cannot be written.
    """
    path = Path(path)
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            names = [f.name for f in fields(CineSpec)]
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: _cell(v) for k, v in asdict(spec).items()} for spec in specs)
    except OSError as error:
        raise OutputError("this manifest cannot be written", path=path) from error


def _cell(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value


def make_cine(spec: CineSpec, camus: str | Path | None = None) -> PhantomCine:
    """Make the cine of a spec, its image corruptions included.

    Args:
        spec: What to make.
        camus: Folder of CAMUS, one folder a patient; only real-texture cines need it.

    Raises:
        SettingsError: A real-texture cine without a folder.
        UnreadableFileError: The patient is not in it.
        InputError: The patient's masks cannot be used.
    """
    if spec.kind == SYNTHETIC:
        cine = synthetic_cine(spec.view, spec.n_frames, seed=spec.seed, frame_rate=spec.frame_rate)
    else:
        cine = _real(spec, camus)
    return corrupt(cine.replace(name=spec.id), split_requests(spec.corruptions), spec.seed)


def _real(spec: CineSpec, camus: str | Path | None) -> PhantomCine:
    from cardiac.research.data import labelled_stills

    if camus is None:
        raise SettingsError(
            f"{spec.id} is made from a patient of CAMUS", hint="Give the folder of the data set."
        )
    stills = {
        s.phase: s for s in labelled_stills(Path(camus), [spec.patient], [_CHAMBERS[spec.view]])
    }
    for phase in ("ED", "ES"):
        if phase not in stills:
            raise UnreadableFileError(
                f"there is no {phase} image with a mask", path=Path(camus) / spec.patient
            )
    ed, es = stills["ED"], stills["ES"]
    if ed.spacing is None:
        raise UnreadableFileError("its image has no pixel size", path=Path(camus) / spec.patient)
    return real_texture_cine(
        ed.image, ed.mask, es.image, es.mask, ed.spacing,
        n_frames=spec.n_frames, frame_rate=spec.frame_rate, seed=spec.seed, view=spec.view,
    )  # fmt: skip
