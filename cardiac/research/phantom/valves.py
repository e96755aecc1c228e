"""Mitral and tricuspid leaflets, which move faster than the walls that they hang on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_EACH = 350


class Valves:
    """Scatterers on the leaflets.

    Args:
        rng: Where the scatterers come from.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._along = rng.random(_EACH)
        self._across = rng.normal(0, 0.3, _EACH)
        phase = np.exp(2j * np.pi * rng.random(_EACH))
        self._shine = (0.42 * phase * (1 - 0.4 * self._along)).astype(np.complex64)

    def at(
        self, outlines: Mapping[str, Floats], opening: float
    ) -> tuple[Floats, npt.NDArray[np.complex64]]:
        """Positions (N, 2) in mm and complex amplitudes (N,) of the leaflets.

        Args:
            outlines: Outlines of the heart at this instant.
            opening: 0 shut to 1 wide open.
        """
        pairs = [(outlines["endo"][0], outlines["endo"][-1])]
        if "rv" in outlines:
            pairs.append((outlines["rv"][-1], outlines["rv"][0]))
        lines = []
        for left, right in pairs:
            lines += [self._leaf(left, right, opening), self._leaf(right, left, opening)]
        return np.concatenate(lines), np.tile(self._shine, len(lines))

    def _leaf(self, hinge: Floats, other: Floats, opening: float) -> Floats:
        across = other - hinge
        width = float(np.linalg.norm(across))
        across = across / width
        up = np.array([-across[1], across[0]])
        up = up if up[0] < 0 else -up
        swing = np.radians(10 + 52 * opening**0.6)
        reach = (0.52 + 0.08 * opening) * width
        tip = hinge + reach * (np.cos(swing) * across + np.sin(swing) * up)
        elbow = hinge + 0.5 * reach * (np.cos(0.7 * swing) * across + np.sin(0.3 * swing) * up)
        t = self._along[:, None]
        line = (1 - t) ** 2 * hinge + 2 * t * (1 - t) * elbow + t**2 * tip
        return np.asarray(line + self._across[:, None] * up)
