"""The seven methods behind one protocol: a method says what it needs, and makes a map.

Entropy, edge and latent draws; CRISP; and ``fused``, the error-detection network. The two that
ask the segmentation network again are in `cardiac.uncertainty.network_methods`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import ndimage, special

from cardiac.errors import SettingsError, WeightsError
from cardiac.geometry import Mask
from cardiac.segmentation.segmenter import Segmenter
from cardiac.types import Array32
from cardiac.uncertainty.method_input import Embedding, MethodInput
from cardiac.uncertainty.ood import disagreement
from cardiac.uncertainty.settings import UncertaintySettings
from cardiac.uncertainty.weights import UncertaintyWeights

if TYPE_CHECKING:
    from cardiac.shape.arvae import ArVae
    from cardiac.uncertainty.runner import Runner

EDGE_SIGMA = 1.5
"""Deviation of the outlines in samples, tuned on held-out training patients."""
_LEAST = 1e-7


class Need(StrEnum):
    """What a method may need beside the sequence, the network's scores and the masks."""

    WEIGHTS = "trained weights of the uncertainty"
    NETWORK = "the segmentation network itself"
    SHAPE = "the latent space of hearts"


class UncertaintyMethod(Protocol):
    """One way to estimate uncertainty."""

    needs: frozenset[Need]

    def map(self, x: MethodInput) -> Array32:
        """(T, h, w) from 0, sure, to 1, knows nothing."""


class MethodModels:
    """The models that methods draw on, each loaded when it is first asked for.

    Args:
        weights: Image encoder, reference embeddings, error-detection network, calibration.
        segmenter: The segmentation network.
        shape: The latent space of hearts; the shipped one by default.
        fast: Run the small networks in OpenVINO where it is installed.
    """

    def __init__(
        self,
        weights: UncertaintyWeights | None = None,
        segmenter: Segmenter | None = None,
        shape: ArVae | None = None,
        *,
        fast: bool = True,
    ) -> None:
        self.given = {
            Need.WEIGHTS: weights is not None,
            Need.NETWORK: segmenter is not None,
            Need.SHAPE: True,
        }
        self._weights, self._segmenter, self._shape, self._fast = weights, segmenter, shape, fast
        self.shape_sha256: str | None = None

    @property
    def weights(self) -> UncertaintyWeights:
        """The trained weights."""
        if self._weights is None:
            raise SettingsError("there are no trained weights of the uncertainty")
        return self._weights

    @property
    def segmenter(self) -> Segmenter:
        """The segmentation network."""
        if self._segmenter is None:
            raise SettingsError("the segmentation network is not at hand")
        return self._segmenter

    @cached_property
    def shape(self) -> ArVae:
        """The latent space of hearts."""
        if self._shape is not None:
            return self._shape
        from cardiac.shape import load_shape_model

        shipped = load_shape_model()
        self.shape_sha256 = shipped.sha256
        return shipped.model

    def calibrated_shape(self) -> ArVae:
        """The latent space, if it is the one that the weights were calibrated with.

        Raises:
            WeightsError: It is another one.
        """
        shape = self.shape
        if self._weights and self.shape_sha256 not in (None, self._weights.shape_sha256):
            raise WeightsError(
                "the latent method was calibrated for another shape model",
                path=self._weights.path,
                hint="Train it again: cardiac train uncertainty.",
            )
        return shape

    @cached_property
    def runner(self) -> Runner:
        """The small networks."""
        from cardiac.uncertainty.runner import Runner

        return Runner(self.weights, openvino=self._fast)

    def embed(self, images: np.ndarray) -> Embedding:
        """Where grey levels (T, h, w) lie among those of training patients."""
        codes, ood_score = self.runner.encode(images)
        return Embedding(self.weights.references.cosine(codes), ood_score)


class Entropy:
    """Entropy of the network's own probabilities."""

    needs: frozenset[Need] = frozenset()

    def __init__(self, *_: object) -> None:
        """Take settings and models as every method does, and need neither."""

    def map(self, x: MethodInput) -> Array32:
        """(T, h, w) entropy ÷ ln C."""
        return x.transferred(entropy(x.probabilities))


