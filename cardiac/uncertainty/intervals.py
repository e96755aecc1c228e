"""Intervals of the clinical indices that hold the expert's value as often as they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cardiac.anatomy.frame import Array
from cardiac.clinical import Indices
from cardiac.errors import SettingsError
from cardiac.uncertainty.drawn import volume
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
_INDEXED = {
    "lv_edv_index_ml_m2": "lv_edv_ml",
    "lv_esv_index_ml_m2": "lv_esv_ml",
    "la_volume_index_ml_m2": "la_volume_es_ml",
}


@dataclass(frozen=True, eq=False, slots=True)
class Intervals:
    """Lower and upper bound of each index that has one.

    Attributes:
        level: Share of experts' values that the intervals are to hold.
        bounds: Index to (low, high), in its own unit.
        reasons: Why an index that was measured has none.
        stretches: Times by which the draws of each index were spread.
        beats: The draws behind them.
    """

    level: float
    bounds: dict[str, tuple[float, float]]
    reasons: dict[str, str] = field(default_factory=dict)
    stretches: dict[str, float] = field(default_factory=dict)
    beats: tuple[BeatDraws, ...] = ()

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
    factors: Mapping[str, float],
    level: float = 0.9,
    typical: Mapping[str, float] | None = None,
) -> Intervals:
    """Intervals around measured indices.

    The draws give the interval its shape: which side is longer, and what the two phases share.
    How wide it is follows the frames' scores alone where ``typical`` is given: on held-out
    patients the width of the draws told nothing of the size of the error beyond that.

    Args:
        indices: Of one sequence.
        beats: Its draws, see `draw_beats`.
        factors: How much each index's interval is stretched, from the calibration.
        level: Share of experts' values that the intervals are to hold.
        typical: Half the width of the draws of each index on ordinary frames.
    """
    found = deviations(beats)
    stretches = {name: factors.get(name, 1.0) for name in found}
    scale = float(np.mean([beat.scale for beat in beats])) if beats else 1.0
    for name, usual in (typical or {}).items():
        if name in found and (half := half_width(found[name])) > 0:
            stretches[name] *= usual * scale / half
    return _around(indices, found, stretches, level, tuple(beats))


def half_width(sample: Array) -> float:
    """Half the distance between the two `TAILS` of a sample, missing draws left out; or 0."""
    known = sample[np.isfinite(sample)]
    return float(np.ptp(np.quantile(known, TAILS)) / 2) if len(known) else 0.0


def combined_intervals(
    combined: Indices,
    views: tuple[Indices, Indices],
    parts: tuple[Intervals, Intervals],
) -> Intervals:
    """Intervals of biplane indices: draw by draw, both views with the same common error.

    The draws are spread as those of the two views are, on average.

    Args:
        combined: What `combine_views` gave.
        views: The indices of each view.
        parts: The intervals of each view.

    Raises:
        SettingsError: The two views' intervals are not of one level.
    """
    if parts[0].level != parts[1].level:
        raise SettingsError("the intervals of the two views are of different levels")
    if not all(part.beats for part in parts):
        return _around(combined, {}, {}, parts[0].level, ())
    found: dict[str, Array] = {}
    for name, phase, prefix in (
        ("lv_edv_ml", "ed", ""),
        ("lv_esv_ml", "es", ""),
        ("la_volume_es_ml", "es", "la_"),
    ):
        stack = {"lv_edv_ml": "lv_ed", "lv_esv_ml": "lv_es", "la_volume_es_ml": "la_es"}[name]
        if all(stack in view.stacks for view in views):
            found[name] = _biplane(views, parts, stack, phase, prefix)
    if "lv_edv_ml" in found and "lv_esv_ml" in found and combined.lv_ef_percent is not None:
        assert combined.lv_edv_ml is not None and combined.lv_esv_ml is not None
        ed = combined.lv_edv_ml * (1 + found["lv_edv_ml"])
        es = combined.lv_esv_ml * (1 + found["lv_esv_ml"])
        found["lv_ef_percent"] = 100 * (1 - es / ed) - combined.lv_ef_percent
    stretches = {
        name: float(np.mean([part.stretches.get(name, 1.0) for part in parts])) for name in found
    }
    return _around(combined, found, stretches, parts[0].level, ())


def _biplane(
    views: tuple[Indices, Indices],
    parts: tuple[Intervals, Intervals],
    stack: str,
    phase: str,
    prefix: str,
) -> Array:
    """Relative deviations (N,) of a biplane volume."""
    diameters, lengths, own_lengths = [], [], []
    for view, part in zip(views, parts, strict=True):
        discs = view.stacks[stack]
        wide, long = [], []
        for beat in part.beats:
            draws = getattr(beat, phase)
            own, drawn = draws.own, draws.drawn
            base = np.maximum(getattr(own, f"{prefix}diameters"), 1e-6)
            wide.append(getattr(drawn, f"{prefix}diameters") / base)
            long.append(getattr(drawn, f"{prefix}length") / getattr(own, f"{prefix}length"))
        diameters.append(discs.diameters * np.mean(wide, axis=0))
        lengths.append(discs.length_mm * np.mean(long, axis=0))
        own_lengths.append(discs.length_mm)
    drawn_volume = volume(diameters[0], np.maximum(*lengths), diameters[1])
    own_volume = volume(
        views[0].stacks[stack].diameters[None],
        np.array([max(own_lengths)]),
        views[1].stacks[stack].diameters[None],
    )
    return np.asarray(drawn_volume / own_volume - 1)


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


def _around(
    indices: Indices,
    deviations: dict[str, Array],
    stretches: dict[str, float],
    level: float,
    beats: tuple[BeatDraws, ...],
) -> Intervals:
    bounds, reasons = {}, {}
    for name in INTERVALS:
        value = getattr(indices, name)
        if value is None:
            continue
        sample = deviations.get(name, np.zeros(0))
        sample = sample[np.isfinite(sample)]
        total = len(deviations.get(name, ())) or 1
        if len(sample) < LEAST_DRAWS * total:
            reasons[name] = "too few hearts could be drawn around the masks"
            continue
        low, high = np.quantile(sample, TAILS) * stretches.get(name, 1.0)
        unit = value if name in RELATIVE else 1.0
        bounds[name] = _within(name, value + min(low, 0.0) * unit, value + max(high, 0.0) * unit)
    for name, source in _INDEXED.items():
        value, base = getattr(indices, name), getattr(indices, source)
        if value is not None and base and source in bounds:
            low, high = bounds[source]
            bounds[name] = (low * value / base, high * value / base)
    return Intervals(level, bounds, reasons, stretches, beats)


def _within(name: str, low: float, high: float) -> tuple[float, float]:
    """An interval cut down to what the index can be at all."""
    if name in RELATIVE:
        return max(low, 0.0), high
    return (low, min(high, 100.0)) if CHANGES[name][1] > 0 else (max(low, -100.0), high)
