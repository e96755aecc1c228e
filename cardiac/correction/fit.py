"""Outlines fitted to masks: traced, weighed against the shape model, and regularised by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from cardiac.anatomy.attributes import length_powers
from cardiac.anatomy.frame import LA, LV
from cardiac.errors import MeasurementError
from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask, Spacing, is_square
from cardiac.shape.arvae import ArVae
from cardiac.shape.compose import draw_on
from cardiac.shape.normal import from_normal, to_normal
from cardiac.shape.outline import ATRIUM, BASE, EPI, POINTS, WALL, extract
from cardiac.types import Array, BoolArray

LARGEST = 1.5 * CANONICAL_SIZE
"""Side in pixels up to which outlines are traced on the image's own pixels."""
SMALL = 0.02
"""Share of the heart's pixels that a repair may change without the frame weighing less."""
REPAIRED = 0.1
"""Weight of a frame that took a larger repair."""
USUAL_FIT = 3.0
"""Times worse than the experts' that the shape model may fit a frame of full weight."""
SOLID, LEAST_SOLID = 0.5, 0.25
"""Weight of a frame that others can lean on, and the share of such frames that is enough."""
NO_HEART = 1000.0
"""Times worse than the experts' that an outline may be fitted to be looked at at all."""
GUESSED = 0.1
"""Weight of a heart that the shape model found behind a broken mask."""


REACHES = (12.0, 8.0, 6.0, 4.0, 4.0)
"""Distance in canonical pixels from the likely heart at which a point loses weight, by rounds."""
BLEND = 3.0
"""Points of the outline over which robust weights are smoothed."""
CLOSE = 0.5
"""Canonical pixels by which an outline may differ after it was normalised and brought back."""


@dataclass(frozen=True, slots=True)
class OutlineGrid:
    """An image's pixels, and the canonical grid over them that outlines live on.

    Attributes:
        shape: (H, W) of the image.
        spacing: (row, column) size of a pixel in mm, or None.
    """

    shape: tuple[int, int]
    spacing: Spacing | None

    @property
    def canonical(self) -> CanonicalGrid:
        """The canonical grid laid over the whole image."""
        return CanonicalGrid.fit(self.shape, self.spacing)

    @property
    def pixel_mm(self) -> float:
        """Size of a canonical pixel, in mm; in pixels of the image without spacing."""
        return self.canonical.pitch[1] * (1.0 if self.spacing is None else self.spacing[1])

    def attributes(self, values: Array) -> Array:
        """Measured attributes (T, 7) in canonical pixels and degrees."""
        scaled = values / length_powers(self.pixel_mm)
        # Counted from the corner of the image; the canonical square may begin elsewhere.
        corner = self.canonical.points_to_canonical(np.array([-0.5, -0.5])) + 0.5
        scaled[:, 5:7] += corner[::-1]
        return np.asarray(scaled)

    @property
    def native(self) -> bool:
        """Whether outlines are traced on the image's own pixels, not on the canonical grid's."""
        return is_square(self.spacing) and max(self.shape) <= LARGEST

    def draw(self, outlines: Array) -> Mask:
        """Label maps (N, H, W) of outlines (N, POINTS, 2) in canonical pixels."""
        return draw_on(self.shape, self.canonical.points_to_image(outlines))


class FittedOutlines(NamedTuple):
    """Outlines of a sequence.

    Attributes:
        outlines: (T, POINTS, 2) in canonical pixels; NaN where there is none.
        weights: (T,) weights from 0 to 1; 0 where there is no outline.
    """

    outlines: Array
    weights: Array


def fit_outlines(grid: OutlineGrid, masks: Mask, repaired: Mask, model: ArVae) -> FittedOutlines:
    """Trace the outlines of masks, and weigh them.

    A frame weighs less where its repair was large, and where the shape model fits its outline
    much worse than those of most frames. Outlines that no heart has are regularised.

    Args:
        grid: Where the masks lie.
        masks: (T, H, W) as they came.
        repaired: (T, H, W) after local repair.
        model: The shape model.
    """
    outlines = trace_outlines(grid, repaired)
    changed = np.count_nonzero(masks != repaired, axis=(1, 2))
    size = np.maximum(np.count_nonzero(repaired, axis=(1, 2)), 1)
    weights = np.where(changed <= SMALL * size, 1.0, REPAIRED)
    misfit = _misfit(outlines, model)
    found = np.isfinite(misfit)
    if found.any():
        usual = max(USUAL_FIT, float(np.quantile(misfit[found], 0.25)))
        weights[found] *= np.minimum(1.0, usual / misfit[found]) ** 2
    for t in np.flatnonzero(misfit > USUAL_FIT):
        outlines[t] = regularised(outlines[t], model)
    outlines[~found], weights[~found] = np.nan, 0.0
    if np.count_nonzero(weights >= SOLID) < LEAST_SOLID * len(weights):
        _recover(grid, repaired, outlines, weights, model)
    whole = np.isfinite(outlines).all(axis=(1, 2))
    nothing = whole & ~reconstructible(outlines)
    outlines[nothing], weights[nothing] = np.nan, 0.0
    return FittedOutlines(outlines, weights)


def _recover(grid: OutlineGrid, masks: Mask, outlines: Array, weights: Array, model: ArVae) -> None:
    """Take the heart that the shape model finds behind each mask of little weight."""
    weak = (weights < SOLID) & (masks == LV).any(axis=(1, 2))
    if not weak.any():
        return
    codes = model.encode(grid.canonical.nearest_labels(masks[weak]))
    places = np.flatnonzero(weak)[codes.found]
    if places.size:
        outlines[places] = model.outlines(codes.mean[codes.found])
        weights[places] = GUESSED


def trace_outlines(grid: OutlineGrid, masks: Mask) -> Array:
    """Outlines (T, POINTS, 2) in canonical pixels of masks (T, H, W); NaN where there is none."""
    seen = masks if grid.native else grid.canonical.nearest_labels(masks)
    outlines = np.stack([_outline(mask) for mask in seen])
    return grid.canonical.points_to_canonical(outlines) if grid.native else outlines


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


def regularised(outline: Array, model: ArVae) -> Array:
    """An outline (POINTS, 2) with the points that no heart has moved to where they should be.

    The most likely heart is found with weights that fall where a point is far from it (as in
    `cardiac.shape.prior`, but the points correspond already). The outline keeps its own
    points as far as their robust weights say.

    Args:
        outline: In canonical pixels; points that are NaN are filled in.
        model: The shape model.
    """
    prior = model.prior
    mean = prior.mean.reshape(POINTS, 2)
    seen = np.asarray(np.isfinite(outline).all(axis=1))
    target = np.where(seen[:, None], outline, mean)
    weight = seen.astype(float)
    heart, robust = mean, weight
    for reach in REACHES:
        heart = prior.most_likely(target, weight)
        off = ((target - heart) ** 2).sum(axis=1)
        robust = seen / (1 + off / reach**2) ** 2
        weight = robust
    for part in (WALL, BASE, EPI, ATRIUM):
        robust[part] = gaussian_filter1d(robust[part], BLEND, mode="nearest")
    robust[~seen] = 0.0
    return np.asarray(heart + robust[:, None] * (target - heart))


def reconstructible(outlines: Array) -> BoolArray:
    """(T,) which outlines (T, POINTS, 2) come back from their normal form, as a heart's does."""
    with np.errstate(all="ignore"):
        off = np.abs(from_normal(*to_normal(outlines)) - outlines).max(axis=(1, 2))
    return np.asarray(off < CLOSE)
