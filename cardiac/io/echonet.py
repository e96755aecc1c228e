"""The EchoNet-Dynamic layout: Videos/, FileList.csv and VolumeTracings.csv."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from cardiac.anatomy.outlines import polygon_area
from cardiac.sequence import EchoSequence, View

Phases: TypeAlias = tuple[int, int]
"""(ED, ES) frame, from 0."""


def is_folder(folder: Path) -> bool:
    """Whether a folder has the EchoNet layout."""
    return (folder / "FileList.csv").is_file() and (folder / "Videos").is_dir()


def is_video(path: Path) -> bool:
    """Whether a file is one of the videos of an EchoNet folder: cut to its sector already."""
    return path.parent.name == "Videos" and is_folder(path.parent.parent)


def list_videos(folder: Path) -> list[Path]:
    """The videos that FileList.csv names and that are there, then the others, sorted each."""
    present = {p.stem: p for p in sorted((folder / "Videos").iterdir()) if _is_video(p)}
    named = sorted(name for name in _rates(folder) if name in present)
    return [present[name] for name in [*named, *(n for n in present if n not in set(named))]]


def missing_videos(folder: Path) -> list[str]:
    """Videos that FileList.csv names and that are not there, sorted."""
    present = {p.stem for p in (folder / "Videos").iterdir() if _is_video(p)}
    return sorted(name for name in _rates(folder) if name and name not in present)


def enrich(sequence: EchoSequence) -> EchoSequence:
    """Add rate, view and ED/ES frames from the lists of the EchoNet folder a video lies in."""
    path = sequence.source
    if path is None or not is_video(path):
        return sequence
    folder = path.parent.parent
    notes = list(sequence.notes)
    changes: dict[str, object] = {}
    if "psax" not in str(folder).lower():
        changes["view"] = View.A4C
    rate = _rates(folder).get(path.stem)
    if rate and len(sequence) > 1:
        changes["times"] = np.arange(len(sequence)) / rate
        notes = [n for n in notes if "frame times" not in n]
        notes.append("frame times from FPS in FileList.csv")
    phases = _phases(folder).get(path.stem)
    if phases and max(phases) < len(sequence):
        changes |= {"ed_frames": (phases[0],), "es_frames": (phases[1],)}
        notes.append("ED and ES are the traced frames of larger and smaller area")
    return sequence.replace(**changes, region=None, notes=tuple(notes))


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in (".avi", ".mp4") and not path.name.startswith(".")


def _stem(name: str) -> str:
    return name[:-4] if name.lower().endswith((".avi", ".mp4")) else name


def _stamp(path: Path) -> tuple[str, int]:
    try:
        return str(path), path.stat().st_mtime_ns
    except OSError:
        return str(path), -1


def _rates(folder: Path) -> MappingProxyType[str, float | None]:
    return _read_rates(*_stamp(folder / "FileList.csv"))


def _phases(folder: Path) -> MappingProxyType[str, Phases]:
    return _read_phases(*_stamp(folder / "VolumeTracings.csv"))


# The lists cover every video: read once, and again only when the file changes.
@lru_cache(maxsize=4)
def _read_rates(path: str, stamp: int) -> MappingProxyType[str, float | None]:
    rates: dict[str, float | None] = {}
    for row in _rows(path, stamp):
        rate = _float(row.get("fps"))
        rates[_stem(row.get("filename", ""))] = rate if rate and 1 <= rate <= 1000 else None
    return MappingProxyType(rates)


@lru_cache(maxsize=4)
def _read_phases(path: str, stamp: int) -> MappingProxyType[str, Phases]:
    """ED and ES of every video: of its two traced frames, the larger area is ED."""
    chords: dict[tuple[str, int], list[list[float]]] = {}
    for row in _rows(path, stamp):
        frame = _float(row.get("frame"))
        chord = [_float(row.get(key)) for key in ("x1", "y1", "x2", "y2")]
        values = [v for v in chord if v is not None]
        if frame is not None and frame >= 0 and len(values) == 4:
            key = _stem(row.get("filename", "")), int(frame)
            chords.setdefault(key, []).append(values)
    areas: dict[str, list[tuple[float, int]]] = {}
    for (name, frame_index), lines in chords.items():
        areas.setdefault(name, []).append((_area(lines), frame_index))
    return MappingProxyType(
        {
            name: (max(found)[1], min(found)[1])
            for name, found in areas.items()
            if len(found) == 2 and found[0][0] != found[1][0]
        }
    )


def _area(lines: list[list[float]]) -> float:
    """Area enclosed by the ends of the disc chords; the first line is the long axis."""
    chords = np.asarray(lines[1:])
    if len(chords) < 2:
        return 0.0
    outline = np.concatenate([chords[:, :2], chords[::-1, 2:]])
    return float(polygon_area(outline))


def _rows(path: str, stamp: int) -> Iterator[dict[str, str]]:
    if stamp < 0:
        return
    try:
        with Path(path).open(newline="", encoding="utf-8-sig", errors="replace") as file:
            for row in csv.DictReader(file):
                yield {k.strip().lower(): v or "" for k, v in row.items() if isinstance(k, str)}
    except (OSError, csv.Error):
        return


def _float(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if np.isfinite(number) else None
