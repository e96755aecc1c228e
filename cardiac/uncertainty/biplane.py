"""Intervals of biplane indices from the draws of two views, and what of a view they need."""

from __future__ import annotations

import base64
import json

import numpy as np

from cardiac.clinical import Indices
from cardiac.errors import SettingsError
from cardiac.uncertainty.intervals import Intervals, around

BIPLANE = ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent", "la_volume_es_ml")
"""Indices that are made of two views."""


def combined_intervals(combined: Indices, views: tuple[Intervals, Intervals]) -> Intervals:
    """Intervals of biplane indices, draw by draw.

    A biplane volume goes as the square root of the product of what each view says, and so does
    the ratio that the EF is made of: its deviation is the mean of theirs. Draw by draw both
    views have the error in common that end-diastole and end-systole share; what is each frame's
    own is drawn anew in each view, and evens out.

    Args:
        combined: What `combine_views` gave.
        views: The intervals of each view.

    Raises:
        SettingsError: The two views' intervals are not of one level.
    """
    first, second = views
    if first.level != second.level:
        raise SettingsError("the intervals of the two views are of different levels")
    samples = {}
    for name in BIPLANE:
        one, other = first.samples.get(name), second.samples.get(name)
        if one is not None and other is not None and len(one) == len(other):
            samples[name] = (one + other) / 2
    return around(combined, samples, first.level)


def pack_intervals(intervals: Intervals) -> str:
    """What `combined_intervals` needs of a view, as JSON of about a kilobyte."""
    samples = {
        name: base64.b64encode(intervals.samples[name].astype("<f2").tobytes()).decode()
        for name in BIPLANE
        if name in intervals.samples
    }
    return json.dumps({"level": intervals.level, "samples": samples})


def unpack_intervals(text: str) -> Intervals:
    """Level and samples that `pack_intervals` packed, without bounds."""
    told = json.loads(text)
    samples = {
        name: np.frombuffer(base64.b64decode(packed), "<f2").astype(float)
        for name, packed in told["samples"].items()
    }
    return Intervals(told["level"], {}, {}, samples)
