"""Frame times of a multi-frame DICOM file, best source first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.io.dicom_tags import number, numbers

_FRAME_TIME, _FRAME_TIME_VECTOR = 0x00181063, 0x00181065
_RANGE_S = (0.0005, 0.5)
"""Frame intervals that an echo cine can have."""

Times = npt.NDArray[np.float64]


def read_times(dataset: Any, count: int) -> tuple[Times | None, tuple[str, ...]]:
    """Times of ``count`` frames in s from the first, and how they were found.

    FrameIncrementPointer names FrameTime or FrameTimeVector (PS3.3 C.7.6.5); where it is
    silent both are tried. Then ActualFrameDuration, CineRate and, as a mere display hint,
    RecommendedDisplayFrameRate. Nothing is assumed where all are absent.
    """
    if count < 2:
        return None, ()
    notes: list[str] = []
    for name in _pointed(dataset):
        times = _vector(dataset, count, notes) if name == "vector" else _steady(dataset, count)
        if times is not None:
            source = "FrameTimeVector" if name == "vector" else "FrameTime"
            return times, (f"frame times from {source}", *notes)
    for keyword, factor, remark in (
        ("ActualFrameDuration", 0.001, ""),
        ("CineRate", None, ""),
        ("RecommendedDisplayFrameRate", None, ", a display hint: intervals are doubtful"),
    ):
        value = number(dataset, keyword)
        step = None if not value else (value * factor if factor else 1 / value)
        if step is not None and _RANGE_S[0] <= step <= _RANGE_S[1]:
            return step * np.arange(count, dtype=np.float64), (
                f"frame times from {keyword}{remark}",
                *notes,
            )
    return None, ("no frame times in the file", *notes)


def _pointed(dataset: Any) -> tuple[str, ...]:
    pointer = dataset.get("FrameIncrementPointer")
    first = pointer[0] if isinstance(pointer, list | tuple) and pointer else pointer
    if first == _FRAME_TIME_VECTOR:
        return "vector", "steady"
    return "steady", "vector"


def _steady(dataset: Any, count: int) -> Times | None:
    value = number(dataset, "FrameTime")
    if value is None or not _RANGE_S[0] <= value / 1000 <= _RANGE_S[1]:
        return None
    return value / 1000 * np.arange(count, dtype=np.float64)


def _vector(dataset: Any, count: int, notes: list[str]) -> Times | None:
    """Sum of the increments; the first belongs to the frame before the first and is left out."""
    values = numbers(dataset, "FrameTimeVector")
    if not values:
        return None
    if len(values) != count:
        notes.append(f"FrameTimeVector has {len(values)} entries for {count} frames: not used")
        return None
    steps = np.asarray(values[1:]) / 1000
    if (steps < _RANGE_S[0]).any() or (steps > 2 * _RANGE_S[1]).any():
        notes.append("FrameTimeVector has zero, negative or absurd entries: not used")
        return None
    return np.concatenate([[0.0], np.cumsum(steps)])
