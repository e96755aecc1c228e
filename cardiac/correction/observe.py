"""What each frame's mask says of the heart, and how far it can be believed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cardiac.anatomy.frame import LA, LV
from cardiac.correction.canvas import Canvas
from cardiac.correction.plausible import drawable, likely
from cardiac.errors import MeasurementError
from cardiac.geometry import Mask
from cardiac.shape.arvae import ArVae
from cardiac.shape.outline import ATRIUM, POINTS, extract
from cardiac.types import Array

SMALL = 0.02
"""Share of the heart's pixels that a repair may change without the frame being doubted."""
DOUBTED = 0.2
"""Weight of a frame that took a larger repair."""
PLAUSIBLE = 3.0
"""Times worse than the experts' that the shape model may fit a frame that is fully believed."""
BELIEVED, LEAST_BELIEVED = 0.5, 0.25
"""Weight of a frame that others can lean on, and the share of such frames that is enough."""
NO_HEART = 1000.0
"""Times worse than the experts' that an outline may be fitted to be looked at at all."""
GUESSED = 0.1
"""Weight of a heart that the shape model found behind a broken mask."""


class Observations(NamedTuple):
    """Outlines of a sequence.

    Attributes:
        outlines: (T, POINTS, 2) in canonical pixels; NaN where there is none.
        trust: (T,) weights from 0 to 1; 0 where there is no outline.
    """

    outlines: Array
    trust: Array


def observe(canvas: Canvas, masks: Mask, repaired: Mask, model: ArVae) -> Observations:
    """Follow the outlines of masks, and weigh them.

    A frame is doubted where its repair was large, and where the shape model fits its outline
    much worse than those of most frames. What is no heart's in an outline is made so.

    Args:
        canvas: Where the masks lie.
        masks: (T, H, W) as they came.
        repaired: (T, H, W) after local repair.
        model: Knows hearts.
    """
    outlines = follow(canvas, repaired)
    changed = np.count_nonzero(masks != repaired, axis=(1, 2))
    size = np.maximum(np.count_nonzero(repaired, axis=(1, 2)), 1)
    trust = np.where(changed <= SMALL * size, 1.0, DOUBTED)
    misfit = _misfit(outlines, model)
    found = np.isfinite(misfit)
    if found.any():
        usual = max(PLAUSIBLE, float(np.quantile(misfit[found], 0.25)))
        trust[found] *= np.minimum(1.0, usual / misfit[found]) ** 2
    for t in np.flatnonzero(misfit > PLAUSIBLE):
        outlines[t] = likely(outlines[t], model)
    outlines[~found], trust[~found] = np.nan, 0.0
    if np.count_nonzero(trust >= BELIEVED) < LEAST_BELIEVED * len(trust):
        _recover(canvas, repaired, outlines, trust, model)
    whole = np.isfinite(outlines).all(axis=(1, 2))
    nothing = whole & ~drawable(outlines)
    outlines[nothing], trust[nothing] = np.nan, 0.0
    return Observations(outlines, trust)


def _recover(canvas: Canvas, masks: Mask, outlines: Array, trust: Array, model: ArVae) -> None:
    """Put the heart that the shape model finds behind each doubted mask in its place."""
    doubted = (trust < BELIEVED) & (masks == LV).any(axis=(1, 2))
    if not doubted.any():
        return
    codes = model.encode(canvas.grid.nearest_labels(masks[doubted]))
    places = np.flatnonzero(doubted)[codes.found]
    if places.size:
        outlines[places] = model.outlines(codes.mean[codes.found])
        trust[places] = GUESSED


def follow(canvas: Canvas, masks: Mask) -> Array:
    """Outlines (T, POINTS, 2) in canonical pixels of masks (T, H, W); NaN where there is none."""
    seen = masks if canvas.followable else canvas.grid.nearest_labels(masks)
    outlines = np.stack([_outline(mask) for mask in seen])
    return canvas.grid.points_to_canonical(outlines) if canvas.followable else outlines


def _outline(mask: Mask) -> Array:
    nothing = np.full((POINTS, 2), np.nan)
    if not (mask == LV).any():
        return nothing
    try:
        points = extract(mask)
    except (MeasurementError, ValueError):
        return nothing
    if not (mask == LA).any():
        points[ATRIUM] = np.nan
    return points


def _misfit(outlines: Array, model: ArVae) -> Array:
    """(T,) times worse than the experts' that outlines are fitted; NaN where there is none."""
    misfit = np.full(len(outlines), np.nan)
    found = np.isfinite(outlines).any(axis=(1, 2))
    if found.any():
        with np.errstate(all="ignore"):
            codes, _ = model.encode_outlines(outlines[found])
            square = ((model.outlines(codes) - outlines[found]) ** 2).sum(axis=2)
            misfit[found] = np.maximum(1.0, np.sqrt(np.nanmean(square, axis=1)) / model.fit)
    return np.where(misfit < NO_HEART, misfit, np.nan)
