"""What the uncertainty gives back to the masks: the weights of frames in temporal smoothing."""

from __future__ import annotations

import numpy as np

from cardiac.uncertainty.result import Array, Uncertainty

LEAST_WEIGHT = 0.02


def frame_weights(uncertainty: Uncertainty) -> Array:
    """(T,) weights in (0, 1]: inverse variance of each frame's error, typical frames at 1.

    The variance is taken to grow in proportion to the score. Typical is the sequence's own
    median: weights tell frames of one sequence apart, and a sequence that is as uncertain
    everywhere is smoothed as any other.

    Args:
        uncertainty: Of the sequence.
    """
    scores = np.maximum(uncertainty.scores, 1e-6)
    typical = float(np.median(scores))
    return np.asarray(np.clip(typical / scores, LEAST_WEIGHT, 1.0))
