"""What a run of ``cardiac process`` left in its folder, case by case."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import (
    GeometryError,
    InputError,
    SettingsError,
    UnreadableFileError,
    UnsupportedImageError,
)
from cardiac.results.columns import FORMER_NAMES

if TYPE_CHECKING:
    from cardiac.apps.export import Maker, Results, Source
    from cardiac.geometry import Mask
    from cardiac.sequence import EchoSequence

_TOLD = ("convention", "correct", "profile")
_LONGEST_NAME = 100


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """One row of ``indices.csv``.

    Attributes:
        id: Name of its files.
        results: Its indices.
        source: Path of its input as the run named it, "" if unknown.
        file: Name of that file.
        sha256: Hash of that file, "" if unknown.
        views: For a patient, the two sequences that were combined; () for a sequence.
    """

    id: str
    results: Results
    source: str = ""
    file: str = ""
    sha256: str = ""
    views: tuple[Case, ...] = ()

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


class RunFolder:
    """Reads the results of a run.

    Args:
        folder: Its output folder.
        sources: Its inputs, or folders of them, where they are not where the run read them.

    Raises:
        UnreadableFileError: The folder holds no run, or its table cannot be read.
    """

    def __init__(self, folder: Path, sources: Sequence[Path] = ()) -> None:
        self.folder = folder
        self._sources = tuple(sources)
        self._rows = _read_table(folder / "indices.csv")
        self._record = _read_record(folder / "run.json")

    @cached_property
    def maker(self) -> Maker:
        """What made the results, and when."""
        import cardiac
        from cardiac.apps.export import Maker

        record = self._record
        settings = _mapping(record.get("settings"))
        told = {name: str(settings[name]).lower() for name in _TOLD if name in settings}
        method = _mapping(settings.get("uncertainty")).get("method")
        if settings.get("assess", True) and method:
            told["uncertainty"] = str(method)
        weights = [str(value) for value in _mapping(record.get("weights")).values()]
        version = str(record.get("cardiac") or cardiac.__version__)
        return Maker(version, (weights or [""])[0], told, self._made())

    def _made(self) -> datetime:
        try:
            made = datetime.fromisoformat(str(self._record.get("ended")))
        except ValueError:
            made = datetime.fromtimestamp((self.folder / "indices.csv").stat().st_mtime, UTC)
        return made if made.tzinfo else made.replace(tzinfo=UTC)

    def cases(self) -> Iterator[Case]:
        """The sequences that were processed, then the patients with two views."""
        sequences = [self._case(row) for row in self._rows if row.get("level") != "patient"]
        yield from sequences
        for row in self._rows:
            if row.get("level") == "patient" and row.get("status") == "ok":
                yield self._case(row, _views(row.get("patient", ""), sequences))

    def _case(self, row: Mapping[str, str], views: tuple[Case, ...] = ()) -> Case:
        from cardiac.apps.export import Results

        settings = _mapping(_mapping(self._record.get("settings")).get("uncertainty"))
        level = settings.get("level")
        results = Results.from_row(row, level) if level else Results.from_row(row)
        known = self._inputs.get(row.get("id", ""), {})
        source, sha256 = str(known.get("input") or ""), str(known.get("sha256") or "")
        file = Path(source).name or row.get("source", "")
        return Case(row.get("id", ""), results, source, file, sha256, views)

    @cached_property
    def _inputs(self) -> dict[str, Mapping[str, Any]]:
        cases = self._record.get("cases")
        found = [_mapping(case) for case in cases] if isinstance(cases, list) else []
        return {str(case.get("id")): case for case in found}

    def source(self, case: Case) -> Source:
        """The DICOM cine of a sequence, the very file that the run read.

        Raises:
            UnsupportedImageError: It is no DICOM image.
            InputError: It is not found, or not the same any more.
        """
        from cardiac.apps.export import Source

        return Source.read(self._path(case))

    def _path(self, case: Case) -> Path:
        from cardiac.io.files import file_hash

        if case.sha256 and case.sha256 in self._hashes:
            return self._hashes[case.sha256]
        given = [path for path in self._given if path.name == case.file]
        if len(given) != 1 and not (case.source and Path(case.source).exists()):
            raise InputError(
                "its input is not found" + (f" at {case.source}." if case.source else "."),
                hint="Name the DICOM file, or its folder, with --source.",
            )
        path = given[0] if len(given) == 1 else Path(case.source)
        if path.is_dir():
            raise UnsupportedImageError(
                "is a folder: DICOM results must name the frames they were made from.", path=path
            )
        if case.sha256 and file_hash(path) != case.sha256:
            raise InputError(
                "is not the file that the results were made from.",
                path=path,
                hint="Name that file with --source, or run cardiac process again.",
            )
        return path

    @cached_property
    def _given(self) -> list[Path]:
        """The files named by hand, those in folders included."""
        found: list[Path] = []
        for path in self._sources:
            if not path.exists():
                raise UnreadableFileError("there is no such file or folder.", path=path)
            inside = sorted(path.rglob("*")) if path.is_dir() else [path]
            found += [entry for entry in inside if entry.is_file()]
        return found

    @cached_property
    def _hashes(self) -> dict[str, Path]:
        """The files named by hand, by their hash: a run may have been told to hide names."""
        from cardiac.io.files import file_hash

        return {file_hash(path): path for path in reversed(self._given)}

    def masks(self, case: Case) -> Mask:
        """(T, H, W) labels of a sequence.

        Raises:
            InputError: They cannot be read.
        """
        from cardiac.io.masks import read_mask

        return read_mask(self.folder / "masks" / f"{case.name}.nii.gz")[0]

    def image(self, case: Case) -> EchoSequence:
        """The grey frames of a sequence on the grid of its masks.

        Raises:
            CardiacError: Its input is not found, not the same any more, or cannot be read.
        """
        from cardiac.io import read, read_mask

        path = self._path(case)
        masks, geometry = read_mask(self.folder / "masks" / f"{case.name}.nii.gz")
        frames = read(path).frames
        if frames.shape != masks.shape:
            raise GeometryError("has not the size of its masks.", path=path)
        return geometry.replace(frames=frames)

    def uncertainty(self, case: Case) -> npt.NDArray[np.floating] | None:
        """(T, H, W) uncertainty from 0 to 1 of a sequence; None where it was not estimated.

        Raises:
            InputError: It cannot be read.
        """
        from cardiac.io.masks import read_map

        path = self.folder / "uncertainty" / f"{case.name}.nii.gz"
        return read_map(path) if path.is_file() else None


def _views(patient: str, sequences: Sequence[Case]) -> tuple[Case, ...]:
    """The sequences that a patient's biplane indices were made from, four chambers first."""
    own = [case for case in sequences if patient and case.results.patient == patient]
    found = [[case for case in own if case.results.view == view] for view in ("A4C", "A2C")]
    return tuple(cases[0] for cases in found if len(cases) == 1)


def _read_table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [
                {FORMER_NAMES.get(key, key): value for key, value in row.items()}
                for row in csv.DictReader(file)
                if row.get("status") == "ok"
            ]
    except FileNotFoundError:
        raise UnreadableFileError(
            "there is no indices.csv in this folder.",
            path=path.parent,
            hint="Name a folder that cardiac process wrote.",
        ) from None
    except (OSError, ValueError, csv.Error) as error:
        raise UnreadableFileError(f"cannot be read ({error}).", path=path) from error
    return [{key: value or "" for key, value in row.items() if key} for row in rows]


def _read_record(path: Path) -> Mapping[str, Any]:
    """``run.json``, or nothing: a study that was saved from Python has none."""
    try:
        return _mapping(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"cannot be read ({error}).", path=path) from error


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
