"""Hearts drawn along a smooth motion, until the masks keep every bound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from cardiac.anatomy.attributes import length_powers
from cardiac.anatomy.frame import BACKGROUND, LA
from cardiac.correction.certificate import Certificate
from cardiac.correction.certify import Constraints, Measured
from cardiac.correction.fit import OutlineGrid, regularised
from cardiac.correction.motion import whittaker
from cardiac.correction.repair import repair_frame
from cardiac.geometry import Mask
from cardiac.shape.normal import from_normal, to_normal
from cardiac.shape.weights import ShapeBundle
from cardiac.temporal import bound_in_force, expert_spans, spans_in_pixels
from cardiac.temporal.smoothing import smooth
from cardiac.types import Array, BoolArray

ROUNDS, STIFF = 14, 5
"""Most rounds, and the one from which shapes are smoothed too."""
PATIENCE = 3
"""Rounds without a single valid frame after which there is no heart to be drawn."""
MARGIN, SHRINK = 0.8, 0.7
"""Fraction of a bound that outlines may use, so that pixels can use the rest; and how fast it
falls for an attribute that breaks its bound all the same."""
PATCH_MARGINS = (0.9, 0.7, 0.5)
LEAST_WEIGHT, FIXED = 0.02, 1e6
"""Weights of a frame that hardly counts, and of one that must not move."""
GIVE = 0.02
"""Fraction of a bound by which an attribute that must not move may do so."""
STEPS = (0.25, 0.5, 0.75, 1.0)
"""Fractions of the way to a valid shape."""
RESIZE = 0.3
"""Fraction of the way to the sizes of a valid shape, by which they move in a round."""
SIZES = [0, 1, 2, 4]
"""Columns of the attributes that are areas and lengths."""
SAME = 1e-6
"""Pixels up to which an outline counts as unchanged."""


class Drawn(NamedTuple):
    """Masks and what was measured of them."""

    masks: Mask
    measured: Measured
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Drawing:
    """What outlines are drawn with.

    Attributes:
        grid: Where to draw.
        constraints: What to keep to.
        shapes: Valid shapes to turn to where a drawn one is not.
    """

    grid: OutlineGrid
    constraints: Constraints
    shapes: ShapeBundle

    def measured(self, masks: Mask, before: Measured | None, which: BoolArray) -> Drawn:
        """Masks measured but for their distance from the experts' shapes, which takes longest."""
        measured = self.constraints.measured(masks, before, which, shape=False)
        return Drawn(masks, measured, self.constraints.certificate(measured))

    def complete(self, drawn: Drawn) -> Drawn:
        """The same with that distance."""
        measured = self.constraints.with_shape(drawn.measured, drawn.masks)
        return Drawn(drawn.masks, measured, self.constraints.certificate(measured))

    def bounds(self, attributes: Array) -> Array:
        """Bounds (7,) on second differences of attributes in canonical pixels and degrees."""
        if len(attributes) < 3:
            return np.full(attributes.shape[1], np.inf)
        tau = bound_in_force(self.constraints.frame_interval_s)
        if self.constraints.spacing is None:
            return np.asarray(tau * spans_in_pixels(attributes))
        return np.asarray(tau * expert_spans() / length_powers(self.grid.pixel_mm))


def redraw_all(motion: Array, weight: Array, drawing: Drawing) -> Drawn:
    """Draw outlines whose attributes are held within their bounds.

    Each attribute's nearest trajectory within its bound is found exactly, the outlines are
    given those attributes, drawn, and measured. Where pixels still break a bound, the
    outlines get a narrower one, which ends in a straight trajectory; and since the landmarks
    of an odd shape move with it, shapes are regularised and smoothed ever more. Where only
    the anatomy fails, sizes move towards those of the nearest valid shape.

    Args:
        motion: (T, POINTS, 2) outlines in canonical pixels.
        weight: (T,) how hard each frame resists being moved.
        drawing: What to draw with.
    """
    pen = _Pen(motion, drawing)
    bound = drawing.bounds(pen.attributes)
    margin, hopeless = np.full(bound.shape, MARGIN), 0
    for round_ in range(ROUNDS):
        if round_ >= STIFF:
            pen.soften(10.0 ** min(round_ - STIFF, 7), weight)
        pen.draw(_held(pen.attributes, margin * bound, np.maximum(weight, LEAST_WEIGHT)))
        inconsistent = ~pen.result.certificate.consistency.within.all(axis=0)
        invalid = ~pen.result.certificate.valid
        if not inconsistent.any():
            if pen.result.certificate.certified:
                break
            pen.resize(invalid)
        margin[inconsistent] *= SHRINK
        hopeless = hopeless + 1 if invalid.all() else 0
        if hopeless > PATIENCE:
            break
    return pen.result


def redraw_some(motion: Array, kept: Drawn, keep: BoolArray, drawing: Drawing) -> Drawn | None:
    """Draw some frames only, between others that keep their pixels.

    Args:
        motion: (T, POINTS, 2) outlines in canonical pixels.
        kept: All masks; those that are not kept are drawn over.
        keep: (T,) which frames stay as they are.
        drawing: What to draw with.

    Returns:
        Masks that keep every bound, or None where the frames that are kept do not allow it.
    """
    pen = _Pen(motion, drawing, kept=kept, keep=keep)
    fixed = drawing.grid.attributes(kept.measured.attributes.values)
    wanted = np.where(keep[:, None], fixed, pen.attributes)
    bound = drawing.bounds(wanted)
    for margin in PATCH_MARGINS:
        held = _held(wanted, margin * bound, np.where(keep, FIXED, 1.0))
        if (np.abs(held - wanted)[keep] > GIVE * bound).any():
            return None
        pen.draw(held)
        if pen.result.certificate.certified:
            return pen.result
    return None


