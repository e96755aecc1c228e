"""Outlines made those of a heart where they are not, and left alone where they are."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from cardiac.shape.arvae import ArVae
from cardiac.shape.normal import from_normal, to_normal
from cardiac.shape.outline import ATRIUM, BASE, EPI, POINTS, WALL
from cardiac.types import Array, BoolArray

REACHES = (12.0, 8.0, 6.0, 4.0, 4.0)
"""Distance in canonical pixels from the likely heart up to which a point is believed, by rounds."""
BLEND = 3.0
"""Points of the outline over which belief is spread."""
CLOSE = 0.5
"""Canonical pixels by which an outline may differ after it was normalised and brought back."""


def likely(outline: Array, model: ArVae) -> Array:
    """An outline (POINTS, 2) with the points that no heart has moved to where they should be.

    The most likely heart is found with weights that fall where a point is far from it (as in
    `cardiac.shape.prior`, but the points correspond already). The outline keeps its own
    points as far as they are believed.

    Args:
        outline: In canonical pixels; points that are NaN are filled in.
        model: Knows hearts.
    """
    prior = model.prior
    mean = prior.mean.reshape(POINTS, 2)
    seen = np.asarray(np.isfinite(outline).all(axis=1))
    target = np.where(seen[:, None], outline, mean)
    weight = seen.astype(float)
    heart, belief = mean, weight
    for reach in REACHES:
        heart = prior.most_likely(target, weight)
        off = ((target - heart) ** 2).sum(axis=1)
        belief = seen / (1 + off / reach**2) ** 2
        weight = belief
    for part in (WALL, BASE, EPI, ATRIUM):
        belief[part] = gaussian_filter1d(belief[part], BLEND, mode="nearest")
    belief[~seen] = 0.0
    return np.asarray(heart + belief[:, None] * (target - heart))


def drawable(outlines: Array) -> BoolArray:
    """(T,) which outlines (T, POINTS, 2) come back from their normal form, as a heart's does."""
    with np.errstate(all="ignore"):
        off = np.abs(from_normal(*to_normal(outlines)) - outlines).max(axis=(1, 2))
    return np.asarray(off < CLOSE)
