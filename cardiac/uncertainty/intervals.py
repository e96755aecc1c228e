"""Conformal intervals of the clinical indices, around the best estimate of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from pydantic import TypeAdapter

from cardiac.clinical import PER_BSA, Indices
from cardiac.clinical.catalogue import CATALOGUE
from cardiac.errors import SettingsError
from cardiac.reasons import Reason
from cardiac.sequence import View
from cardiac.types import Array
from cardiac.uncertainty.calibration import BIPLANE, Calibration, ErrorModel

SIZES = tuple(index.name for index in CATALOGUE if index.follows and index.follows.phase)
"""Indices whose error is a fraction of their value."""
CHANGES = {i.name: i.follows.sign for i in CATALOGUE if i.follows and not i.follows.phase}
"""Indices that compare the two phases, with the sign of a decrease: their error is in points."""
INTERVALS = (*SIZES, *CHANGES)
BIPLANE_INDICES = ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent", "la_volume_es_ml")
"""Indices that are made of two views."""
_AS = {"ef_area_length_uncalibrated": "lv_ef_percent"}
"""Experts' stills are calibrated: without a pixel size they would give no other EF."""


@dataclass(frozen=True, eq=False, slots=True)
class Intervals:
    """Best estimate, and lower and upper bound, of each index that has them.

    Attributes:
        level: Fraction of experts' values that the intervals are to hold.
        bounds: Index to (low, high), in its own unit.
        estimates: Index to the calibrated estimate in the middle of its interval: the measured
            value, corrected where the calibration found a bias.
        reasons: Why an index that was measured has none.
        biplane: Of a single view: what it adds to the half widths of the indices of two views,
            in fractions of sizes and in points.
        biplane_bias: Bias of those indices, in the same units.
    """

    level: float
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    estimates: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, Reason] = field(default_factory=dict)
    biplane: dict[str, float] = field(default_factory=dict, repr=False)
    biplane_bias: dict[str, float] = field(default_factory=dict, repr=False)

    def width(self, name: str) -> float | None:
        """High minus low of an index, or None."""
        return None if name not in self.bounds else self.bounds[name][1] - self.bounds[name][0]

    def numbers(self) -> dict[str, float]:
        """``<index>_low`` and ``<index>_high`` for a table."""
        pairs = {f"{name}_low": low for name, (low, _) in self.bounds.items()}
        return pairs | {f"{name}_high": high for name, (_, high) in self.bounds.items()}

    def to_json(self) -> str:
        """Everything as JSON."""
        return _adapter().dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Intervals:
        """The intervals that `to_json` wrote."""
        return _adapter().validate_json(text)


@cache
def _adapter() -> TypeAdapter[Intervals]:
    return TypeAdapter(Intervals)


def index_intervals(
    indices: Indices,
    scores: Array,
    calibration: Calibration,
    error_model: ErrorModel,
    *,
    level: float = 0.9,
    view: str = View.UNKNOWN,
    without: Collection[str] = (),
) -> Intervals:
    """Intervals of the indices of one sequence.

    The middle is the measured value, less the bias of its view. How wide an interval is
    follows the scores of the frames that were measured, and the errors on patients with known
    values: split conformal prediction, normalised by a heteroscedastic error model. (Hearts
    drawn around the masks told nothing of the size of an error beyond that.)

    Args:
        indices: Of one sequence.
        scores: (T,) of its frames.
        calibration: Errors on patients with known values.
        error_model: How errors grow with the scores.
        level: Fraction of experts' values that the intervals are to hold.
        view: Each view has its own errors; one that is not known counts as four-chamber.
        without: Patients whose errors do not help to calibrate.
    """
    frames = [*indices.ed_frames, *indices.es_frames]
    known = calibration.of_view(view)
    result = Intervals(level)
    if not frames:
        return result
    scale = float(error_model.scale(scores[frames]).mean())
    for name in INTERVALS:
        value = indices.values.get(name)
        if value is None:
            continue
        half = known.half_width(_AS.get(name, name), level, without)
        if half is None:
            result.reasons[name] = Reason("no_interval", "no errors of such an index are known")
            continue
        bias = known.bias.get(_AS.get(name, name), 0.0)
        _put(result, indices, name, half * scale, bias)
    _put_per_area(result, indices)
    both = calibration.conformal.get(BIPLANE)
    for name in BIPLANE_INDICES:
        if both is not None:
            half = both.half_width(name, level, without)
            result.biplane_bias[name] = both.bias.get(name, 0.0)
        elif (half := known.half_width(name, level, without)) is not None:
            # Without errors of two views together: the mean of two errors correlated as those
            # of two frames are.
            half *= float(np.sqrt((1 + calibration.error_correlation) / 2))
        if half is not None:
            result.biplane[name] = half * scale
    return result


def combined_intervals(combined: Indices, views: tuple[Intervals, Intervals]) -> Intervals:
    """Intervals of biplane indices: the mean of what each view adds to their width.

    Args:
        combined: What `combine_views` gave.
        views: The intervals of each view.

    Raises:
        SettingsError: The two views' intervals are not of one level.
    """
    first, second = views
    if first.level != second.level:
        raise SettingsError("the intervals of the two views are of different levels")
    result = Intervals(first.level)
    for name in BIPLANE_INDICES:
        if combined.values.get(name) is None or not (
            name in first.biplane and name in second.biplane
        ):
            continue
        bias = (first.biplane_bias.get(name, 0.0) + second.biplane_bias.get(name, 0.0)) / 2
        _put(result, combined, name, (first.biplane[name] + second.biplane[name]) / 2, bias)
    _put_per_area(result, combined)
    return result


def _put(result: Intervals, indices: Indices, name: str, half: float, bias: float) -> None:
    value = indices.values[name]
    unit = value if name in SIZES else 1.0
    estimate, half = value - bias * unit, half * unit
    result.estimates[name] = estimate
    result.bounds[name] = _within(name, estimate, estimate - half, estimate + half)


def _put_per_area(result: Intervals, indices: Indices) -> None:
    """Intervals of indices per body surface area: those of the index, divided alike."""
    for name, source in PER_BSA.items():
        value, base = indices.values.get(name), indices.values.get(source)
        if value is not None and base and source in result.bounds:
            low, high = result.bounds[source]
            result.bounds[name] = (low * value / base, high * value / base)
            result.estimates[name] = result.estimates[source] * value / base


def _within(name: str, estimate: float, low: float, high: float) -> tuple[float, float]:
    """An interval cut down to what the index can be, or is estimated to be."""
    if name in SIZES:
        return max(low, 0.0), high
    if CHANGES[name] < 0:
        return max(low, -100.0), high
    # End-systole is the smaller of the two, unless a manifest names the frames otherwise.
    return max(low, min(0.0, estimate)), min(high, max(100.0, estimate))