class Edge:
    """Boundary uncertainty: a label is doubtful as far as an outline may be misplaced.

    Where an outline is off by a normal error of deviation σ, a pixel at distance d from it has
    the wrong label with probability Φ(−d / σ): one half on the outline, nothing far away.
    """

    needs: frozenset[Need] = frozenset()

    def __init__(self, *_: object) -> None:
        """Take settings and models as every method does, and need neither."""

    def map(self, x: MethodInput) -> Array32:
        """(T, h, w) probability that a misplaced outline mislabels a pixel."""
        planes = np.zeros(x.labels.shape, dtype=np.float32)
        for plane, labels in zip(planes, x.labels, strict=True):
            border = _border(labels)
            if border.any():
                distance = np.asarray(ndimage.distance_transform_edt(~border))
                plane[:] = special.ndtr(-(distance + 0.5) / EDGE_SIGMA)
        return planes


class LatentDraws:
    """Disagreement of hearts drawn around the mask's code with the mask.

    Every frame draws the same directions, so it answers alike alone and among others. Where a
    mask has no code nothing is known of its structures: they get 1.
    """

    needs = frozenset({Need.SHAPE})

    def __init__(self, settings: UncertaintySettings, models: MethodModels) -> None:
        self.draws, self.seed, self.models = settings.samples, settings.seed, models

    def map(self, x: MethodInput) -> Array32:
        """(T, h, w) fraction of draws from q(z | mask) whose decoded label is another."""
        from cardiac.shape import draw

        model, side = self.models.calibrated_shape(), x.labels.shape[-1]
        codes = model.encode(x.labels)
        shape = (self.draws, codes.mean.shape[1])
        noise = np.random.default_rng(self.seed).standard_normal(shape)
        planes = (x.labels > 0).astype(np.float32)
        for t in np.flatnonzero(codes.found):
            outlines = model.outlines(codes.mean[t] + noise * codes.sd[t])
            # A draw far from every heart may have no outline: it is missing, not empty.
            outlines = outlines[np.isfinite(outlines).all(axis=(1, 2))]
            if len(outlines):
                planes[t] = (draw(outlines, side) != x.labels[t]).mean(axis=0)
        return planes


class Crisp:
    """CRISP: disagreement of the masks that belong to images like this one.

    Source: T. Judge et al., MICCAI 2022; see `cardiac.uncertainty.ood`.
    """

    needs = frozenset({Need.WEIGHTS})

    def __init__(self, _: UncertaintySettings, models: MethodModels) -> None:
        self.models = models

    def map(self, x: MethodInput) -> Array32:
        """(T, h, w) weighted fraction of the nearest masks that have another label."""
        embedding = x.embedding or self.models.embed(x.images)
        return disagreement(x.labels, self.models.weights.references.votes(embedding.cosine))


class ErrorDetection:
    """``fused``: probability of an error per pixel, by a network trained to find them.

    The network's own odds and CRISP's disagreement, weighed by the image, in the manner of
    ConfidNet (Corbière et al., "Addressing failure prediction by learning model confidence",
    NeurIPS 2019). It is trained on training patients' images that were made harder, and its
    probabilities are calibrated on patients that neither network saw.
    """

    needs = frozenset({Need.WEIGHTS})

    def __init__(self, settings: UncertaintySettings, models: MethodModels) -> None:
        self.models, self.crisp = models, Crisp(settings, models)

    def map(self, x: MethodInput) -> Array32:
        """(T, h, w) probability that the written label is wrong."""
        known = self.models.weights.calibration
        odds = self.models.runner.detect_errors(x.images, x.logits, x.labels, self.crisp.map(x))
        return platt(odds, known.slope, known.offset)


def entropy(probabilities: Array32) -> Array32:
    """(T, h, w) entropy of probabilities (T, C, h, w) ÷ ln C: 0 is sure, 1 knows nothing."""
    p = np.maximum(probabilities, _LEAST)
    total = -(p * np.log(p)).sum(axis=1) / np.log(p.shape[1])
    return np.asarray(np.clip(total, 0, 1), dtype=np.float32)


def platt(odds: Array32, slope: float, offset: float) -> Array32:
    """Probabilities of log odds of any shape after Platt's scaling."""
    return np.asarray(1 / (1 + np.exp(-(slope * odds + offset))), dtype=np.float32)


def _border(labels: Mask) -> np.ndarray:
    """Pixels with a 4-neighbour of another label."""
    border = np.zeros(labels.shape, dtype=bool)
    for axis in (0, 1):
        ahead = np.diff(labels.astype(np.int8), axis=axis) != 0
        first = [slice(None), slice(None)]
        first[axis] = slice(None, -1)
        border[tuple(first)] |= ahead
        first[axis] = slice(1, None)
        border[tuple(first)] |= ahead
    return border
