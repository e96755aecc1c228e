"""Method input: image, the network's scores and the written masks on the canonical grid's half.

Uncertainty lives on the canonical square at half its resolution, as the network answers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from cardiac.errors import GeometryError, SettingsError
from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask
from cardiac.segmentation.normalise import network_inputs, sector_levels
from cardiac.segmentation.segmenter import Segmentation, canonical_images
from cardiac.sequence import EchoSequence
from cardiac.types import Array32, BoolArray, ByteArray

SIDE = CANONICAL_SIZE // 2
"""Samples along the square."""
_CHUNK = 32


@dataclass(frozen=True, eq=False, slots=True)
class Embedding:
    """Where images lie among those of training patients.

    Attributes:
        cosine: (T, M) between the images' codes and the reference embeddings.
        ood_score: (T,) probability from 0 to 1 that an image is no apical echo.
    """

    cosine: Array32
    ood_score: Array32


@dataclass(frozen=True, eq=False)
class MethodInput:
    """What every method may look at: one sequence on the canonical square.

    Attributes:
        sequence: What was read; None where only label maps are at hand.
        labels: (T, h, w) labels of the written masks.
        logits: (T, 4, h, w) float16 of the network.
        grid: The canonical grid over the sequence's images.
        levels: Mean and deviation that the network's input was normalised by; those of the
            images at hand where they are not given.
        embedding: Of the images; None where no reference embeddings are at hand.
    """

    sequence: EchoSequence | None
    labels: Mask
    logits: npt.NDArray[np.float16]
    grid: CanonicalGrid
    levels: tuple[float, float] | None = None
    embedding: Embedding | None = None

    @classmethod
    def of(cls, sequence: EchoSequence, segmentation: Segmentation, masks: Mask) -> MethodInput:
        """Bring the written masks (T, H, W) onto the network's grid.

        Raises:
            GeometryError: The masks do not fit the sequence.
        """
        if masks.shape != sequence.frames.shape:
            raise GeometryError(
                f"masks of {masks.shape} do not fit a cine of {sequence.frames.shape}",
                path=sequence.source,
            )
        side = segmentation.logits.shape[-1]
        labels = segmentation.grid.nearest_labels(masks, side)
        return cls(sequence, labels, segmentation.logits, segmentation.grid, segmentation.levels)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def probabilities(self) -> Array32:
        """(T, 4, h, w) of the network."""
        return softmax(self.logits)

    @cached_property
    def label_doubt(self) -> Array32:
        """(T, h, w) one minus the network's probability of the written label."""
        chosen = np.take_along_axis(self.probabilities, self.labels[:, None].astype(np.intp), 1)
        return np.asarray(1 - chosen[:, 0], dtype=np.float32)

    @cached_property
    def images(self) -> ByteArray:
        """(T, h, w) grey levels."""
        sequence = self._images_of()
        grid = replace(self.grid, size=self.labels.shape[-1])
        images = np.empty(self.labels.shape, dtype=np.uint8)
        with threadpool_limits(1, user_api="blas"):
            for start in range(0, len(self), _CHUNK):
                part = slice(start, start + _CHUNK)
                images[part] = np.rint(grid.to_canonical(sequence.frames[part]))
        return images

    @cached_property
    def network_inputs(self) -> Array32:
        """(T, 1, S, S) images as the segmentation network sees them."""
        images = canonical_images(self._images_of(), self.grid)
        return network_inputs(images, self.levels or sector_levels(images))

    def embedded(self, embed: Callable[[ByteArray], Embedding]) -> MethodInput:
        """A copy that knows where its images lie; what was computed before is kept."""
        other = copy.copy(self)
        object.__setattr__(other, "embedding", embed(self.images))
        return other

    def transferred(self, planes: Array32) -> Array32:
        """A map (T, h, w) made for the network's own labels, where others were written.

        There the written label is as uncertain as the network finds it.
        """
        other = self.labels != self.logits.argmax(axis=1)
        return np.where(other, np.maximum(planes, self.label_doubt), planes)

    def _images_of(self) -> EchoSequence:
        if self.sequence is None:
            raise SettingsError("this method needs the images of a sequence")
        return self.sequence


def softmax(logits: npt.NDArray[np.floating]) -> Array32:
    """Probabilities (T, 4, h, w) of logits."""
    shifted = logits.astype(np.float32)
    shifted -= shifted.max(axis=1, keepdims=True)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=1, keepdims=True)
    return shifted


def imaged(grid: CanonicalGrid, side: int = SIDE) -> BoolArray:
    """(side, side) samples whose centre lies in the imaged region."""
    region = grid.region
    rows, columns = (_nearest(grid, axis, side) for axis in (0, 1))
    return np.asarray(
        ((rows >= region.top) & (rows < region.bottom))[:, None]
        & ((columns >= region.left) & (columns < region.right))
    )


def _nearest(grid: CanonicalGrid, axis: int, side: int) -> npt.NDArray[np.intp]:
    """Index of the image's pixel under each of ``side`` samples along an axis."""
    region = grid.region
    middle = (region.top + region.bottom, region.left + region.right)[axis] / 2 - 0.5
    step = grid.pitch[axis] * grid.size / side
    place = middle + (np.arange(side) + 0.5 - side / 2) * step
    return np.asarray(np.rint(place), dtype=np.intp)
