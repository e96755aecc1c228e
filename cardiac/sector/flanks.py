"""First guesses of a sector's apex, from the flanks of what looks like an echo."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.sector.evidence import Evidence

Floats = npt.NDArray[np.float64]
_TRIES = 80
_NEAR = 1.5
"""Pixels from a line within which a point counts for it."""


def first_apexes(e: Evidence) -> list[tuple[float, float]]:
    """Where the lines along the left and the right flank meet, after two plain guesses."""
    part = e.echo[e.box.slices]
    height, width = part.shape
    rows = np.flatnonzero(part.any(axis=1))
    middle = float(np.nonzero(part)[1].mean()) + e.box.left
    guesses = [(e.box.top - 0.02 * height, middle), (e.box.top - 0.4 * height, middle)]
    left = part.argmax(axis=1)[rows].astype(float)
    right = width - part[:, ::-1].argmax(axis=1)[rows].astype(float)
    # Where a frame cuts the sector there is no flank.
    lines = []
    for flank, free in ((left, left > 2), (right, right < width - 2)):
        usable = free & (rows > 0.06 * height)
        lines.append(_robust_line(rows[usable].astype(float), flank[usable]))
    first, second = lines
    if first is None or second is None:
        return guesses
    (a, b), (c, d) = first, second
    if c - a < 0.2:
        return guesses
    row = float(np.clip((b - d) / (c - a), -2.0 * height, 0.5 * height))
    return [*guesses, (row + e.box.top, a * row + b + e.box.left)]


def _robust_line(x: Floats, y: Floats) -> tuple[float, float] | None:
    """Slope and intercept of the line through most points (Fischler and Bolles 1981)."""
    if len(x) < 8:
        return None
    rng = np.random.default_rng(0)
    i, j = rng.integers(0, len(x), (2, _TRIES))
    apart = np.abs(x[i] - x[j]) > 0.15 * (x[-1] - x[0])
    if not apart.any():
        return None
    i, j = i[apart], j[apart]
    slope = (y[j] - y[i]) / (x[j] - x[i])
    intercept = y[i] - slope * x[i]
    near = np.abs(slope[:, None] * x + intercept[:, None] - y) < _NEAR
    chosen = near[int(near.sum(axis=1).argmax())]
    if chosen.sum() < 4:
        return None
    fitted = np.polyfit(x[chosen], y[chosen], 1)
    return float(fitted[0]), float(fitted[1])
