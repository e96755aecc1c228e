"""A cine stored as single frames: numbered pictures, or DICOM files of one series.

Taken one by one they would be so many stills of as many patients. They are joined where they
are numbered through, of one size, and alike from one to the next; files of several patients that
happen to be numbered are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cardiac.errors import CardiacError, InvalidPixelsError
from cardiac.io.region import sector_region
from cardiac.sequence import EchoSequence

_FEWEST = 5
"""Single frames that make a cine."""
_ALIKE = 0.7
"""Correlation of neighbouring frames of one cine; frames of two patients stay below."""
_LARGEST = 4 * 2**20
"""Bytes that a file of a single frame can have."""
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_TAGS = ["SeriesInstanceUID", "InstanceNumber", "NumberOfFrames", "Rows", "Columns", "Modality"]

Read = Callable[[Path], EchoSequence]


@dataclass(frozen=True, slots=True)
class Series:
    """Files that hold the single frames of one cine, in order.

    Attributes:
        name: What they are called together.
        files: One a frame.
    """

    name: str
    files: tuple[Path, ...]


def find_series(files: Sequence[Path], read: Read) -> list[Series]:
    """The cines among files of one folder that are stored as single frames.

    Args:
        files: Files of one folder; those that are no single frames are passed over.
        read: Reads one file.
    """
    candidates = [*_numbered_pictures(files), *_dicom_series(files)]
    return [series for series in candidates if _alike(series.files, read)]


def read_series(files: Sequence[Path], read: Read) -> EchoSequence:
    """Join single frames to one cine, without times.

    Args:
        files: One a frame, in order.
        read: Reads one file.

    Raises:
        CardiacError: One of them cannot be read.
        InvalidPixelsError: They differ in size.
    """
    first = read(files[0])
    frames = np.empty((len(files), *first.shape), dtype=np.uint8)
    for file, target in zip(files, frames, strict=True):
        single = first if file == files[0] else read(file)
        if single.frames.shape != (1, *first.shape):
            raise InvalidPixelsError(
                f"is not a single frame of {first.shape[0]} × {first.shape[1]} pixels like "
                f"{files[0].name}, so they are not one cine.",
                path=file,
                hint="Put the frames of one cine into a folder of their own.",
            )
        target[:] = single.frames[0]
    found = any("sector was found" in note for note in first.notes) or first.region is None
    notes = tuple(note for note in first.notes if "frame times" not in note)
    return first.replace(
        frames=frames,
        region=sector_region(frames) if found else first.region,
        times=None,
        ed_frames=(),
        es_frames=(),
        notes=(
            *notes,
            f"joined from {len(files)} files of one frame each",
            "no frame times: single frames have none",
        ),
    )


def _numbered_pictures(files: Sequence[Path]) -> list[Series]:
    """Pictures whose names differ in one number that runs through, and in nothing else."""
    groups: dict[tuple[str, str], dict[int, Path]] = {}
    for file in files:
        match = re.fullmatch(r"(.*?)(\d+)", file.stem)
        if match is not None and file.suffix.lower() in _PICTURES:
            groups.setdefault((match[1], file.suffix), {})[int(match[2])] = file
    found = []
    for (prefix, _), numbered in groups.items():
        order = sorted(numbered)
        if len(order) >= _FEWEST and len(set(np.diff(order).tolist())) == 1:
            name = prefix.rstrip(" _-.") or numbered[order[0]].parent.resolve().name
            found.append(Series(name, tuple(numbered[n] for n in order)))
    return found


def _dicom_series(files: Sequence[Path]) -> list[Series]:
    """Ultrasound files of one frame and one series, by their instance numbers."""
    small = [file for file in files if _may_be_single(file)]
    if len(small) < _FEWEST:
        return []
    groups: dict[tuple[str, ...], dict[int, Path]] = {}
    for file in small:
        header = _header(file)
        if header is not None:
            key, number = header
            groups.setdefault(key, {})[number] = file
    return [
        Series(members[order[0]].parent.resolve().name, tuple(members[n] for n in order))
        for members in groups.values()
        if len(order := sorted(members)) >= _FEWEST
    ]


def _may_be_single(file: Path) -> bool:
    from cardiac.io.dicom import is_dicom

    named = file.suffix.lower() in ("", ".dcm", ".dicom", ".dic", ".ima")
    try:
        small = 0 < file.stat().st_size <= _LARGEST
    except OSError:
        return False
    return small and (named or file.suffix[1:].isdigit()) and is_dicom(file)


def _header(file: Path) -> tuple[tuple[str, ...], int] | None:
    """What files of one series share, and the place of this one in it."""
    import pydicom

    try:
        dataset: Any = pydicom.dcmread(
            file, stop_before_pixels=True, force=True, specific_tags=list(_TAGS)
        )
        if int(dataset.get("NumberOfFrames") or 1) > 1 or dataset.get("Modality") != "US":
            return None
        shared = ("SeriesInstanceUID", "Rows", "Columns")
        return tuple(str(dataset[name].value) for name in shared), int(dataset.InstanceNumber)
    except Exception:  # a damaged file is told when it is read
        return None


def _alike(files: Sequence[Path], read: Read) -> bool:
    """Whether the first frames of a series look like neighbours in one cine."""
    try:
        singles = [read(file).frames for file in files[:3]]
    except CardiacError:
        return False
    if any(single.shape != (1, *singles[0].shape[1:]) for single in singles):
        return False
    flat = [single.astype(np.float64).ravel() for single in singles]
    return all(float(np.corrcoef(a, b)[0, 1]) >= _ALIKE for a, b in pairwise(flat))
