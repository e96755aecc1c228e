"""Smoothing of trajectories as published: descent on a penalised sum, bisection on its weight.

    min_x  Σ (x_t − y_t)² + λ Σ (x_t − (x_{t−1} + x_{t+1}) / 2)²

with the smallest λ of a bisection that keeps every second difference within its bound. Written
from the description in Painchaud et al., IEEE TMI 41(10), 2022; this project's own
correction solves the constrained problem exactly instead (`cardiac.temporal.smoothing`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.research.benchmark.settings import LagrangianSettings

Array = npt.NDArray[np.float64]
_STILL = 1e-5
"""Step, in standard deviations of a code, below which the descent has arrived."""


def smooth_trajectories(codes: Array, bound: Array, settings: LagrangianSettings) -> Array:
    """Trajectories (T, D) that bend no more than their bound, as far as the weight suffices.

    Args:
        codes: (T, D), a column each dimension.
        bound: (D,) on |x_t − (x_{t−1} + x_{t+1}) / 2|; a column that keeps it comes back as it is.
        settings: Range and steps of the bisection, and length of the descent.
    """
    smooth = codes.copy()
    broken = np.flatnonzero(~_within(codes, bound))
    if not broken.size:
        return smooth
    y, limit = codes[:, broken], bound[broken]
    low, high = np.zeros(broken.size), np.full(broken.size, settings.most)
    for _ in range(settings.bisections):
        middle = (low + high) / 2
        kept = _within(descend(y, middle, settings.iterations), limit)
        low, high = np.where(kept, low, middle), np.where(kept, middle, high)
    smooth[:, broken] = descend(y, high, settings.iterations)
    return smooth


def descend(y: Array, weight: Array, iterations: int) -> Array:
    """Gradient descent (T, D) on the sum above from y (T, D), with a weight (D,) each column."""
    x = y.copy()
    # The Hessian is at most 2 (1 + 4 λ): the longest step that never overshoots.
    step = 1 / (1 + 4 * weight)
    for _ in range(iterations):
        pull = np.zeros_like(x)
        bend = weight * _bends(x)
        pull[1:-1] += bend
        pull[:-2] -= bend / 2
        pull[2:] -= bend / 2
        move = step * (x - y + pull)
        x -= move
        if np.abs(move).max() < _STILL:
            break
    return x


def _bends(x: Array) -> Array:
    return np.asarray(x[1:-1] - (x[:-2] + x[2:]) / 2)


def _within(x: Array, bound: Array) -> npt.NDArray[np.bool_]:
    """(D,) whether every second difference of a column keeps its bound."""
    return np.asarray((np.abs(_bends(x)) <= bound).all(axis=0))
