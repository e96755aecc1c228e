"""The folder that ``cardiac process`` left, read a case at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cardiac.anatomy import PUBLISHED, Profile, load_profile
from cardiac.apps.viewer.editing.limits import phases_of
from cardiac.clinical import Convention
from cardiac.errors import CardiacError, OutputError
from cardiac.geometry import FloatArray, Mask, Spacing
from cardiac.io import InputItem, read_item
from cardiac.io.files import file_hash
from cardiac.io.masks import read_mask
from cardiac.io.volume import Volume
from cardiac.sequence import EchoSequence, Subject, View

Texts = dict[str, str]
GONE = "the source is not where it was: the masks are shown alone"
OTHER = "the source has changed since the run: the masks are shown alone"


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """One sequence of a run, opened.

    Attributes:
        id: Its name.
        row: Its row of ``indices.csv``.
        frames: Its rows of ``frames.csv``.
        sequence: The cine; black where the source could not be read again.
        geometry: How the mask file is laid out.
        masks: (T, H, W) labels of the run.
        problem: Why there is no cine; "" where there is one.
    """

    id: str
    row: Texts
    frames: list[Texts]
    sequence: EchoSequence
    geometry: EchoSequence
    masks: Mask
    problem: str = ""


class RunFolder:
    """A run to look at. Nothing in it is changed.

    Args:
        folder: What ``cardiac process`` wrote.
        sources: Where the input of each case lies, for a run without ``run.json``.

    Raises:
        OutputError: It is no such folder.
    """

    def __init__(self, folder: Path, sources: Mapping[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        if not (self.folder / "indices.csv").is_file():
            raise OutputError(
                "there is no indices.csv in this folder.",
                path=folder,
                hint="Name a folder that cardiac process wrote.",
            )
        self._sources = dict(sources or {})
        self._stamp = (self.folder / "indices.csv").stat().st_mtime_ns

    def refresh(self) -> None:
        """Read the tables again, if the run has gone on since."""
        stamp = (self.folder / "indices.csv").stat().st_mtime_ns
        if stamp != self._stamp:
            self._stamp = stamp
            for known in ("rows", "table", "by_id", "record", "_inputs", "_places"):
                self.__dict__.pop(known, None)

    @cached_property
    def rows(self) -> list[Texts]:
        """Rows of ``indices.csv`` of level sequence, in the order of the run."""
        return [row for row in self.table if row["level"] == "sequence"]

    @cached_property
    def table(self) -> list[Texts]:
        """All rows of ``indices.csv``."""
        return _read_csv(self.folder / "indices.csv")

    @cached_property
    def by_id(self) -> dict[str, Texts]:
        """Rows of level sequence by id."""
        return {row["id"]: row for row in self.rows}

    @cached_property
    def record(self) -> dict[str, Any]:
        """``run.json``; empty where the run was cut short."""
        try:
            told = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    @property
    def profile(self) -> Profile:
        """Bounds of the criteria that the run kept to."""
        name = self._settings.get("profile")
        return load_profile(name) if name in ("published", "camus") else PUBLISHED

    @property
    def convention(self) -> Convention:
        """How the run stacked discs."""
        return Convention(self._settings.get("convention", Convention.ASE))

    def mask_path(self, name: str) -> Path:
        """The mask file of a case.

        Raises:
            OutputError: There is no such case.
        """
        if name not in self.by_id:
            raise OutputError("there is no such case", path=name)
        return self.folder / "masks" / f"{name}.nii.gz"

    def frame_rows(self, name: str) -> list[Texts]:
        """Rows of ``frames.csv`` of a case."""
        start, stop = self._places.get(name, (0, 0))
        with (self.folder / "frames.csv").open("rb") as file:
            head = file.readline().decode("utf-8-sig")
            file.seek(start)
            text = file.read(stop - start).decode("utf-8", "replace")
        return list(csv.DictReader((head + text).splitlines()))

    def open(self, name: str, mask: Path | None = None) -> Case:
        """Open a case: its masks, and its source once more.

        Args:
            name: Its id.
            mask: Another version of its masks.

        Raises:
            CardiacError: It failed in the run, or its masks cannot be read.
        """
        row = self.by_id.get(name)
        if row is None:
            raise OutputError("there is no such case", path=name)
        if row["status"] != "ok":
            raise OutputError(f"this case has no masks: {row['reason']}", path=name)
        original = self.folder / "masks" / f"{name}.nii.gz"
        masks, geometry = read_mask(mask or original)
        problem = ""
        try:
            sequence = self._source(name, row)
            if sequence.frames.shape != masks.shape:
                raise OutputError(OTHER, path=name)
        except CardiacError as error:
            problem = error.message if error.message in (GONE, OTHER) else f"{GONE} ({error})"
            sequence = _blank(geometry, row)
        frames = self.frame_rows(name)
        sequence = _as_measured(sequence, row, frames)
        return Case(name, row, frames, sequence, geometry, masks, problem)

    def open_masks(self, path: Path) -> Mask:
        """Another version of a case's masks (T, H, W).

        Raises:
            CardiacError: They cannot be read.
        """
        return read_mask(path)[0]

    def uncertainty(self, name: str) -> FloatArray | None:
        """(T, H, W) uncertainty from 0 to 1 of a case's masks, or None."""
        path = self.folder / "uncertainty" / f"{name}.nii.gz"
        if name not in self.by_id or not path.is_file():
            return None
        from cardiac.io import nifti

        volume: Volume = nifti.load(path)
        return np.asarray(volume.values, dtype=np.float32)

    def thumbnail(self, name: str) -> Path | None:
        """The little picture that the report has of a case, or None."""
        path = self.folder / "report" / f"{name}.webp"
        return path if name in self.by_id and path.is_file() else None

    def source_path(self, name: str) -> Path | None:
        """Where the input of a case lies now, or None."""
        told = self._inputs.get(name, {}).get("input") or self._sources.get(name)
        if not told:
            return None
        candidates = [Path(told), self.folder / told, self.folder.parent / told]
        return next((path for path in candidates if path.exists()), None)

    def _source(self, name: str, row: Texts) -> EchoSequence:
        path = self.source_path(name)
        if path is None:
            raise OutputError(GONE, path=name)
        known = self._inputs.get(name, {}).get("sha256")
        if known and path.is_file() and path.suffix != ".csv" and file_hash(path) != known:
            raise OutputError(OTHER, path=name)
        view = _view(row)
        sequence = read_item(InputItem(name, path, row["patient"] or None, view))
        spacing = _spacing(row)
        if spacing is not None and (
            sequence.spacing is None or not np.allclose(spacing, sequence.spacing, rtol=1e-4)
        ):
            sequence = sequence.replace(spacing=spacing)
        return sequence

    @property
    def _settings(self) -> dict[str, Any]:
        settings = self.record.get("settings")
        return settings if isinstance(settings, dict) else {}

    @cached_property
    def _inputs(self) -> dict[str, dict[str, Any]]:
        return {case["id"]: case for case in self.record.get("cases", [])}

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        """First and last byte of each case's lines of ``frames.csv``."""
        places: dict[str, tuple[int, int]] = {}
        try:
            with (self.folder / "frames.csv").open("rb") as file:
                at = len(file.readline())
                for line in file:
                    name = next(csv.reader([line.decode("utf-8", "replace")]), [""])[0]
                    places[name] = places.get(name, (at, at))[0], at + len(line)
                    at += len(line)
        except OSError:
            return {}
        return places


