"""Uncertainty of a sequence: a map in [0, 1], a score per frame, and one for all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from cardiac.geometry import CanonicalGrid, Mask
from cardiac.labels import STRUCTURES
from cardiac.types import Array, Array32, ByteArray
from cardiac.uncertainty.ood import OutOfDistribution

HalfArray = npt.NDArray[np.float16]
_CHUNK = 32
LEAST_WEIGHT = 0.02
"""Of a frame in the temporal smoothing, however uncertain it is."""
_NOTHING = 1 / 512
"""Half a grey level of a map that is stored in eight bits."""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How far the written masks can be trusted, pixel by pixel and frame by frame.

    Attributes:
        method: Name of the method.
        planes: (T, S/2, S/2) float16 in [0, 1] on the canonical grid at half its resolution.
        grid: The canonical grid.
        scores: (T,) see `frame_scores`; 1 for an empty prediction.
        ood: Whether the images look like apical echo; None where no references are at hand.
    """

    method: str
    planes: HalfArray
    grid: CanonicalGrid
    scores: Array
    ood: OutOfDistribution | None = None

    def __len__(self) -> int:
        return len(self.planes)

    @property
    def score(self) -> float:
        """Mean of the frames' scores."""
        return float(self.scores.mean())

    @property
    def out_of_distribution(self) -> bool | None:
        """Whether the sequence is no apical echo; None where no references are at hand."""
        return None if self.ood is None else self.ood.sequence

    @property
    def map(self) -> HalfArray:
        """(T, H, W) on the sequence's own grid; 0 beyond the canonical square."""
        result = np.zeros((len(self), *self.grid.shape), dtype=np.float16)
        for part, rows, columns, planes in self._on_image():
            result[part, rows, columns] = planes
        return result

    @cached_property
    def levels(self) -> ByteArray:
        """The map (T, H, W) in 256 levels, as it is written: a byte a pixel, for long cines."""
        result = np.zeros((len(self), *self.grid.shape), dtype=np.uint8)
        for part, rows, columns, planes in self._on_image():
            result[part, rows, columns] = np.rint(planes * np.float32(255))
        return result

    def _on_image(self) -> Iterator[tuple[slice, slice, slice, Array32]]:
        """Some frames at a time, their window of the image, and its planes in [0, 1]."""
        # Beyond a margin around the heart there is nothing to bring back.
        window = self.grid.window(np.asarray((self.planes > _NOTHING).any(axis=0)))
        if window is None:
            return
        rows, columns = window.slices
        with threadpool_limits(1, user_api="blas"):
            for start in range(0, len(self), _CHUNK):
                part = slice(start, start + _CHUNK)
                planes = self.grid.to_image(self.planes[part], window=window)
                yield part, rows, columns, np.clip(planes, 0, 1, out=planes)


def frame_scores(planes: Array32, labels: Mask) -> Array:
    """(T,) mean of maps (T, h, w) over each predicted structure, and the mean of those.

    Structures count alike, as they do in a mean Dice: the atrium is small, and its errors
    would drown in the wall's. A structure that is absent does not count; without any the
    score is 1.
    """
    total, count = np.zeros(len(planes)), np.zeros(len(planes))
    for label in STRUCTURES:
        found = labels == int(label)
        pixels = found.sum(axis=(1, 2))
        mass = np.einsum("tij,tij->t", planes, found, dtype=np.float64)
        total += np.divide(mass, pixels, out=np.zeros(len(planes)), where=pixels > 0)
        count += pixels > 0
    return np.divide(total, count, out=np.ones(len(planes)), where=count > 0)


def foreground_scores(planes: Array32, labels: Mask) -> Array:
    """(T,) mean of maps (T, h, w) over all pixels with a label; 1 where there is none."""
    found = labels > 0
    count = found.sum(axis=(1, 2))
    total = (planes * found).sum(axis=(1, 2), dtype=np.float64)
    return np.asarray(np.divide(total, count, out=np.ones(len(planes)), where=count > 0))


def frame_weights(uncertainty: Uncertainty) -> Array:
    """(T,) weights in (0, 1]: inverse variance of each frame's error, typical frames at 1.

    The variance is taken to grow in proportion to the score. Typical is the sequence's own
    median: weights tell frames of one sequence apart, and a sequence that is as uncertain
    everywhere is smoothed as any other.

    Args:
        uncertainty: Of the sequence.
    """
    scores = np.maximum(uncertainty.scores, 1e-6)
    typical = float(np.median(scores))
    return np.asarray(np.clip(typical / scores, LEAST_WEIGHT, 1.0))
