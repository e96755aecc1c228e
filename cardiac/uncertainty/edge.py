"""Boundary uncertainty: a label is doubtful as far as an outline may be misplaced.

Where an outline is off by a normal error of deviation σ, a pixel at distance d from it has the
wrong label with probability Φ(−d / σ): one half on the outline, nothing far away.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage, special

from cardiac.geometry import FloatArray, Mask
from cardiac.uncertainty.evidence import Evidence

SIGMA = 1.5
"""Deviation of the outlines in samples, tuned on held-out training patients."""


def edge_map(evidence: Evidence, sigma: float = SIGMA) -> FloatArray:
    """(T, h, w) probability that a misplaced outline mislabels a pixel."""
    planes = np.zeros(evidence.labels.shape, dtype=np.float32)
    for plane, labels in zip(planes, evidence.labels, strict=True):
        rim = _rim(labels)
        if rim.any():
            distance = np.asarray(ndimage.distance_transform_edt(~rim))
            plane[:] = special.ndtr(-(distance + 0.5) / sigma)
    return planes


def _rim(labels: Mask) -> np.ndarray:
    """Pixels with a 4-neighbour of another label."""
    rim = np.zeros(labels.shape, dtype=bool)
    for axis in (0, 1):
        ahead = np.diff(labels.astype(np.int8), axis=axis) != 0
        first = [slice(None), slice(None)]
        first[axis] = slice(None, -1)
        rim[tuple(first)] |= ahead
        first[axis] = slice(1, None)
        rim[tuple(first)] |= ahead
    return rim
