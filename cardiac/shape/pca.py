"""The linear baseline: principal components of signed distance maps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.frame import as_masks
from cardiac.errors import GeometryError, SettingsError
from cardiac.geometry import CANONICAL_SIZE, FloatArray, Mask
from cardiac.shape.compose import from_maps, mask_distance_maps, upsampled
from cardiac.shape.density import Density, fit_density
from cardiac.shape.model import Codes, as_codes
from cardiac.types import Array

CLIP = 40.0
"""Distances beyond this many canonical pixels count as this."""
COARSE = 2
BLOCK = 64


@dataclass(frozen=True, eq=False)
class PcaModel:
    """Principal components of distance maps at half the canonical resolution.

    Attributes:
        mean: (n,) mean map.
        components: (k, n), each as long as its standard deviation.
        noise: (k,) spread of a code that a misfit of one pixel everywhere means.
        density: Of the training masks' codes.
    """

    mean: FloatArray = field(repr=False)
    components: FloatArray = field(repr=False)
    noise: Array = field(repr=False)
    density: Density = field(repr=False)

    @property
    def dimensions(self) -> int:
        """Length of a code."""
        return len(self.components)

    def encode(self, masks: Mask) -> Codes:
        """Codes of label maps (N, 256, 256) on the canonical grid."""
        frames = as_masks(masks)
        mean = _project(_flat_maps(frames) - self.mean, self.components)
        absent = ~(frames == 1).any(axis=(1, 2))
        mean[absent] = np.nan
        sd = np.where(absent[:, None], np.nan, self.noise)
        return Codes(mean, sd, tuple("the mask has no left ventricle" if a else "" for a in absent))

    def decode(self, codes: npt.ArrayLike, size: int = CANONICAL_SIZE) -> FloatArray:
        """Signed distances (N, 3, size, size) in canonical pixels, positive inside."""
        z = as_codes(codes, self.dimensions).astype(np.float32)
        side = CANONICAL_SIZE // COARSE
        return upsampled((z @ self.components + self.mean).reshape(len(z), 3, side, side), size)

    def labels(self, codes: npt.ArrayLike, size: int = CANONICAL_SIZE) -> Mask:
        """Label maps (N, size, size)."""
        return from_maps(self.decode(codes, size))

    def sample(
        self, n: int, seed: int, view: str | None = None, mirrored: bool | None = None
    ) -> Array:
        """Codes (n, D) drawn from the density of the training masks' codes."""
        return self.density.sample(n, seed, view, mirrored)

    def log_density(
        self, codes: npt.ArrayLike, view: str | None = None, mirrored: bool | None = None
    ) -> Array:
        """(N,) natural logarithm of that density."""
        return self.density.log_density(as_codes(codes, self.dimensions), view, mirrored)


def fit_pca(masks: Mask, dimensions: int = 32) -> PcaModel:
    """Fit the components to label maps (N, 256, 256) on the canonical grid.

    Raises:
        SettingsError: More dimensions than masks.
    """
    if not 0 < dimensions < len(masks):
        raise SettingsError(f"{len(masks)} masks do not give {dimensions} components")
    maps = _flat_maps(as_masks(masks))
    mean = maps.mean(axis=0)
    maps -= mean
    # The Gram matrix is far smaller than the covariance.
    values, vectors = np.linalg.eigh((maps @ maps.T).astype(float))
    largest = np.argsort(values)[::-1][:dimensions]
    deviation = np.sqrt(np.maximum(values[largest], 1e-9) / len(maps))
    axes = vectors[:, largest].T.astype(np.float32) @ maps
    axes *= (deviation / np.sqrt(np.maximum(values[largest], 1e-9)))[:, None].astype(np.float32)
    codes = _project(maps, axes)
    length = np.sqrt((axes.astype(float) ** 2).sum(axis=1))
    return PcaModel(mean, axes, np.sqrt(axes.shape[1]) / length, fit_density(codes))


def _project(maps: FloatArray, components: FloatArray) -> Array:
    square = (components.astype(float) ** 2).sum(axis=1)
    return np.asarray((maps @ components.T).astype(float) / square)


def _flat_maps(masks: Mask) -> FloatArray:
    """(N, n) clipped distance maps at half resolution."""
    if masks.shape[1:] != (CANONICAL_SIZE, CANONICAL_SIZE):
        raise GeometryError(f"masks must be on the canonical grid, not {masks.shape[1:]}")
    side = CANONICAL_SIZE // COARSE
    flat = np.empty((len(masks), 3 * side * side), np.float32)
    for start in range(0, len(masks), BLOCK):
        maps = np.clip(mask_distance_maps(masks[start : start + BLOCK]), -CLIP, CLIP)
        halves = maps.reshape(len(maps), 3, side, COARSE, side, COARSE).mean(axis=(3, 5))
        flat[start : start + BLOCK] = halves.reshape(len(maps), -1)
    return flat
