"""The sector of largest weight on a map of weights.

For a given apex that is the rectangle of largest sum in polar coordinates, which is found
exactly (for every pair of angles the best run of radii, after Kadane and Bentley 1984), so that
only the apex is searched for. Dark corners, walls that the gain loses and text that touches an
edge move such a sum little, where they would move a fitted line much.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Point = tuple[float, float]
_BINS = 32
_LEAST_BINS = 4
_BEHIND = 1.45
"""Angle in radians from straight down beyond which nothing belongs to a sector."""


@dataclass(frozen=True, slots=True)
class PolarSector:
    """A sector about an apex (row, column), with edges in radians and radii in pixels."""

    apex: Point
    edges: tuple[float, float]
    radii: tuple[float, float]
    weight: float


class SectorSearch:
    """Looks for the sector of largest weight.

    Args:
        weights: (h, w) float32: how much each pixel speaks for the sector; 0 does not count.
        step: Pixels of the map a pixel of the caller's coordinates spans, at least 1: the map
            is made that much smaller first.
    """

    def __init__(self, weights: Floats, step: int = 1) -> None:
        height, width = (n // step * step for n in weights.shape)
        blocks = weights[:height, :width].reshape(height // step, step, width // step, step)
        coarse = blocks.mean(axis=(1, 3)) if step > 1 else weights
        rows, columns = np.nonzero(coarse)
        self.values = np.ascontiguousarray(coarse[rows, columns], dtype=np.float64)
        middle = (step - 1) / 2
        self._rows = (rows * step + middle).astype(np.float32)
        self._columns = (columns * step + middle).astype(np.float32)
        self._step = step
        low, high = np.triu_indices(_BINS + 1, _LEAST_BINS)
        self._low, self._high = low, high

    def polar(self, apex: Point) -> tuple[Floats, Floats]:
        """Distance from an apex, and angle from straight down, of every pixel that counts."""
        down = self._rows - np.float32(apex[0])
        right = self._columns - np.float32(apex[1])
        span, angle = cv2.cartToPolar(down, right)
        span, angle = span.reshape(-1), angle.reshape(-1)
        angle[angle > np.pi] -= np.float32(2 * np.pi)
        return span, angle

    def best(self, apex: Point) -> PolarSector:
        """The best sector about an apex."""
        span, angle = self.polar(apex)
        ahead = np.abs(angle) < _BEHIND
        span, angle, values = span[ahead], angle[ahead], self.values[ahead]
        if not len(values):
            return PolarSector(apex, (0, 0), (0, 0), -np.inf)
        n = _BINS
        first, last = float(angle.min()), float(angle.max()) + 1e-5
        near, far = float(span.min()), float(span.max()) + 1e-3
        turn, rise = (last - first) / n, (far - near) / n
        index = ((angle - first) / np.float32(turn)).astype(np.int32) * n
        index += ((span - near) / np.float32(rise)).astype(np.int32)
        np.clip(index, 0, n * n - 1, out=index)
        table = np.bincount(index, values, n * n).reshape(n, n)
        over = np.zeros((n + 1, n + 1))
        over[1:, 1:] = table.cumsum(axis=0).cumsum(axis=1)
        total = over[self._high] - over[self._low]
        gain = total - np.minimum.accumulate(total, axis=1)
        pair, outer = divmod(int(gain.argmax()), n + 1)
        inner = int(total[pair, : outer + 1].argmin())
        left, right = first + self._low[pair] * turn, first + self._high[pair] * turn
        radii = (near + inner * rise, near + outer * rise)
        return PolarSector(apex, (float(left), float(right)), radii, float(gain[pair, outer]))

    def climb(self, apex: Point, steps: tuple[float, ...]) -> PolarSector:
        """The best sector near an apex, by steps in pixels that get smaller."""
        best = self.best(apex)
        for step in steps:
            for _ in range(4):
                here = best.apex
                for down, right in ((-step, 0), (step, 0), (0, -step), (0, step)):
                    tried = self.best((here[0] + down, here[1] + right))
                    if tried.weight > best.weight:
                        best = tried
                if best.apex == here:
                    break
        return best

    def refined(self, sector: PolarSector) -> PolarSector:
        """The same apex, with edges and radii to a pixel of the map."""
        span, angle = self.polar(sector.apex)
        ahead = np.abs(angle) < _BEHIND
        span, angle, values = span[ahead], angle[ahead], self.values[ahead]
        (left, right), (near, far) = sector.edges, sector.radii
        for _ in range(2):
            inside = (span >= near) & (span <= far)
            left, right = _interval(angle[inside], values[inside], self._step / far, (left, right))
            inside = (angle >= left) & (angle <= right)
            near, far = _interval(span[inside], values[inside], self._step, (near, far))
        return PolarSector(sector.apex, (left, right), (near, far), sector.weight)


def _interval(
    position: Floats,
    values: npt.NDArray[np.float64],
    step: float,
    otherwise: tuple[float, float],
) -> tuple[float, float]:
    """Ends of the interval of largest weight along one coordinate."""
    if not position.size:
        return otherwise
    first = float(position.min())
    index = ((position - first) / step).astype(np.int32)
    total = np.concatenate([[0.0], np.cumsum(np.bincount(index, values))])
    gain = total - np.minimum.accumulate(total)
    outer = int(gain.argmax())
    inner = int(total[: outer + 1].argmin())
    return (first + inner * step, first + outer * step) if outer > inner else otherwise
