"""Run folder: what ``cardiac process`` left, read a case at a time; nothing in it is changed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cardiac.anatomy import PUBLISHED, Profile, load_profile
from cardiac.clinical import Convention, sequence_phases
from cardiac.errors import CardiacError, NotFoundError, UnreadableFileError
from cardiac.geometry import Mask, Spacing
from cardiac.io import InputItem, read_item
from cardiac.io.files import file_hash
from cardiac.io.masks import read_map, read_mask
from cardiac.results import layout
from cardiac.results.review import Decisions
from cardiac.results.tables import frame_numbers, number, read_texts
from cardiac.sequence import EchoSequence, Subject, View
from cardiac.states import Level, Status
from cardiac.types import FloatArray

Texts = dict[str, str]
"""A row of a table: column to cell."""


class SourceProblem(StrEnum):
    """Why the cine of a case cannot be shown."""

    MISSING = "the source is not where it was: the masks are shown alone"
    CHANGED = "the source has changed since the run: the masks are shown alone"
    UNREADABLE = "the source cannot be read any more: the masks are shown alone"


@dataclass(frozen=True, eq=False, slots=True)
class OpenedCase:
    """One sequence of a run with its pixels.

    Attributes:
        id: Its name.
        row: Its row of ``indices.csv``.
        frames: Its rows of ``frames.csv``.
        sequence: The cine; black where the source could not be read again.
        geometry: How the mask file is laid out.
        masks: (T, H, W) labels of the run.
        problem: Why there is no cine; None where there is one.
        detail: The reader's words on the problem, "" without any.
    """

    id: str
    row: Texts
    frames: list[Texts]
    sequence: EchoSequence
    geometry: EchoSequence
    masks: Mask
    problem: SourceProblem | None = None
    detail: str = ""


@dataclass(frozen=True, eq=False)
class RunTables:
    """Tables and record of a run as they were at one moment.

    Attributes:
        table: All rows of ``indices.csv``.
        record: ``run.json``; empty where there is none, or the run was cut short.
        stamp: Time of the table, in nanoseconds.
    """

    table: list[Texts]
    record: Mapping[str, Any]
    stamp: int

    @cached_property
    def rows(self) -> list[Texts]:
        """Rows of level sequence, in the order of the run."""
        return [row for row in self.table if row["level"] == Level.SEQUENCE]

    @cached_property
    def by_id(self) -> dict[str, Texts]:
        """Rows of level sequence by id."""
        return {row["id"]: row for row in self.rows}

    @cached_property
    def inputs(self) -> dict[str, Mapping[str, Any]]:
        """What the record says of the input of each case."""
        cases = self.record.get("cases")
        known = cases if isinstance(cases, list) else []
        return {str(case.get("id")): case for case in known if isinstance(case, dict)}


class RunFolder:
    """A run to read.

    Args:
        folder: What ``cardiac process`` wrote.
        sources: Inputs, or folders of them, where they are not where the run read them. They
            are known by their hash, whatever their names.
        known: Where the input of each case lies, for a run whose record was never written.

    Raises:
        NotFoundError: There is no table of a run.
        UnreadableFileError: It cannot be read.
    """

    def __init__(
        self,
        folder: str | Path,
        sources: Sequence[Path] = (),
        known: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.decisions = Decisions(self.folder)
        self._sources = tuple(sources)
        self._known = dict(known or {})
        self._tables = self._read()

    def refresh(self) -> None:
        """Read the tables again, if the run has gone on since."""
        if self._stamp() != self._tables.stamp:
            self._tables = self._read()
            self.__dict__.pop("_places", None)

    @property
    def table(self) -> list[Texts]:
        """All rows of ``indices.csv``."""
        return self._tables.table

    @property
    def rows(self) -> list[Texts]:
        """Rows of ``indices.csv`` of level sequence, in the order of the run."""
        return self._tables.rows

    @property
    def by_id(self) -> dict[str, Texts]:
        """Rows of level sequence by id."""
        return self._tables.by_id

    @property
    def record(self) -> Mapping[str, Any]:
        """``run.json``; empty where there is none."""
        return self._tables.record

    @property
    def settings(self) -> Mapping[str, Any]:
        """How the run was asked to process; empty where that is not known."""
        settings = self.record.get("settings")
        return settings if isinstance(settings, dict) else {}

    @property
    def profile(self) -> Profile:
        """Bounds of the criteria that the run kept to."""
        name = self.settings.get("profile")
        return load_profile(name) if name in ("published", "camus") else PUBLISHED

    @property
    def convention(self) -> Convention:
        """How the run stacked discs."""
        return Convention(self.settings.get("convention", Convention.ASE))

    def row(self, case: str) -> Texts:
        """The row of a case of level sequence.

        Raises:
            NotFoundError: There is no such case.
        """
        if case not in self.by_id:
            raise NotFoundError(f"there is no case {case!r} in this run.", path=self.folder)
        return self.by_id[case]

    def mask_path(self, case: str) -> Path:
        """The masks that the run wrote of a case.

        Raises:
            NotFoundError: There is no such case.
        """
        self.row(case)
        return layout.mask_file(self.folder, case)

    def standing_mask_path(self, case: str) -> Path:
        """The masks of a case that stand: the last edited ones that were accepted, or the run's.

        Raises:
            NotFoundError: There is no such case.
        """
        return self.decisions.edited_mask(case) or self.mask_path(case)

    def frame_rows(self, case: str) -> list[Texts]:
        """Rows of ``frames.csv`` of a case."""
        start, stop = self._places.get(case, (0, 0))
        with (self.folder / layout.FRAMES).open("rb") as file:
            head = file.readline().decode("utf-8-sig")
            file.seek(start)
            text = file.read(stop - start).decode("utf-8", "replace")
        return list(csv.DictReader((head + text).splitlines()))

    def open(self, case: str, mask: Path | None = None) -> OpenedCase:
        """Open a case: its masks, and its source once more.

        Args:
            case: Its id.
            mask: Another version of its masks.

        Raises:
            NotFoundError: There is no such case, or it failed in the run.
            CardiacError: Its masks cannot be read.
        """
        row = self.row(case)
        if row["status"] != Status.OK:
            raise NotFoundError(f"this case has no masks: {row['reason']}", path=case)
        masks, geometry = read_mask(mask or self.mask_path(case))
        sequence, problem, detail = self._cine(case, row, masks)
        frames = self.frame_rows(case)
        sequence = _as_measured(sequence or _blank(geometry, row), row, frames)
        return OpenedCase(case, row, frames, sequence, geometry, masks, problem, detail)

    def open_masks(self, path: Path) -> Mask:
        """Another version of a case's masks (T, H, W).

        Raises:
            CardiacError: They cannot be read.
        """
        return read_mask(path)[0]

    def uncertainty(self, case: str) -> FloatArray | None:
        """(T, H, W) uncertainty from 0 to 1 of the run's masks of a case, or None."""
        path = layout.uncertainty_file(self.folder, case)
        if case not in self.by_id or not path.is_file():
            return None
        return read_map(path)

    def thumbnail(self, case: str) -> Path | None:
        """The thumbnail that the report has of a case, or None."""
        path = layout.thumbnail_file(self.folder, case)
        return path if case in self.by_id and path.is_file() else None

    def source_path(self, case: str) -> Path | None:
        """Where the input of a case lies now, or None.

        Named sources come first, by hash and then by name; then the place that the run read
        it from, which is absolute or relative to the run folder.
        """
        told = self._tables.inputs.get(case, {})
        digest = str(told.get("sha256") or "")
        if digest and digest in self._hashes:
            return self._hashes[digest]
        place = str(told.get("input") or self._known.get(case) or "")
        name = Path(place).name or self.by_id.get(case, {}).get("source", "")
        named = [path for path in self._given if path.name == name]
        if len(named) == 1:
            return named[0]
        # An absolute place stays what it is; the shell's folder plays no part.
        candidates = [self.folder / place, self.folder.parent / place] if place else []
        return next((path for path in candidates if path.exists()), None)

    def input_hash(self, case: str) -> str:
        """SHA-256 of the input of a case as the run read it; "" where it is not known."""
        return str(self._tables.inputs.get(case, {}).get("sha256") or "")

    def _cine(
        self, case: str, row: Texts, masks: Mask
    ) -> tuple[EchoSequence | None, SourceProblem | None, str]:
        path, known = self.source_path(case), self.input_hash(case)
        if path is None:
            return None, SourceProblem.MISSING, ""
        try:
            if known and path.is_file() and path.suffix != ".csv" and file_hash(path) != known:
                return None, SourceProblem.CHANGED, ""
            sequence = read_item(InputItem(case, path, row["patient"] or None, _view(row)))
        except (CardiacError, OSError) as error:
            return None, SourceProblem.UNREADABLE, str(error)
        if sequence.frames.shape != masks.shape:
            return None, SourceProblem.CHANGED, ""
        spacing = _spacing(row)
        if spacing is not None and (
            sequence.spacing is None or not np.allclose(spacing, sequence.spacing, rtol=1e-4)
        ):
            sequence = sequence.replace(spacing=spacing)
        return sequence, None, ""

    def _stamp(self) -> int:
        try:
            return (self.folder / layout.INDICES).stat().st_mtime_ns
        except OSError:
            return 0

    def _read(self) -> RunTables:
        stamp = self._stamp()
        return RunTables(read_texts(self.folder / layout.INDICES), read_record(self.folder), stamp)

    @cached_property
    def _given(self) -> list[Path]:
        """The files that were named as sources, those in folders included."""
        return list(_files(self._sources))

    @cached_property
    def _hashes(self) -> dict[str, Path]:
        return {file_hash(path): path for path in reversed(self._given)}

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        """First and last byte of each case's lines of ``frames.csv``."""
        places: dict[str, tuple[int, int]] = {}
        try:
            with (self.folder / layout.FRAMES).open("rb") as file:
                at = len(file.readline())
                for line in file:
                    name = next(csv.reader([line.decode("utf-8", "replace")]), [""])[0]
                    places[name] = places.get(name, (at, at))[0], at + len(line)
                    at += len(line)
        except OSError:
            return {}
        return places


