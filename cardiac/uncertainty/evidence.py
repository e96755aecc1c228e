"""What every method may look at: image, the network's answer, and the masks that are written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from cardiac.errors import GeometryError
from cardiac.geometry import CanonicalGrid, FloatArray, Mask
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence

_CHUNK = 32


@dataclass(frozen=True, eq=False)
class Evidence:
    """One sequence on the canonical square at half its resolution.

    Attributes:
        sequence: What was read; None where only stills on the canonical grid are at hand.
        labels: (T, h, w) labels of the written masks.
        logits: (T, 4, h, w) float16 of the network.
        grid: The canonical grid over the sequence's images.
    """

    sequence: EchoSequence | None
    labels: Mask
    logits: npt.NDArray[np.float16]
    grid: CanonicalGrid

    @classmethod
    def of(cls, sequence: EchoSequence, segmentation: Segmentation, masks: Mask) -> Evidence:
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
        return cls(sequence, labels, segmentation.logits, segmentation.grid)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def probabilities(self) -> FloatArray:
        """(T, 4, h, w) of the network."""
        return softmax(self.logits)

    @cached_property
    def doubt(self) -> FloatArray:
        """(T, h, w) one minus the network's probability of the written label."""
        chosen = np.take_along_axis(self.probabilities, self.labels[:, None].astype(np.intp), 1)
        return np.asarray(1 - chosen[:, 0], dtype=np.float32)

    @cached_property
    def images(self) -> npt.NDArray[np.uint8]:
        """(T, h, w) grey levels."""
        assert self.sequence is not None
        grid = replace(self.grid, size=self.labels.shape[-1])
        images = np.empty(self.labels.shape, dtype=np.uint8)
        with threadpool_limits(1, user_api="blas"):
            for start in range(0, len(self), _CHUNK):
                part = slice(start, start + _CHUNK)
                images[part] = np.rint(grid.to_canonical(self.sequence.frames[part]))
        return images

    def moved(self, planes: FloatArray) -> FloatArray:
        """A map made for the network's own labels, where others were written.

        There the written label is as doubtful as the network finds it.
        """
        other = self.labels != self.logits.argmax(axis=1)
        return np.where(other, np.maximum(planes, self.doubt), planes)


def softmax(logits: npt.NDArray[np.floating]) -> FloatArray:
    """Probabilities (T, 4, h, w) of logits."""
    shifted = logits.astype(np.float32)
    shifted -= shifted.max(axis=1, keepdims=True)
    np.exp(shifted, out=shifted)
    shifted /= shifted.sum(axis=1, keepdims=True)
    return shifted
