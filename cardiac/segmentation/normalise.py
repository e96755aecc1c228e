"""Normalisation of grey levels: mean 0 and deviation 1 over what lies inside the sector.

One rule for every network of this package: at work the levels are those of the whole cine, so
that a frame keeps its brightness among others; in training and in the small networks of the
uncertainty each image has its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cardiac.errors import InvalidPixelsError
from cardiac.types import Array32, ByteArray

if TYPE_CHECKING:
    from torch import Tensor

WHITE = 255.0
"""Largest grey level."""
BLACK = 1.0
"""Grey level up to which a pixel counts as outside the sector."""
VARIANCE_FLOOR = 1e-4 * WHITE**2
"""Added to the variance, so that an even image does not become noise."""


def sector_levels(images: ByteArray, source: Path | None = None) -> tuple[float, float]:
    """Mean and deviation of the pixels inside the sector over all images of any shape.

    Args:
        images: Grey levels.
        source: The file they are from, to be named in an error.

    Raises:
        InvalidPixelsError: There are fewer than two grey levels.
    """
    counts = np.bincount(images.ravel(), minlength=256).astype(np.float64)
    counts[: int(BLACK) + 1] = 0
    if np.count_nonzero(counts) < 2:
        raise InvalidPixelsError(
            "the image is black or constant",
            path=source,
            hint="Check that the file holds an ultrasound image.",
        )
    levels = np.arange(256)
    mean = float((counts * levels).sum() / counts.sum())
    variance = float((counts * (levels - mean) ** 2).sum() / counts.sum())
    return mean, float(np.sqrt(variance + VARIANCE_FLOOR))


def network_inputs(images: ByteArray, levels: tuple[float, float]) -> Array32:
    """Inputs (T, 1, S, S) of the segmentation network.

    Args:
        images: (T, S, S) grey levels on the canonical grid.
        levels: Mean and deviation; see `sector_levels`.
    """
    x = images[:, None].astype(np.float32)
    x -= np.float32(levels[0])
    x /= np.float32(levels[1])
    return x


def normalise_each(images: Tensor, white: float = WHITE, *, blank: bool = False) -> Tensor:
    """Images (N, 1, h, w) from 0 to ``white``, each normalised by its own levels.

    Args:
        images: Grey levels.
        white: The largest.
        blank: Whether what lies outside the sector becomes 0.
    """
    values = images.float()
    inside = (values > BLACK / WHITE * white).float()
    count = inside.sum((2, 3), keepdim=True).clamp(min=1)
    mean = (values * inside).sum((2, 3), keepdim=True) / count
    variance = ((values - mean).square() * inside).sum((2, 3), keepdim=True) / count
    result = (values - mean) / (variance + VARIANCE_FLOOR * (white / WHITE) ** 2).sqrt()
    return result * inside if blank else result
