"""Intervals of the clinical indices that hold the expert's value as often as they say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cardiac.clinical import PER_BSA, Indices
from cardiac.types import Array
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.samples import BeatDraws

RELATIVE = {
    "lv_edv_ml": ("ed", "volume"),
    "lv_esv_ml": ("es", "volume"),
    "lv_area_ed_cm2": ("ed", "area"),
    "lv_area_es_cm2": ("es", "area"),
    "lv_length_ed_mm": ("ed", "length"),
    "lv_length_es_mm": ("es", "length"),
    "la_area_es_cm2": ("es", "la_area"),
    "la_length_es_mm": ("es", "la_length"),
    "la_volume_es_ml": ("es", "la_volume"),
    "myo_area_ed_cm2": ("ed", "wall"),
}
"""Indices whose error is a factor: the phase and the measurement that it follows."""
CHANGES = {
    "lv_ef_percent": ("volume", 1.0),
    "lv_fac_percent": ("area", 1.0),
    "lv_length_change_percent": ("length", -1.0),
    "ef_area_length_uncalibrated": ("area_length", 1.0),
}
"""Indices that compare the two phases, in percent: what is compared, and the sign."""
INTERVALS = (*RELATIVE, *CHANGES)
TAILS = (0.05, 0.95)
"""Quantiles of the draws that an interval is stretched from, whatever its level."""
LEAST_DRAWS = 0.5
"""Share of the draws that must have given a number."""
_LEANS_AS = {"ef_area_length_uncalibrated": "lv_ef_percent"}
"""Experts' stills are calibrated: without a pixel size they would give no other EF."""


@dataclass(frozen=True, eq=False, slots=True)
class Intervals:
    """Lower and upper bound of each index that has one.

    Attributes:
        level: Share of experts' values that the intervals are to hold.
        bounds: Index to (low, high), in its own unit.
        reasons: Why an index that was measured has none.
        samples: Index to (N,) how far the expert's value may be from ours, spread as the
            interval is: shares for sizes, points for changes; see `RELATIVE` and `CHANGES`.
    """

    level: float
    bounds: dict[str, tuple[float, float]]
    reasons: dict[str, str] = field(default_factory=dict)
    samples: dict[str, Array] = field(default_factory=dict, repr=False)

    def width(self, name: str) -> float | None:
        """High minus low of an index, or None."""
        return None if name not in self.bounds else self.bounds[name][1] - self.bounds[name][0]

    def numbers(self) -> dict[str, float]:
        """``<index>_low`` and ``<index>_high`` for a table."""
        pairs = {f"{name}_low": low for name, (low, _) in self.bounds.items()}
        return pairs | {f"{name}_high": high for name, (_, high) in self.bounds.items()}


def index_intervals(
    indices: Indices,
    beats: Sequence[BeatDraws],
    calibration: Calibration | None = None,
    level: float = 0.9,
    *,
    without: Collection[str] = (),
) -> Intervals:
    """Intervals around measured indices.

    The draws give the interval its shape: which side is longer, and what the two phases share.
    How wide it is follows the frames' scores alone: on training patients the width of the draws
    told nothing of the size of the error beyond that. Where it lies follows how far the network
    errs on average at such a value: it holds our value, but not always in the middle.

    Args:
        indices: Of one sequence.
        beats: Its draws, see `draw_beats`.
        calibration: How far draws are spread and shifted; without it they count as they are.
        level: Share of experts' values that the intervals are to hold.
        without: Patients whose errors do not help to calibrate.
    """
    known = calibration or Calibration()
    factors = known.factors(level, without)
    samples = {}
    for name, sample in deviations(beats).items():
        spread = sample * (factors.get(name, 1.0) * stretch(name, sample, beats, known))
        value = getattr(indices, name)
        samples[name] = spread - (0.0 if value is None else lean_of(name, value, known))
    return around(indices, samples, level)


def stretch(
    name: str, sample: Array, beats: Sequence[BeatDraws], calibration: Calibration
) -> float:
    """Times by which draws are spread to be as wide as the frames' scores say."""
    usual = calibration.typical.get(name)
    half = half_width(sample)
    if usual is None or half <= 0:
        return 1.0
    return usual * float(np.mean([beat.scale for beat in beats])) / half


def lean_of(name: str, value: float, calibration: Calibration) -> float:
    """By how much a value is above the expert's on average: a share, or points for changes."""
    offset, slope = calibration.leans.get(_LEANS_AS.get(name, name), (0.0, 0.0))
    return offset + slope * value


def half_width(sample: Array) -> float:
    """Half the distance between the two `TAILS` of a sample, missing draws left out; or 0."""
    known = sample[np.isfinite(sample)]
    return float(np.ptp(np.quantile(known, TAILS)) / 2) if len(known) else 0.0


def deviations(beats: Sequence[BeatDraws]) -> dict[str, Array]:
    """Deviations (N,) of every index, mean over the beats: shares, or points for changes."""
    found: dict[str, list[Array]] = {}
    for beat in beats:
        for name, (phase, what) in RELATIVE.items():
            draws = getattr(beat, phase)
            share = getattr(draws.drawn, what) / getattr(draws.own, what) - 1
            found.setdefault(name, []).append(share)
        for name, (what, sign) in CHANGES.items():
            own = 1 - _quantity(beat.es.own, what) / _quantity(beat.ed.own, what)
            drawn = 1 - _quantity(beat.es.drawn, what) / _quantity(beat.ed.drawn, what)
            found.setdefault(name, []).append(100 * sign * (drawn - own))
    return {name: np.asarray(np.mean(values, axis=0)) for name, values in found.items()}


def _quantity(drawn: object, what: str) -> Array:
    if what == "area_length":
        return np.asarray(getattr(drawn, "area") ** 2 / getattr(drawn, "length"))  # noqa: B009
    return np.asarray(getattr(drawn, what))


def around(indices: Indices, samples: Mapping[str, Array], level: float) -> Intervals:
    """Intervals whose bounds are quantiles of samples (N,) around measured values."""
    bounds, reasons, used = {}, {}, {}
    for name in INTERVALS:
        value = getattr(indices, name)
        if value is None:
            continue
        sample = samples.get(name, np.zeros(0))
        known = sample[np.isfinite(sample)]
        if len(known) < LEAST_DRAWS * (len(sample) or 1):
            reasons[name] = "too few hearts could be drawn around the masks"
            continue
        used[name] = sample
        low, high = np.quantile(known, TAILS)
        unit = value if name in RELATIVE else 1.0
        ends = value + min(low, 0.0) * unit, value + max(high, 0.0) * unit
        bounds[name] = _within(name, value, *ends)
    for name, source in PER_BSA.items():
        value, base = getattr(indices, name), getattr(indices, source)
        if value is not None and base and source in bounds:
            low, high = bounds[source]
            bounds[name] = (low * value / base, high * value / base)
    return Intervals(level, bounds, reasons, used)


def _within(name: str, value: float, low: float, high: float) -> tuple[float, float]:
    """An interval cut down to what the index can be, or has been measured to be."""
    if name in RELATIVE:
        return max(low, 0.0), high
    if CHANGES[name][1] < 0:
        return max(low, -100.0), high
    # End-systole is the smaller of the two, unless a manifest names the frames otherwise.
    return max(low, min(0.0, value)), min(high, 100.0)
