"""View, time, heart beat and patient from the tags of a DICOM file, tolerant of the malformed.

Counts, times and R waves are held against the cine itself: a tag that cannot be so is not used,
and a note says so.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.plausible_ranges import FRAME_INTERVAL_S, HEART_RATE_BPM
from cardiac.sequence import Subject, View

_VIEW_CODES = {
    "399214001": View.A4C,
    "G-A19C": View.A4C,
    "399232001": View.A2C,
    "G-A19B": View.A2C,
    "399339008": View.A3C,
    "G-0395": View.A3C,
}
_VIEW_TEXTS = ("ViewName", "StageName", "SeriesDescription", "ProtocolName", "ImageComments")
_VIEW_WORDS = {
    view: re.compile(
        rf"\b(?:ap|apical|a)?[ -]*(?:{n})[ -]*(?:c|ch|chambers?)\b|\b(?:ap|apical)[ -]*(?:{n})\b"
    )
    for view, n in ((View.A4C, "4|four"), (View.A2C, "2|two"), (View.A3C, "3|three"))
}
_FRAME_TIME, _FRAME_TIME_VECTOR = 0x00181063, 0x00181065
_GROWS = 1.5
"""Last increment over the second from which increments that only grow are absolute times."""
_DISAGREE = 0.1
"""Relative difference of two sources of the frame interval that is told."""

Times = npt.NDArray[np.float64]

_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def text(dataset: Any, keyword: str) -> str:
    """A tag as text, "" where it is absent or malformed."""
    try:
        value = dataset.get(keyword)
    except Exception:  # a malformed tag counts as absent, whatever its decoder raises
        return ""
    return "" if value is None else str(value).strip()


def numbers(dataset: Any, keyword: str) -> tuple[float, ...]:
    """A numeric tag as floats, () where it is absent, malformed or not finite."""
    try:
        value = dataset.get(keyword)
        items = value if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
        found = tuple(float(v) for v in items if v is not None and str(v).strip() != "")
    except Exception:  # as above
        return ()
    return found if all(map(math.isfinite, found)) else ()


def number(dataset: Any, keyword: str) -> float | None:
    """The first value of a numeric tag, None where there is none."""
    values = numbers(dataset, keyword)
    return values[0] if values else None


def read_view(dataset: Any) -> tuple[View, tuple[str, ...]]:
    """Apical view from the coded view, else from words in the free text, else unknown."""
    for item in dataset.get("ViewCodeSequence") or []:
        view = _VIEW_CODES.get(text(item, "CodeValue"))
        if view is not None:
            return view, ("view from its DICOM code",)
    for keyword in _VIEW_TEXTS:
        view = view_from_text(text(dataset, keyword))
        if view is not View.UNKNOWN:
            return view, (f"view from the words in {keyword}",)
    return View.UNKNOWN, ()


def view_from_text(words: str) -> View:
    """Apical view named in free text ("A4C", "apical 4 chamber", "4CH"), or unknown.

    A text that names several views tells none.
    """
    words = words.lower().replace("_", " ")
    found = {view for view, pattern in _VIEW_WORDS.items() if pattern.search(words)}
    if re.search(r"apical[ -]*long|\baplax\b", words):
        found.add(View.A3C)
    return found.pop() if len(found) == 1 else View.UNKNOWN


def read_heart(
    dataset: Any, times: Times | None
) -> tuple[float | None, tuple[float, ...], tuple[str, ...]]:
    """Heart rate in beats/min, R waves in s from the first frame, and notes.

    R waves are cut to the clip. They are left out where their rate is none that a heart has, or
    contradicts the stated heart rate by a factor of two.

    Args:
        dataset: The file's data set.
        times: (T,) of the frames in s, or None.
    """
    notes: tuple[str, ...] = ()
    rate = number(dataset, "HeartRate")
    if rate is not None and rate not in HEART_RATE_BPM:
        notes += (f"the heart rate of {rate:g} beats/min in the file is not possible: not used",)
        rate = None
    waves = np.array(sorted(set(numbers(dataset, "RWaveTimeVector")))) / 1000
    if not waves.size:
        return rate, (), notes
    if times is None:
        return rate, (), (*notes, "R waves are not used: the frames have no times")
    slack = float(np.median(np.diff(times))) / 2
    inside = waves[(waves >= -slack) & (waves <= times[-1] + slack)]
    apart = np.diff(inside if inside.size > 1 else waves)
    if apart.size:
        told = 60 / float(np.median(apart))
        if told not in HEART_RATE_BPM or (rate is not None and not 0.5 <= told / rate <= 2):
            return rate, (), (*notes, f"R waves at {told:.4g} beats/min are not possible: not used")
    if inside.size < waves.size:
        notes += (f"{waves.size - inside.size} of {waves.size} R waves lie outside the clip",)
    return rate, tuple(float(t) for t in np.clip(inside, 0, times[-1])), notes


def read_subject(dataset: Any) -> Subject:
    """Sex, age, height and weight; an implausible value counts as absent."""
    age = re.fullmatch(r"(\d{1,3})([DWMY])", text(dataset, "PatientAge").upper())
    sex = text(dataset, "PatientSex").upper()
    return Subject(
        id=text(dataset, "PatientID") or None,
        sex=sex if sex in ("M", "F") else None,
        age_years=int(age[1]) * _YEARS[age[2]] if age else None,
        height_m=_within(number(dataset, "PatientSize"), 0.3, 2.5),
        weight_kg=_within(number(dataset, "PatientWeight"), 1, 400),
    )


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low <= value <= high else None


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
            return times, (f"frame times from {source}", *notes, *_other_rate(dataset, times))
    for keyword, factor, remark in (
        ("ActualFrameDuration", 0.001, ""),
        ("CineRate", None, ""),
        ("RecommendedDisplayFrameRate", None, ", a display hint: intervals are doubtful"),
    ):
        value = number(dataset, keyword)
        step = None if not value else (value * factor if factor else 1 / value)
        if step is not None and step in FRAME_INTERVAL_S:
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
    if value is None or value / 1000 not in FRAME_INTERVAL_S:
        return None
    return value / 1000 * np.arange(count, dtype=np.float64)


def _other_rate(dataset: Any, times: Times) -> tuple[str, ...]:
    """A note where CineRate contradicts the times that were taken."""
    rate, step = number(dataset, "CineRate"), float(np.median(np.diff(times)))
    if not rate or 1 / rate not in FRAME_INTERVAL_S or abs(rate * step - 1) <= _DISAGREE:
        return ()
    return (f"CineRate tells {rate:g} frames/s, these times {1 / step:.3g}: check them",)


def _vector(dataset: Any, count: int, notes: list[str]) -> Times | None:
    """Sum of the increments; the first belongs to the frame before the first and is left out.

    Increments that grow from frame to frame without end are no increments: they are the times.
    """
    values = np.asarray(numbers(dataset, "FrameTimeVector"))
    if not values.size:
        return None
    if len(values) != count:
        notes.append(f"FrameTimeVector has {len(values)} entries for {count} frames: not used")
        return None
    steps = values[1:] / 1000
    grows = count > 3 and bool((np.diff(values) > 0).all())
    if grows and (values[-1] > _GROWS * values[1] or values[1] / 1000 not in FRAME_INTERVAL_S):
        steps = np.diff(values) / 1000
        notes.append("FrameTimeVector holds times, not the increments that it should")
    if (steps < FRAME_INTERVAL_S.low).any() or (steps > 2 * FRAME_INTERVAL_S.high).any():
        notes.append("FrameTimeVector has zero, negative or absurd entries: not used")
        return None
    return np.concatenate([[0.0], np.cumsum(steps)])