def is_blank(case: Case) -> bool:
    """Whether a case has no cine, only masks."""
    return bool(case.problem)


def _read_csv(path: Path) -> list[Texts]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OutputError(f"cannot be read ({error})", path=path) from error


def _as_measured(sequence: EchoSequence, row: Texts, frames: list[Texts]) -> EchoSequence:
    """The cine with the run's ED and ES frames, where a list gave them and the file does not."""
    unit = "lv_area_mm2" if sequence.spacing is not None else "lv_area_px"
    if not row.get("ed_frames") or len(frames) != len(sequence):
        return sequence
    areas = [float(frame[unit]) if frame.get(unit) else np.nan for frame in frames]
    measured = phases_of(sequence, areas).measured
    found = [tuple(getattr(beat, end) for beat in measured) for end in ("ed", "es")]
    told = [tuple(int(t) for t in row[n].split(";") if t) for n in ("ed_frames", "es_frames")]
    if found == told or max((*told[0], *told[1])) >= len(sequence):
        return sequence
    return sequence.replace(ed_frames=told[0], es_frames=told[1])


def _blank(geometry: EchoSequence, row: Texts) -> EchoSequence:
    """A black cine on the grid of the mask file."""
    frames = np.zeros_like(geometry.frames)
    subject = Subject(id=row["patient"] or None)
    view, spacing = _view(row), _spacing(row)
    return replace(
        geometry, frames=frames, view=view, spacing=spacing, subject=subject, source=None
    )


def _view(row: Texts) -> View:
    return View(row["view"]) if row["view"] in set(View) else View.UNKNOWN


def _spacing(row: Texts) -> Spacing | None:
    try:
        return float(row["spacing_row_mm"]), float(row["spacing_column_mm"])
    except (KeyError, ValueError):
        return None
