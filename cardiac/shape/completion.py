"""What a mask does not show, guessed from what it does: a missing wall or atrium.

Probabilistic principal components of outlines in the frame of the cavity: the points that are
there give the most likely combination, which gives the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiac.anatomy.outlines import mixed_area
from cardiac.shape.outline import BASE, MARKS, WALL
from cardiac.types import Array

COMPONENTS = 24
LEAST_NOISE = 0.02
"""Of a point, ÷ root of the cavity's area: landmarks are less sure where a structure is absent."""


@dataclass(frozen=True, eq=False, slots=True)
class Completion:
    """Mean and principal components of outlines in the frame of the cavity.

    Attributes:
        mean: (2 POINTS,).
        components: (k, 2 POINTS), each as long as its standard deviation.
        noise: Standard deviation of what the components leave.
    """

    mean: Array
    components: Array
    noise: float

    def complete(self, outlines: Array) -> Array:
        """Outlines (N, POINTS, 2) with the points that are NaN filled in."""
        result = outlines.copy()
        for index in np.flatnonzero(np.isnan(outlines).any(axis=(1, 2))):
            result[index] = self._one(outlines[index])
        return result

    def _one(self, points: Array) -> Array:
        origin, turn, scale = _cavity_frame(points)
        seen = ((points - origin) @ turn / scale).ravel()
        known = np.isfinite(seen)
        basis = self.components[:, known]
        normal = basis @ basis.T + self.noise**2 * np.eye(len(basis))
        weights = np.linalg.solve(normal, basis @ (seen - self.mean)[known])
        whole = np.where(known, seen, self.mean + weights @ self.components)
        filled = whole.reshape(-1, 2) @ turn.T * scale + origin
        return np.asarray(np.where(np.isnan(points), filled, points))


def fit_completion(outlines: Array) -> Completion:
    """Components of whole outlines (n, POINTS, 2)."""
    framed = []
    for points in outlines:
        origin, turn, scale = _cavity_frame(points)
        framed.append(((points - origin) @ turn / scale).ravel())
    data = np.stack(framed)
    mean = data.mean(axis=0)
    _, spread, axes = np.linalg.svd(data - mean, full_matrices=False)
    spread /= np.sqrt(max(1, len(data) - 1))
    k = min(COMPONENTS, len(spread) - 1)
    rest = max(np.sqrt((spread[k:] ** 2).sum() / data.shape[1]), LEAST_NOISE)
    return Completion(mean, spread[:k, None] * axes[:k], float(rest))


def _cavity_frame(points: Array) -> tuple[Array, Array, float]:
    """Origin, rotation (2, 2) and size of the cavity: annulus middle, long axis, root of area."""
    left, right, apex = points[MARKS]
    middle = (left + right) / 2
    up = (apex - middle) / max(float(np.hypot(*(apex - middle))), 1e-9)
    ring = points[np.r_[WALL, BASE]]
    area = abs(float(mixed_area(ring[:, 1], ring[:, 0])))
    return middle, np.stack([up, [up[1], -up[0]]], axis=1), float(np.sqrt(max(area, 1.0)))
