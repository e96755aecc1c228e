"""CRISP: what the masks of training patients say that belong to images like this one.

Source: T. Judge et al., "CRISP: Reliable uncertainty estimation for medical image segmentation",
MICCAI 2022. Unlike the authors' code the map has an absolute scale, the concentration of the
sphere is the published one, and an image far from the whole bank is said to be.
"""

from __future__ import annotations

import numpy as np

from cardiac.geometry import FloatArray, Mask
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.evidence import Evidence
from cardiac.uncertainty.result import Familiarity


def disagreement(evidence: Evidence, shares: FloatArray) -> FloatArray:
    """(T, h, w) weighted share of the nearest masks that have another label than the written one.

    Args:
        evidence: The sequence.
        shares: (T, 4, s, s) of each label, see `Bank.shares`.
    """
    return np.asarray(np.clip(1 - shares_of(shares, evidence.labels), 0, 1), dtype=np.float32)


def shares_of(shares: FloatArray, labels: Mask) -> FloatArray:
    """(T, h, w) share that the label of each pixel has in shares (T, 4, s, s) around it."""
    count, side, coarse = len(labels), labels.shape[-1], shares.shape[-1]
    place = np.arange(side) * coarse // side
    cell = (place[:, None] * coarse + place).astype(np.int32)
    index = labels.astype(np.int32) * np.int32(coarse**2) + cell
    chosen = np.take_along_axis(shares.reshape(count, -1), index.reshape(count, -1), axis=1)
    return chosen.reshape(labels.shape)


def familiarity(
    cosine: FloatArray, strangeness: FloatArray, calibration: Calibration, nearest: int
) -> Familiarity:
    """Which frames are out of the bank.

    Args:
        cosine: (T, M) between the images and the bank.
        strangeness: (T,) probability of being no apical echo.
        calibration: Holds the bounds.
        nearest: How many of the bank's masks count.
    """
    count = min(nearest, cosine.shape[1])
    mean = np.partition(cosine, -count, axis=1)[:, -count:].mean(axis=1)
    out = (strangeness > calibration.strangest) | (mean < calibration.least_cosine)
    return Familiarity(mean.astype(float), strangeness.astype(float), np.asarray(out))
