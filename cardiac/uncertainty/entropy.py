"""Entropy of the network's probabilities, and of the mean of several answers."""

from __future__ import annotations

import numpy as np

from cardiac.geometry import FloatArray
from cardiac.uncertainty.evidence import Evidence

_LEAST = 1e-7


def entropy(probabilities: FloatArray) -> FloatArray:
    """(T, h, w) entropy of probabilities (T, C, h, w) ÷ ln C: 0 is sure, 1 knows nothing."""
    p = np.maximum(probabilities, _LEAST)
    total = -(p * np.log(p)).sum(axis=1) / np.log(p.shape[1])
    return np.asarray(np.clip(total, 0, 1), dtype=np.float32)


def entropy_map(evidence: Evidence) -> FloatArray:
    """(T, h, w) entropy of the network's own probabilities."""
    return evidence.moved(entropy(evidence.probabilities))
