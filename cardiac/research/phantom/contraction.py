"""How far a parametric heart contracts for its ejection fraction, and what moves with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator

from cardiac.research.phantom.heart import Heart
from cardiac.research.phantom.truth import volume_ml

Floats = npt.NDArray[np.float64]
_KNOTS = 6


@dataclass(frozen=True)
class Contraction:
    """A heart and the contraction that gives it its ejection fraction."""

    heart: Heart
    right_heart: bool
    knots: Floats
    emptied: Floats

    @classmethod
    def solve(cls, heart: Heart, ef: float, right_heart: bool) -> Contraction:
        """Contract a heart until its volume has fallen by ``ef`` percent."""
        trial = np.linspace(0, 2.0, 41)
        volume = np.array([volume_ml(heart.contours(g, False)["endo"]) for g in trial])
        emptied = 1 - volume / volume[0]
        end = float(np.interp(ef / 100, emptied, trial))
        knots = np.linspace(0, end, 33)
        volume = np.array([volume_ml(heart.contours(g, False)["endo"]) for g in knots])
        return cls(heart, right_heart, knots, (volume[0] - volume) / (volume[0] - volume[-1]))

    def degree(self, emptying: Floats) -> Floats:
        """Contraction g at each share of the stroke volume."""
        return np.asarray(np.interp(emptying, self.emptied, self.knots))

    def outlines(self, g: float) -> dict[str, Floats]:
        """Outlines of the heart at contraction ``g``, each (N, 2) in mm."""
        return self.heart.contours(g, self.right_heart)

    def carry(self, points: Floats, depth: float) -> Tissue:
        """Tie tissue points (N, 2) in mm to the heart in a sector ``depth`` mm deep.

        A thin-plate spline through the outlines moves the tissue; a ring of fixed points
        around the sector holds the rest.
        """
        g = np.linspace(0, self.knots[-1], _KNOTS)
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([0.55 - 0.75 * np.cos(turn), 0.85 * np.sin(turn)], axis=1) * depth

        def control(value: float) -> Floats:
            out = self.outlines(value)
            lines = [line[::8] if name != "ra" else line[5:-5:8] for name, line in out.items()]
            return np.concatenate(lines)

        start = control(0.0)
        moves = np.stack([control(value) - start for value in g], axis=1)
        fixed = np.zeros((len(ring), _KNOTS, 2))
        values = np.concatenate([moves, fixed]).reshape(len(start) + len(ring), -1)
        spline = RBFInterpolator(
            np.concatenate([start, ring]), values, smoothing=1e-2, kernel="thin_plate_spline"
        )
        moved = spline(points).reshape(len(points), _KNOTS, 2).transpose(1, 0, 2)
        return Tissue(g, points + moved)


@dataclass(frozen=True)
class Tissue:
    """Points of tissue that follow the heart.

    Attributes:
        knots: (K,) degrees of contraction.
        paths: (K, N, 2) positions in mm at them.
    """

    knots: Floats
    paths: Floats

    def at(self, g: float) -> Floats:
        """Positions (N, 2) in mm at contraction ``g``."""
        k = int(np.clip(np.searchsorted(self.knots, g) - 1, 0, len(self.knots) - 2))
        share = (g - self.knots[k]) / (self.knots[k + 1] - self.knots[k])
        return np.asarray(self.paths[k] * (1 - share) + self.paths[k + 1] * share)