def _held(wanted: Array, bound: Array, weight: Array) -> Array:
    """Nearest attributes (T, 7) whose second differences keep their bounds (7,)."""
    columns = [smooth(w, b, weight).values for w, b in zip(wanted.T, bound, strict=True)]
    return np.stack(columns, axis=1)


class _Pen:
    """Draws outlines with given attributes, again where they changed, until frames are valid."""

    def __init__(
        self,
        motion: Array,
        drawing: Drawing,
        *,
        kept: Drawn | None = None,
        keep: BoolArray | None = None,
    ) -> None:
        self.motion, self.drawing = motion, drawing
        self.normal, self.attributes = to_normal(motion)
        self.keep = np.zeros(len(motion), dtype=bool) if keep is None else keep
        self.outlines = np.full(motion.shape, np.nan)
        self._result = kept

    @property
    def result(self) -> Drawn:
        """What was drawn last."""
        assert self._result is not None
        return self._result

    def draw(self, attributes: Array) -> None:
        """Draw the outlines with these attributes (T, 7)."""
        outlines = from_normal(self.normal, attributes)
        fresh = ~(np.abs(outlines - self.outlines) < SAME).all(axis=(1, 2)) & ~self.keep
        self.outlines = np.where(fresh[:, None, None], outlines, self.outlines)
        self._put(fresh)
        self._make_valid(fresh & ~self.result.certificate.valid)
        if self.result.certificate.keeps_bounds:
            # Plausible shape is measured last: it takes as long as all else together.
            self._result = self.drawing.complete(self.result)
            self._make_valid(self.result.certificate.implausible & ~self.keep, shape=True)

    def soften(self, smoothness: float, weight: Array) -> None:
        """Take the regularised shapes, smoothed in time; the attributes stay."""
        hearts = self._hearts
        weights = np.repeat(np.maximum(weight, LEAST_WEIGHT)[:, None], hearts.shape[1], axis=1)
        self.normal = whittaker(hearts, weights, smoothness)

    def resize(self, invalid: BoolArray) -> None:
        """Move the sizes of frames (T,) some way to those of the nearest shape in the bank."""
        goal = self._nearest(invalid)[1]
        own = self.attributes[invalid]
        # At the size of the frame's own epicardium.
        scale = np.sqrt((own[:, 0] + own[:, 4]) / (goal[:, 0] + goal[:, 4]))
        goal *= np.stack([length_powers(factor) for factor in scale])
        own[:, SIZES] += RESIZE * (goal - own)[:, SIZES]
        self.attributes[invalid] = own

    @cached_property
    def _hearts(self) -> Array:
        """Regularised outlines (T, POINTS, 2) of the motion, in normal form."""
        model = self.drawing.shapes.model
        return to_normal(np.stack([regularised(outline, model) for outline in self.motion]))[0]

    def _put(self, fresh: BoolArray, *, shape: bool = False) -> None:
        """Draw and measure the outlines that are fresh, and repair their labels."""
        drawing, last = self.drawing, self._result
        constraints = drawing.constraints
        if last is None:
            masks = np.zeros((len(fresh), *drawing.grid.shape), np.uint8)
        else:
            masks = last.masks.copy()
        drawn = drawing.grid.draw(self.outlines[fresh])
        if not constraints.atrium:
            drawn[drawn == LA] = BACKGROUND
        masks[fresh] = drawn
        self._result = drawing.measured(masks, last and last.measured, fresh)
        broken = fresh & ~self._result.certificate.valid
        if broken.any():
            for t in np.flatnonzero(broken):
                masks[t] = repair_frame(masks[t], constraints.profile, constraints.spacing)
            self._result = drawing.measured(masks, self._result.measured, broken)
        if shape:
            self._result = drawing.complete(self._result)

    def _nearest(self, which: BoolArray) -> tuple[Array, Array]:
        """Normal forms and attributes of the shapes in the bank nearest to frames (T,)."""
        shapes = self.drawing.shapes
        codes, _ = shapes.model.encode_outlines(self.outlines[which])
        return to_normal(shapes.model.outlines(shapes.bank.nearest(codes)[0][:, 0]))

    def _make_valid(self, invalid: BoolArray, *, shape: bool = False) -> None:
        """Turn shapes that are not valid towards the nearest in the bank, attributes kept.

        The way is walked in steps; a frame stops at the first that is valid.

        Source: Painchaud et al., IEEE TMI 39(11), 2020, where the segment is bisected.
        """
        if not invalid.any():
            return
        goal, _ = self._nearest(invalid)
        normal, attributes = to_normal(self.outlines[invalid])
        for step in STEPS:
            still = invalid & ~self.result.certificate.valid
            if not still.any():
                break
            turned = from_normal((1 - step) * normal + step * goal, attributes)
            self.outlines[still] = turned[still[invalid]]
            self._put(still, shape=shape)
