"""Discs, axes and areas of many outlines at once, as the clinical indices are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiac.anatomy.outlines import polygon_area
from cardiac.shape.outline import ATRIUM, BASE, EPI, MARKS, WALL
from cardiac.types import Array

DISCS = 20


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """Measurements of N outlines, in the unit of their coordinates; NaN where one failed.

    Attributes:
        diameters, la_diameters: (N, 20) of the discs of ventricle and atrium.
        length, la_length: (N,) long axes.
        area, wall, la_area: (N,) of ventricle, myocardium and atrium.
    """

    diameters: Array
    length: Array
    area: Array
    wall: Array
    la_diameters: Array
    la_length: Array
    la_area: Array

    @property
    def volume(self) -> Array:
        """(N,) of the ventricle by circular discs."""
        return volume(self.diameters, self.length)

    @property
    def la_volume(self) -> Array:
        """(N,) of the atrium by circular discs."""
        return volume(self.la_diameters, self.la_length)


def measure_outlines(points: Array) -> Drawn:
    """Measure outlines (N, POINTS, 2) of row and column."""
    left, right, apex = np.moveaxis(points[:, MARKS], 1, 0)
    middle = (left + right) / 2
    cavity = points[:, np.r_[WALL, BASE]]
    epi = points[:, np.r_[EPI, BASE]]
    atrium = points[:, ATRIUM]
    away = np.linalg.norm(atrium - middle[:, None], axis=2)
    roof = atrium[np.arange(len(points)), away.argmax(axis=1)]
    diameters, length = _discs(cavity, middle, apex)
    la_diameters, la_length = _discs(atrium, middle, roof)
    area, whole, la_area = (_positive(polygon_area(ring)) for ring in (cavity, epi, atrium))
    return Drawn(diameters, length, area, _positive(whole - area), la_diameters, la_length, la_area)


def volume(diameters: Array, length: Array, other: Array | None = None) -> Array:
    """(N,) π/4 Σ a b · L/20 of discs (N, 20); circles where the other view's are not given."""
    product = diameters * (diameters if other is None else other)
    return np.asarray(np.pi / 4 * product.sum(axis=1) * length / DISCS)


def _discs(rings: Array, middle: Array, tip: Array) -> tuple[Array, Array]:
    """Widths (N, 20) across the axis from ``middle`` to ``tip``, and its length (N,)."""
    axis = tip - middle
    length = _positive(np.linalg.norm(axis, axis=1))
    up = axis / length[:, None]
    offset = rings - middle[:, None]
    s = (offset * up[:, None]).sum(axis=2)
    n = offset[..., 1] * up[:, None, 0] - offset[..., 0] * up[:, None, 1]
    s2, n2 = np.roll(s, -1, axis=1), np.roll(n, -1, axis=1)
    heights = (np.arange(DISCS) + 0.5) / DISCS * length[:, None]
    level = heights[:, None, :]
    crosses = (s[..., None] > level) != (s2[..., None] > level)
    rise = np.where(s2 == s, 1.0, s2 - s)[..., None]
    at = n[..., None] + (level - s[..., None]) / rise * (n2 - n)[..., None]
    high = np.where(crosses, at, -np.inf).max(axis=1)
    low = np.where(crosses, at, np.inf).min(axis=1)
    # A disc that no side crosses lies beyond the outline, and has no width.
    return np.where(np.isfinite(high - low), high - low, 0.0), length


def _positive(values: Array) -> Array:
    return np.where(values > 1e-6, values, np.nan)
