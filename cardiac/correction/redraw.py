"""Hearts drawn along a smooth motion, until the masks keep every bound."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from cardiac.anatomy.attributes import length_powers
from cardiac.anatomy.frame import BACKGROUND, LA
from cardiac.correction.canvas import Canvas
from cardiac.correction.certificate import Certificate, Measured
from cardiac.correction.plausible import likely
from cardiac.correction.repair import repair_frame
from cardiac.correction.robust import whittaker
from cardiac.correction.terms import Terms
from cardiac.geometry import Mask
from cardiac.shape.normal import from_normal, to_normal
from cardiac.shape.weights import ShapeBundle
from cardiac.temporal import bound_in_force, expert_spans, spans_in_pixels
from cardiac.temporal.smoothing import smooth
from cardiac.types import Array, BoolArray

ROUNDS, STIFF = 12, 5
"""Most rounds, and the one from which shapes are smoothed too."""
MARGIN, SHRINK = 0.8, 0.7
"""Share of a bound that outlines may use, so that pixels can use the rest; and how fast it falls
for an attribute that breaks its bound all the same."""
PATCH_MARGINS = (0.9, 0.7, 0.5)
LEAST_WEIGHT, FIXED = 0.02, 1e6
"""Weights of a frame that is hardly believed, and of one that must not move."""
GIVE = 0.02
"""Share of a bound by which an attribute that must not move may do so."""
STEPS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the way to a valid shape."""
SAME = 1e-6
"""Pixels up to which an outline counts as unchanged."""


class Redrawn(NamedTuple):
    """Masks and what was measured of them."""

    masks: Mask
    measured: Measured
    certificate: Certificate


def redraw(
    motion: Array, weight: Array, canvas: Canvas, terms: Terms, shapes: ShapeBundle
) -> Redrawn:
    """Draw outlines whose attributes are held within their bounds.

    Each attribute's nearest trajectory within its bound is found exactly, the outlines are
    given those attributes, drawn, and measured. Where pixels still break a bound, the
    outlines get a narrower one, which ends in a straight trajectory; and since the landmarks
    of a strange shape move with it, shapes are brought to likely ones and smoothed ever more.

    Args:
        motion: (T, POINTS, 2) outlines in canonical pixels.
        weight: (T,) how hard each frame resists being moved.
        canvas: Where to draw.
        terms: What to keep to.
        shapes: Valid shapes to turn to where a drawn one is not.
    """
    pen = _Pen(motion, canvas, terms, shapes)
    bound = _bounds(canvas, terms, pen.attributes)
    margin = np.full(bound.shape, MARGIN)
    for round_ in range(ROUNDS):
        if round_ >= STIFF:
            pen.soften(10.0 ** (round_ - STIFF), weight)
        pen.draw(_held(pen.attributes, margin * bound, np.maximum(weight, LEAST_WEIGHT)))
        loose = ~pen.result.certificate.consistency.within.all(axis=0)
        if pen.result.certificate.certified or not loose.any():
            break
        margin[loose] *= SHRINK
    return pen.result


def patch(
    motion: Array,
    kept: Redrawn,
    keep: BoolArray,
    *,
    canvas: Canvas,
    terms: Terms,
    shapes: ShapeBundle,
) -> Redrawn | None:
    """Draw some frames only, between others that keep their pixels.

    Args:
        motion: (T, POINTS, 2) outlines in canonical pixels.
        kept: All masks; those that are not kept are drawn over.
        keep: (T,) which frames stay as they are.
        canvas, terms, shapes: See `redraw`.

    Returns:
        Certified masks, or None where the frames that are kept do not allow it.
    """
    pen = _Pen(motion, canvas, terms, shapes, kept=kept, keep=keep)
    wanted = np.where(
        keep[:, None], canvas.attributes(kept.measured.attributes.values), pen.attributes
    )
    bound = _bounds(canvas, terms, wanted)
    for margin in PATCH_MARGINS:
        held = _held(wanted, margin * bound, np.where(keep, FIXED, 1.0))
        if (np.abs(held - wanted)[keep] > GIVE * bound).any():
            return None
        pen.draw(held)
        if pen.result.certificate.certified:
            return pen.result
    return None


