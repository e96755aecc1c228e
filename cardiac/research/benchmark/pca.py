"""A linear shape model: principal components of signed distance maps.

Source: Leventon et al., "Statistical shape influence in geodesic active contours", CVPR 2000;
coefficients are limited as in active shape models (Cootes et al. 1995).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from cardiac.anatomy.overlap import REGIONS
from cardiac.geometry import FloatArray, Mask
from cardiac.labels import Label
from cardiac.research.benchmark.experts import SIZE, Experts
from cardiac.research.benchmark.method import Advance, Correction
from cardiac.research.benchmark.settings import PcaSettings
from cardiac.research.benchmark.store import kept
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence

SIDE = SIZE // 2
_CLIP = 20.0
_VERSION = 1


@dataclass(frozen=True, eq=False)
class LinearShapes:
    """Signed distance maps near a mean.

    Attributes:
        mean: (D,) mean of the maps, D = 3 SIDE².
        components: (K, D) orthonormal, the widest first.
        spread: (K,) standard deviation along each.
    """

    mean: FloatArray
    components: FloatArray
    spread: FloatArray

    def project(self, masks: Mask, limit_sd: float) -> FloatArray:
        """Maps (N, 3, SIDE, SIDE), positive inside, of the nearest shapes to masks (N, SIZE, SIZE).

        Coefficients are limited to ``limit_sd`` standard deviations.
        """
        maps = signed_distances(masks).reshape(len(masks), -1)
        limit = limit_sd * self.spread
        coefficients = np.clip((maps - self.mean) @ self.components.T, -limit, limit)
        near = self.mean + coefficients @ self.components
        return np.asarray(near.reshape(-1, 3, SIDE, SIDE), np.float32)


def signed_distances(masks: Mask) -> FloatArray:
    """Distances (N, 3, SIDE, SIDE) to the LV's, the epicardium's and the atrium's border.

    Measured on masks (N, SIZE, SIZE) in their pixels, positive inside, limited to 20.
    """
    maps = np.empty((len(masks), 3, SIDE, SIDE), np.float32)
    for n, mask in enumerate(masks):
        for k, labels in enumerate(REGIONS.values()):
            region = np.isin(mask, labels)
            fine = _signed(region)
            maps[n, k] = fine.reshape(SIDE, 2, SIDE, 2).mean(axis=(1, 3))
    return maps


def _signed(region: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    if not region.any() or region.all():
        return np.full(region.shape, _CLIP if region.any() else -_CLIP)
    # The border runs half a pixel from the centres on either side of it.
    inside, outside = distance_transform_edt(region), distance_transform_edt(~region)
    distance = np.where(region, inside - 0.5, 0.5 - outside)
    return np.asarray(np.clip(distance, -_CLIP, _CLIP))


def fit(masks: Mask, components: int) -> LinearShapes:
    """Principal components of the maps of masks (N, SIZE, SIZE)."""
    maps = signed_distances(masks).reshape(len(masks), -1).astype(np.float64)
    mean = maps.mean(axis=0)
    centred = maps - mean
    # Fewer masks than pixels: their Gram matrix has the same components, and is small.
    values, vectors = np.linalg.eigh(centred @ centred.T)
    order = np.argsort(values)[::-1][: min(components, len(masks) - 1)]
    axes = (vectors[:, order].T @ centred) / np.sqrt(np.maximum(values[order], 1e-12))[:, None]
    # The sign of an eigenvector is free: one of its pixels fixes it.
    strongest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    axes *= np.sign(strongest)
    spread = np.sqrt(np.maximum(values[order], 0) / max(len(masks) - 1, 1))
    return LinearShapes(*(a.astype(np.float32) for a in (mean, axes, spread)))


def stacked(maps: FloatArray) -> Mask:
    """Label maps (T, H, W) of maps (T, 3, H, W): the LV above the wall above the atrium."""
    lv, epi, la = (maps[:, k] > 0 for k in range(3))
    labels = np.where(la, np.uint8(Label.LA), np.uint8(Label.BACKGROUND))
    labels[epi] = Label.MYOCARDIUM
    labels[lv] = Label.LV
    return labels


def fitted_pca(experts: Experts, settings: PcaSettings, _: Advance) -> Correction:
    """The model of the experts' masks as a method, from the cache or fitted and kept there."""
    text = f"{_VERSION} {experts.source} {settings.components}"
    name = hashlib.sha256(text.encode()).hexdigest()[:16]

    def make() -> dict[str, FloatArray]:
        shapes = fit(experts.masks, settings.components)
        return {"mean": shapes.mean, "components": shapes.components, "spread": shapes.spread}

    arrays = kept(experts.cache / "benchmark" / f"pca-{name}.npz", make)
    shapes = LinearShapes(arrays["mean"], arrays["components"], arrays["spread"])
    return as_correction(lambda masks: shapes.project(masks, settings.limit_sd))


def as_correction(project: Callable[[Mask], FloatArray]) -> Correction:
    """A function of canonical masks (T, SIZE, SIZE) that gives maps, as a method."""

    def correct(masks: Mask, _: EchoSequence, segmentation: Segmentation) -> Mask:
        grid = replace(segmentation.grid, size=SIZE)
        canonical = grid.majority_labels(masks)
        return stacked(segmentation.grid.to_image(project(canonical), fill=-_CLIP))

    return correct
