"""How far a mask is from the truth: overlap and surface distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.overlap import dice
from cardiac.errors import GeometryError
from cardiac.geometry import Spacing


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of one structure in one frame.

    Attributes:
        dice: 2 |A ∩ B| / (|A| + |B|); None where both are empty.
        hausdorff_mm: Largest distance between the surfaces; None where either is empty
            or the pixel size is unknown.
        surface_mm: Mean distance between the surfaces, both ways; None likewise.
    """

    dice: float | None
    hausdorff_mm: float | None
    surface_mm: float | None


def agreement(
    predicted: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_], spacing: Spacing | None
) -> Agreement:
    """Compare two binary masks (H, W).

    Args:
        predicted: One mask.
        truth: The other.
        spacing: (row, column) in mm, or None.

    Raises:
        GeometryError: The masks differ in shape.
    """
    if predicted.shape != truth.shape:
        raise GeometryError(f"masks of {predicted.shape} and {truth.shape} cannot be compared")
    overlap = dice(predicted, truth)
    if spacing is None or not predicted.any() or not truth.any():
        return Agreement(overlap, None, None)
    import torch
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

    # Both lie within this box, and distances are between their surfaces: the rest is empty.
    rows, columns = np.nonzero(predicted | truth)
    box = (
        slice(max(rows.min() - 1, 0), rows.max() + 2),
        slice(max(columns.min() - 1, 0), columns.max() + 2),
    )
    a, b = (
        torch.from_numpy(np.ascontiguousarray(m[box]))[None, None].float()
        for m in (predicted, truth)
    )
    millimetres = list(spacing)
    farthest = compute_hausdorff_distance(a, b, include_background=True, spacing=millimetres)
    mean = compute_average_surface_distance(
        a, b, include_background=True, symmetric=True, spacing=millimetres
    )
    return Agreement(overlap, float(farthest), float(mean))
