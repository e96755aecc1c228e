"""Dense motion that carries one set of outlines onto another without ever folding.

Points move along straight lines from start to end; the velocity of everything else is the
Gaussian-process mean given theirs, with a compactly supported kernel (Wendland 1995), so it
is zero far from the heart. Following a smooth velocity field through time is a
diffeomorphism; the steps are short enough that the discrete flow keeps that: its Jacobian
is positive everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.ndimage import map_coordinates
from scipy.spatial.distance import cdist

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
_STEPS = 12
_CELL = 4  # pixels of the cine to a cell of the grid that carries the motion
_RIDGE = 2e-3
_LEAST = 0.15


@dataclass(frozen=True)
class Flow:
    """Motion of a square of pixels from a start (s = 0) to an end (s = 1).

    Attributes:
        to_start: (K + 1, 2, n, n) where a point seen at s = k / K comes from, as the
            displacement in pixels on a coarse grid.
        to_end: The same for where it goes.
        size: Side of the square in pixels.
    """

    to_start: Floats32
    to_end: Floats32
    size: int

    @classmethod
    def between(cls, start: Floats, end: Floats, size: int, reach: float) -> Flow:
        """The flow that carries points ``start`` (N, 2) to ``end``.

        Args:
            start, end: Rows and columns in pixels.
            size: Side of the square in pixels.
            reach: Radius in pixels beyond which a point has no influence.
        """
        axis = _axis(size)
        grid = np.stack(np.meshgrid(axis, axis, indexing="ij")).astype(np.float64)
        ridge = _RIDGE
        while True:
            back, forth = _integrate(start, end, grid, reach, ridge)
            flow = cls(back.astype(np.float32), forth.astype(np.float32), size)
            # Outlines that contradict each other ask for a fold: believe them less, then.
            if flow.least_jacobian() >= _LEAST or ridge > 1e3:
                return flow
            ridge *= 6

    def maps(self, s: float) -> tuple[Floats32, Floats32]:
        """Where each pixel at ``s`` lies at the start and at the end: two (2, size, size)."""
        at = float(np.clip(s, 0, 1)) * _STEPS
        k = min(int(at), _STEPS - 1)
        u = np.float32(at - k)
        weights = _upsampling(self.size)
        here = np.arange(self.size, dtype=np.float32)
        both = []
        for field in (self.to_start, self.to_end):
            place = weights @ ((1 - u) * field[k] + u * field[k + 1]) @ weights.T
            place[0] += here[:, None]
            place[1] += here
            both.append(place)
        return both[0], both[1]

    def least_jacobian(self) -> float:
        """Smallest Jacobian determinant over all maps and places; positive means no folding.

        Between the points of the coarse grid the maps are bilinear, and the determinant of a
        bilinear map is least in a corner of its cell: this is the minimum, not a sample of it.
        """
        least = np.inf
        for field in (self.to_start, self.to_end):
            down = np.diff(field, axis=2) / _CELL
            right = np.diff(field, axis=3) / _CELL
            for i in (slice(None, -1), slice(1, None)):
                for j in (slice(None, -1), slice(1, None)):
                    d, r = down[:, :, :, i], right[:, :, j, :]
                    det = (1 + d[:, 0]) * (1 + r[:, 1]) - d[:, 1] * r[:, 0]
                    least = min(least, float(det.min()))
        return least


def _integrate(
    start: Floats, end: Floats, grid: Floats, reach: float, ridge: float
) -> tuple[Floats, Floats]:
    """Displacements to the start and to the end at every step, each (K + 1, 2, n, n)."""
    speed = end - start
    velocity = [
        _velocity(start + (k + 0.5) / _STEPS * speed, speed, grid, reach, ridge)
        for k in range(_STEPS)
    ]
    back, forth = [np.zeros_like(grid)], [np.zeros_like(grid)]
    for k in range(_STEPS):
        back.append(_follow(back[-1], -_trace(velocity[k], -1), grid))
        forth.append(_follow(forth[-1], _trace(velocity[-1 - k], 1), grid))
    return np.stack(back), np.stack(forth[::-1])


def _axis(size: int) -> Floats:
    """Pixel coordinates of the coarse grid, one cell beyond the square on either side."""
    return np.asarray(np.arange(-1, size // _CELL + 2) * float(_CELL), dtype=np.float64)


def _upsampling(size: int) -> Floats32:
    """(size, n) linear interpolation from the coarse grid to pixels."""
    axis = _axis(size)
    at = np.arange(size)[:, None]
    return np.asarray(np.clip(1 - np.abs(at - axis) / _CELL, 0, None), dtype=np.float32)


def _wendland(squared: Floats) -> Floats:
    """Wendland's C2 kernel of a squared distance in units of its radius."""
    r = np.sqrt(np.minimum(squared, 1))
    return np.asarray((1 - r) ** 2 * (1 - r) ** 2 * (4 * r + 1))


def _velocity(points: Floats, value: Floats, grid: Floats, reach: float, ridge: float) -> Floats:
    """Velocity (2, n, n) on the grid that is ``value`` (N, 2) at ``points`` (N, 2)."""
    places = points / reach
    gaps = cdist(places, places, "sqeuclidean")
    matrix = _wendland(gaps) + ridge * np.eye(len(points))
    weights = cho_solve(cho_factor(matrix, lower=True), value)
    kernel = _wendland(cdist(grid.reshape(2, -1).T / reach, places, "sqeuclidean"))
    return np.asarray((kernel @ weights).T.reshape(grid.shape))


def _trace(velocity: Floats, sign: int) -> Floats:
    """Displacement over one step, to second order: the velocity half-way along the step."""
    n = velocity.shape[1]
    index = np.indices((n, n), dtype=np.float64)
    half = index + sign * 0.5 / _STEPS * velocity / _CELL
    middle = [map_coordinates(v, half, order=1, mode="nearest") for v in velocity]
    return np.stack(middle) / _STEPS


def _follow(displacement: Floats, step: Floats, grid: Floats) -> Floats:
    """Displacement of the composed map: first the step, then what was there."""
    n = grid.shape[1]
    index = np.indices((n, n), dtype=np.float64) + step / _CELL
    moved = [map_coordinates(d, index, order=3, mode="nearest") for d in displacement]
    return np.asarray(np.stack(moved) + step)
