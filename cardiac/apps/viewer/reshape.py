"""Frames drawn with other attributes, and edits carried to their neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cardiac.anatomy.frame import BACKGROUND, LA
from cardiac.correction.certify import Constraints, Measured
from cardiac.correction.fit import OutlineGrid, reconstructible, trace_outlines
from cardiac.correction.repair import repair_frame
from cardiac.geometry import Mask
from cardiac.shape.normal import from_normal, to_normal
from cardiac.shape.outline import ATRIUM, EPI, WALL
from cardiac.temporal.smoothing import smooth
from cardiac.types import Array, BoolArray


class Shapes:
    """The outlines of masks, taken apart into attributes and what is left when they are gone.

    Args:
        masks: (T, H, W) labels.
        measured: What was measured of them.
        terms: Grid, clock and bounds.

    Attributes:
        base: The masks.
        values: (T, 7) their attributes as measured.
        found: (T,) frames that have a heart's outline and can be drawn anew.
    """

    def __init__(self, masks: Mask, measured: Measured, terms: Constraints) -> None:
        self.base, self.terms = masks, terms
        self.canvas = OutlineGrid((masks.shape[1], masks.shape[2]), terms.spacing)
        self.values = measured.attributes.values
        outlines = trace_outlines(self.canvas, masks)
        no_atrium = np.isnan(outlines[:, ATRIUM]).any(axis=(1, 2))
        walled = np.isfinite(outlines[:, EPI]).all(axis=(1, 2))
        self._bare: BoolArray = np.asarray(no_atrium & walled)
        # Inside the cavity, where nothing of it is drawn.
        middle = outlines[:, WALL].mean(axis=1, keepdims=True)
        outlines[:, ATRIUM] = np.where(self._bare[:, None, None], middle, outlines[:, ATRIUM])
        drawn = np.isfinite(outlines).all(axis=(1, 2))
        whole: BoolArray = np.asarray(drawn & np.isfinite(self.values).all(axis=1))
        found: BoolArray = np.zeros(len(masks), dtype=bool)
        self._normal = np.full(outlines.shape, np.nan)
        self._own = np.full(self.values.shape, np.nan)
        if whole.any():
            found[whole] = reconstructible(outlines[whole])
            self._normal[whole], self._own[whole] = to_normal(outlines[whole])
        self.found = found

    def draw(self, values: Array, which: BoolArray) -> dict[int, Mask]:
        """Label maps of some frames (T,) with these attributes (T, 7), labels repaired.

        Attributes are in the units in which they were measured. An outline moves by as much
        as its attributes are to move: what lies between an outline and its pixels stays.
        """
        places = np.flatnonzero(which & self.found)
        if not places.size:
            return {}
        change = self.canvas.attributes(values[places]) - self.canvas.attributes(
            self.values[places]
        )
        outlines = from_normal(self._normal[places], self._own[places] + change)
        drawn = {}
        for t, mask in zip(places.tolist(), self.canvas.draw(outlines), strict=True):
            if self._bare[t]:
                mask[mask == LA] = BACKGROUND
            drawn[t] = mask
        return drawn

    def repaired(self, masks: dict[int, Mask], valid: BoolArray) -> dict[int, Mask]:
        """Those of the masks that are not valid (T,), with their labels repaired."""
        profile = self.terms.profile
        return {t: repair_frame(mask, profile) for t, mask in masks.items() if not valid[t]}


FIXED, UNKNOWN = 1e6, 1e-3
"""Weight of a frame that was edited, and of one whose attribute could not be measured."""
GIVE = 0.02
"""Share of a bound up to which a frame counts as not moved, and keeps its pixels."""


def held(
    values: Array, keys: Mapping[int, Array], bound: Array, reach: float, margin: float = 1.0
) -> Array:
    """Attributes (T, 7) that pass through the edited ones and keep their bounds.

    Each attribute by itself, in two exact steps: the changes at the edited frames are spread
    over their neighbours by the smoothest curve, min Σ w δ² + reach⁴ Σ (Δ²δ)²; then the
    nearest trajectory whose bends keep the bounds is found, edited frames weighing a
    million times as much as others. An attribute that nobody changed comes back as it was.

    Args:
        values: (T, 7) measured; NaN where there is none.
        keys: Wanted attributes (7,) of edited frames; NaN for those that were not edited.
        bound: (7,) largest bend |x_t − (x_{t−1} + x_{t+1}) / 2|.
        reach: Frames over which a change fades.
        margin: Share of the bounds to use. A bend that was wider stays as it was allowed to be.
    """
    result = values.copy()
    for column in range(values.shape[1]):
        wanted = {t: key[column] for t, key in keys.items() if np.isfinite(key[column])}
        if wanted and np.isfinite(values[:, column]).any():
            result[:, column] = _held(
                values[:, column], wanted, float(bound[column]), reach, margin
            )
    return result


def moved(before: Array, after: Array, bound: Array) -> BoolArray:
    """(T,) frames of which an attribute moved by more than a trifle."""
    apart = np.abs(after - before)
    return np.asarray((np.nan_to_num(apart, nan=0.0) > GIVE * bound).any(axis=1))


def _held(
    values: Array, wanted: Mapping[int, float], bound: float, reach: float, margin: float
) -> Array:
    seen = np.isfinite(values)
    times = np.arange(len(values), dtype=float)
    whole = np.interp(times, times[seen], values[seen])
    weight = np.where(seen, 1.0, UNKNOWN)
    keys: Sequence[int] = list(wanted)
    weight[keys] = FIXED
    change = np.zeros(len(values))
    change[keys] = np.array(list(wanted.values())) - whole[keys]
    if reach > 0 and len(values) > 2:
        # Without the small swing to the other side beyond the edit.
        ends = min(0.0, change.min()), max(0.0, change.max())
        spread: Array = np.clip(smooth(change, np.inf, weight, reach**4).values, *ends)
        change = spread
    goal = whole + change
    if len(values) < 3:
        return np.asarray(goal)
    bends = np.zeros(len(values))
    bends[1:-1] = np.abs(whole[1:-1] - (whole[:-2] + whole[2:]) / 2)
    # A frame that the edit does not touch must not be moved for the margin's sake.
    limit: Array = np.maximum(margin * bound, np.minimum(bends, bound))
    return np.asarray(smooth(goal, limit, weight).values)
