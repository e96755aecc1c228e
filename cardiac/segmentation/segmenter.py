"""From an echo sequence to its masks: canonical grid, network, and the way back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from threadpoolctl import threadpool_limits

from cardiac.geometry import CanonicalGrid, FloatArray, Mask
from cardiac.segmentation.normalise import network_inputs, sector_levels
from cardiac.segmentation.predictors import Engine, Precision, Predictor, load_predictor
from cardiac.segmentation.weights import SHIPPED, WeightsFile, open_weights
from cardiac.sequence import EchoSequence

CHUNK = 32
_NOWHERE = -1e3  # score of every structure beyond the canonical square


class SegmentationSettings(BaseModel):
    """How the network runs.

    Attributes:
        weights: Another weights file than the shipped one.
        engine: openvino, torch, or auto.
        precision: float32, bfloat16, int8, or auto.
        threads: Processor threads of the network; 0 takes all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Path | None = None
    engine: Engine = Engine.AUTO
    precision: Precision = Precision.AUTO
    threads: int = 0


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What the network says of a sequence.

    Attributes:
        masks: (T, H, W) labels on the sequence's own grid; ``cardiac.process`` cleans them in
            place, and ``labels_on_image(logits, grid)`` gives the raw ones again.
        logits: (T, 4, S/2, S/2) float16, on the canonical grid at half its resolution.
        grid: The canonical grid.
        levels: Mean and deviation of the grey levels that the network's input was normalised by.
    """

    masks: Mask
    logits: npt.NDArray[np.float16]
    grid: CanonicalGrid
    levels: tuple[float, float] | None = None

    def probabilities(self) -> FloatArray:
        """(T, 4, H, W) class probabilities on the sequence's own grid; background outside."""
        shifted = self.logits.astype(np.float32)
        exponential = np.exp(shifted - shifted.max(axis=1, keepdims=True))
        planes = self.grid.to_image(exponential / exponential.sum(axis=1, keepdims=True))
        planes[:, 0] = 1 - planes[:, 1:].sum(axis=1)
        return planes


class Segmenter:
    """The trained network, loaded once and used for many sequences."""

    def __init__(self, weights: WeightsFile, predictor: Predictor) -> None:
        self.weights = weights
        self.predictor = predictor

    @classmethod
    def load(cls, settings: SegmentationSettings | None = None) -> Segmenter:
        """Load weights and engine.

        Raises:
            WeightsError: The weights are missing or of another model.
        """
        s = settings or SegmentationSettings()
        weights = open_weights(s.weights or SHIPPED)
        return cls(weights, load_predictor(weights, s.engine, s.precision, s.threads))

    def segment(self, sequence: EchoSequence) -> Segmentation:
        """Masks of every frame. Each frame's mask depends on it and on the cine's grey levels only.

        Raises:
            InvalidPixelsError: The sequence is black or constant.
        """
        grid = sequence.grid
        images = canonical_images(sequence, grid)
        levels = sector_levels(images, sequence.source)
        masks = np.zeros(sequence.frames.shape, dtype=np.uint8)
        half = grid.size // 2
        logits = np.empty((len(sequence), 4, half, half), dtype=np.float16)

        def finish(part: slice, predicted: FloatArray) -> None:
            logits[part] = predicted
            masks[part] = labels_on_image(predicted, grid)

        # The way back of one chunk overlaps with the network on the next, and linear algebra
        # of several threads would fight with it for the cores.
        with ThreadPoolExecutor(1) as worker, threadpool_limits(1, user_api="blas"):
            finishing = []
            for start in range(0, len(sequence), CHUNK):
                part = slice(start, start + CHUNK)
                x = network_inputs(images[part], levels)
                finishing.append(worker.submit(finish, part, self.predictor(x)))
            for done in finishing:
                done.result()
        return Segmentation(masks, logits, grid, levels)


def canonical_images(sequence: EchoSequence, grid: CanonicalGrid) -> npt.NDArray[np.uint8]:
    """(T, S, S) grey levels on the canonical grid, in chunks so that memory stays bounded."""
    images = np.empty((len(sequence), grid.size, grid.size), dtype=np.uint8)
    for start in range(0, len(sequence), CHUNK):
        part = slice(start, start + CHUNK)
        images[part] = np.rint(grid.to_canonical(sequence.frames[part]))
    return images


def labels_on_image(logits: FloatArray, grid: CanonicalGrid) -> Mask:
    """Most likely label of every pixel of the image: (T, 4, h, w) logits to (T, H, W)."""
    masks = np.zeros((len(logits), *grid.shape), dtype=np.uint8)
    margin = logits[:, 1:] - logits[:, :1]
    # Where no corner of a cell prefers a structure, no point inside it does: most of the image.
    window = grid.window(np.asarray((margin > 0).any(axis=(0, 1))))
    if window is None:
        return masks
    planes = grid.to_image(margin, fill=_NOWHERE, window=window)
    labels = masks[:, window.slices[0], window.slices[1]]
    best = np.zeros(labels.shape, dtype=np.float32)
    for label in range(1, logits.shape[1]):
        plane = planes[:, label - 1]
        labels[plane > best] = label
        np.maximum(best, plane, out=best)
    return masks
