"""View, heart beat and patient from the tags of a DICOM file, tolerant of what is malformed."""

from __future__ import annotations

import math
import re
from typing import Any

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


def read_heart(dataset: Any) -> tuple[float | None, tuple[float, ...]]:
    """Heart rate in beats/min, and R waves in s from the first frame."""
    rate = number(dataset, "HeartRate")
    if rate is None or not 10 <= rate <= 400:
        rate = None
    waves = sorted({v / 1000 for v in numbers(dataset, "RWaveTimeVector")})
    return rate, tuple(waves)


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