def read_record(folder: Path) -> Mapping[str, Any]:
    """``run.json`` of a run folder; empty where it is missing or was cut short."""
    try:
        told = json.loads((folder / layout.RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _files(sources: Iterable[Path]) -> Iterable[Path]:
    for path in sources:
        if not path.exists():
            raise UnreadableFileError("there is no such file or folder.", path=path)
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (entry for entry in inside if entry.is_file())


def _as_measured(sequence: EchoSequence, row: Texts, frames: list[Texts]) -> EchoSequence:
    """The cine with the run's ED and ES frames, where a list gave them and the file does not."""
    unit = "lv_area_mm2" if sequence.spacing is not None else "lv_area_px"
    if not row.get("ed_frames") or len(frames) != len(sequence):
        return sequence
    areas = [float(frame[unit]) if frame.get(unit) else np.nan for frame in frames]
    measured = sequence_phases(sequence, areas).measured
    found = [tuple(getattr(beat, end) for beat in measured) for end in ("ed", "es")]
    told = [frame_numbers(row[name]) for name in ("ed_frames", "es_frames")]
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
    sizes = number(row.get("spacing_row_mm")), number(row.get("spacing_column_mm"))
    return None if sizes[0] is None or sizes[1] is None else (sizes[0], sizes[1])
