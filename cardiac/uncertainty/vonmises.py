"""Weights of the bank's codes for one image: a von Mises–Fisher kernel on the sphere.

Source: T. Judge et al., "CRISP: Reliable uncertainty estimation for medical image segmentation",
MICCAI 2022; concentration after Banerjee et al., JMLR 6, 2005; bandwidth after García-Portugués,
Electronic Journal of Statistics 7, 2013.
"""

from __future__ import annotations

import numpy as np

from cardiac.geometry import FloatArray


def concentration(codes: FloatArray) -> float:
    """κ of a von Mises–Fisher distribution fitted to unit codes (M, p)."""
    dimensions = codes.shape[1]
    length = float(np.linalg.norm(codes.astype(float).mean(axis=0)))
    length = min(max(length, 1e-3), 1 - 1e-6)
    return float(length * (dimensions - length**2) / (1 - length**2))


def bandwidth(codes: FloatArray) -> float:
    """Width h of the kernel by the rule of thumb κ^(−1/2) (40 √π M)^(−1/5)."""
    return float(concentration(codes) ** -0.5 * (40 * np.sqrt(np.pi) * len(codes)) ** -0.2)


def kernel(cosine: FloatArray, width: float, nearest: int) -> FloatArray:
    """Weights (T, M) that sum to one, exp((cos − 1) / h) for the nearest codes, 0 for the others.

    Args:
        cosine: (T, M) between images and codes.
        width: h.
        nearest: How many codes of each image count.
    """
    count = min(nearest, cosine.shape[1])
    least = np.partition(cosine, -count, axis=1)[:, -count:].min(axis=1, keepdims=True)
    # Against the nearest code, so that a far image does not divide by zero.
    weights = np.exp((cosine - cosine.max(axis=1, keepdims=True)) / width)
    weights = np.where(cosine >= least, weights, 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
