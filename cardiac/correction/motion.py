"""Robust smoothing of points over time (Whittaker), where some are wrong at some times."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from cardiac.types import Array

REACHES = (16.0, 8.0, 5.0, 3.5, 2.5, 2.5)
"""Distance in canonical pixels from the motion at which a point loses weight, by rounds."""
SMOOTHNESS = 0.15
"""λ at 50 frames a second."""
TIE = 1e-4
"""Weight of first differences: what holds a gap at the end of a sequence in place."""


def fit_motion(places: Array, weights: Array, smoothness: float) -> tuple[Array, Array]:
    """Smooth motion (T, P, 2) of points and the robust weight (T, P) of each.

    Whittaker smoothing (Eilers, Analytical Chemistry 75(14), 2003) with weights that fall where
    a point is far from the motion of its neighbours in time; far means ever less, as in
    graduated non-convexity.

    Args:
        places: (T, P, 2); NaN where a point was not seen.
        weights: (T, P) to begin with; 0 where there is nothing.
        smoothness: Weight of the squared second differences.
    """
    seen = np.asarray(np.isfinite(places).all(axis=2))
    start = weights * seen
    values = np.where(seen[..., None], places, 0.0)
    weight = start
    motion = whittaker(values, weight, max(smoothness, 1.0))
    for reach in REACHES:
        off = np.hypot(*np.moveaxis(values - motion, -1, 0))
        weight = start / (1 + (off / reach) ** 2) ** 2
        motion = whittaker(values, weight, smoothness)
    return motion, np.divide(weight, start, out=np.zeros_like(weight), where=start > 0)


def whittaker(values: Array, weight: Array, smoothness: float) -> Array:
    """Minimiser x (T, P, 2) of Σ w |x − y|² + λ Σ |Δ²x|², every point by itself.

    Args:
        values: (T, P, 2) y.
        weight: (T, P).
        smoothness: λ.
    """
    frames, points = weight.shape
    if frames < 3:
        smoothness = 0.0
    # The points one after another are one banded system that falls apart into theirs.
    bands = np.zeros((3, points, frames))
    for order, factor in ((1, TIE), (2, smoothness)):
        for offset, band in enumerate(_penalty(frames, order)):
            bands[offset, :, : frames - offset] += factor * band
    bands[0] += np.maximum(weight.T, 1e-9)
    right = (weight[..., None] * values).transpose(1, 0, 2).reshape(points * frames, 2)
    solved = solveh_banded(bands.reshape(3, -1), right, lower=True, check_finite=False)
    return np.asarray(solved.reshape(points, frames, 2).transpose(1, 0, 2))


def _penalty(frames: int, order: int) -> list[Array]:
    """Bands of the Gram matrix of differences of an order, the main one first."""
    stencil = np.diff(np.eye(order + 1), order, axis=0)[0]
    rows = max(frames - order, 0)
    bands = [np.zeros(frames - offset) for offset in range(min(3, frames))]
    for offset, band in enumerate(bands):
        for k in range(order + 1 - offset):
            band[k : k + rows] += stencil[k] * stencil[k + offset]
    return bands


def smoothness_at(frame_interval_s: float | None) -> float:
    """λ of the motion at a frame interval: the same time constant whatever the frame rate."""
    interval = 0.020 if frame_interval_s is None else frame_interval_s
    return SMOOTHNESS * (0.020 / interval) ** 4
