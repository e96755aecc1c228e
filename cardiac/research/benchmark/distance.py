"""Hausdorff distances of many frames: exact, and a hundred times faster than on a tensor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cardiac.geometry import Spacing

BoolArray = npt.NDArray[np.bool_]


def hausdorff_mm(a: BoolArray, b: BoolArray, spacing: Spacing) -> float | None:
    """Largest distance in mm between the surfaces of two regions (H, W); None if one is empty.

    The same number as :func:`cardiac.research.evaluation.metrics.agreement` gives.
    """
    if not a.any() or not b.any():
        return None
    first, second = (_surface(region) * np.asarray(spacing) for region in (a, b))
    there, _ = cKDTree(second).query(first)
    back, _ = cKDTree(first).query(second)
    return float(max(np.max(there), np.max(back)))


def _surface(region: BoolArray) -> npt.NDArray[np.intp]:
    """(N, 2) pixels of a region that have a neighbour outside it."""
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    top, left = rows[0], columns[0]
    box = np.pad(region[top : rows[-1] + 1, left : columns[-1] + 1], 1)
    inner = box[:-2, 1:-1] & box[2:, 1:-1] & box[1:-1, :-2] & box[1:-1, 2:]
    corner = np.array([top, left])
    return np.asarray(np.argwhere(box[1:-1, 1:-1] & ~inner) + corner)
