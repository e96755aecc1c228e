"""A small network in plain arrays: what is trained with torch is used without it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cardiac.types import Array


def apply(weights: Mapping[str, npt.NDArray[np.generic]], name: str, x: Array) -> Array:
    """Linear part plus three layers with SiLU between them, as `cardiac.shape.network` has them.

    Args:
        weights: Arrays by name.
        name: First part of their names.
        x: (N, in).

    Returns:
        (N, out).
    """

    def linear(layer: str, values: Array) -> Array:
        matrix = np.asarray(weights[f"{name}.{layer}.weight"], float)
        return np.asarray(values @ matrix.T + weights[f"{name}.{layer}.bias"])

    hidden = _silu(linear("second", _silu(linear("first", x))))
    skip = np.asarray(weights[f"{name}.skip.weight"], float)
    return np.asarray(x @ skip.T + linear("last", hidden))


def _silu(x: Array) -> Array:
    return np.asarray(x / (1 + np.exp(-np.clip(x, -60, 60))))