def _held(wanted: Array, bound: Array, weight: Array) -> Array:
    """Nearest attributes (T, 7) whose bends keep their bounds (7,)."""
    columns = [smooth(w, b, weight).values for w, b in zip(wanted.T, bound, strict=True)]
    return np.stack(columns, axis=1)


class _Pen:
    """Draws outlines with given attributes, again where they changed, until frames are valid."""

    def __init__(
        self,
        motion: Array,
        canvas: Canvas,
        terms: Terms,
        shapes: ShapeBundle,
        *,
        kept: Redrawn | None = None,
        keep: BoolArray | None = None,
    ) -> None:
        self.motion = motion
        self.normal, self.attributes = to_normal(motion)
        self.canvas, self.terms, self.shapes = canvas, terms, shapes
        self.keep = np.zeros(len(motion), dtype=bool) if keep is None else keep
        self.outlines = np.full(motion.shape, np.nan)
        self._result = kept

    @property
    def result(self) -> Redrawn:
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

    def soften(self, smoothness: float, weight: Array) -> None:
        """Take the shapes of likely hearts, smoothed in time; the attributes stay."""
        hearts = self._hearts
        trust = np.repeat(np.maximum(weight, LEAST_WEIGHT)[:, None], hearts.shape[1], axis=1)
        self.normal = whittaker(hearts, trust, smoothness)

    @cached_property
    def _hearts(self) -> Array:
        """Likely hearts (T, POINTS, 2) behind the motion, in normal form."""
        model = self.shapes.model
        return to_normal(np.stack([likely(outline, model) for outline in self.motion]))[0]

    def _put(self, fresh: BoolArray) -> None:
        """Draw and measure the outlines that are fresh, and repair their labels."""
        terms, last = self.terms, self._result
        shape = (len(fresh), *self.canvas.shape)
        masks = np.zeros(shape, np.uint8) if last is None else last.masks.copy()
        drawn = self.canvas.draw(self.outlines[fresh])
        if not terms.atrium:
            drawn[drawn == LA] = BACKGROUND
        masks[fresh] = drawn
        measured = terms.measured(masks, last and last.measured, fresh)
        certificate = terms.certificate(measured)
        broken = fresh & ~certificate.valid
        if broken.any():
            for t in np.flatnonzero(broken):
                masks[t] = repair_frame(masks[t], terms.profile)
            measured = terms.measured(masks, measured, broken)
            certificate = terms.certificate(measured)
        self._result = Redrawn(masks, measured, certificate)

    def _make_valid(self, invalid: BoolArray) -> None:
        """Turn shapes that cannot be drawn towards the nearest in the bank, attributes kept.

        The way is walked in steps; a frame stops at the first that is valid.

        Source: Painchaud et al., IEEE TMI 39(11), 2020, where the segment is bisected.
        """
        if not invalid.any():
            return
        model = self.shapes.model
        start, _ = model.encode_outlines(self.outlines[invalid])
        goal, _ = to_normal(model.outlines(self.shapes.bank.nearest(start)[0][:, 0]))
        normal, attributes = to_normal(self.outlines[invalid])
        for share in STEPS:
            still = invalid & ~self.result.certificate.valid
            if not still.any():
                break
            turned = from_normal((1 - share) * normal + share * goal, attributes)
            self.outlines[still] = turned[still[invalid]]
            self._put(still)


def _bounds(canvas: Canvas, terms: Terms, attributes: Array) -> Array:
    """Bounds (7,) on the bends of attributes in canonical pixels and degrees."""
    if len(attributes) < 3:
        return np.full(attributes.shape[1], np.inf)
    tau = bound_in_force(terms.frame_interval_s)
    if terms.spacing is None:
        return np.asarray(tau * spans_in_pixels(attributes))
    return np.asarray(tau * expert_spans() / length_powers(canvas.pixel_mm))
