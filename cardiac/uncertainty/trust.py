"""What the uncertainty gives back to the masks: the weights of frames in temporal smoothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.uncertainty.calibration import ErrorLaw
from cardiac.uncertainty.result import Array, Uncertainty

LEAST_WEIGHT = 0.02


def frame_weights(uncertainty: Uncertainty, law: ErrorLaw | None = None) -> Array:
    """(T,) weights in (0, 1]: inverse variance of each frame's error, typical frames at 1.

    Typical is the sequence's own median: weights tell frames of one sequence apart, and a
    sequence that is as uncertain everywhere is smoothed as any other.

    Args:
        uncertainty: Of the sequence.
        law: How errors grow with the score; variance in proportion to the score by default.
    """
    scores = np.maximum(uncertainty.scores, 1e-6)
    typical = float(np.median(scores))
    power = law.power if law is not None else 0.5
    return _clipped((typical / scores) ** (2 * power))


def _clipped(weights: npt.NDArray[np.float64]) -> Array:
    return np.asarray(np.clip(weights, LEAST_WEIGHT, 1.0))
