"""Estimator of uncertainty: a sequence and its masks in, maps, scores and intervals out."""

from __future__ import annotations

import numpy as np

from cardiac.clinical import Indices
from cardiac.errors import SettingsError
from cardiac.geometry import Mask
from cardiac.segmentation.segmenter import Segmentation, Segmenter
from cardiac.sequence import EchoSequence, View
from cardiac.shape.arvae import ArVae
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.intervals import Intervals, index_intervals
from cardiac.uncertainty.method_input import MethodInput, imaged
from cardiac.uncertainty.methods import (
    Crisp,
    Edge,
    Entropy,
    ErrorDetection,
    LatentDraws,
    MethodModels,
    UncertaintyMethod,
)
from cardiac.uncertainty.network_methods import Dropout, TestTimeAugmentation
from cardiac.uncertainty.ood import OutOfDistribution
from cardiac.uncertainty.result import Uncertainty, frame_scores
from cardiac.uncertainty.settings import MethodName, UncertaintySettings
from cardiac.uncertainty.weights import SHIPPED, UncertaintyWeights, load_uncertainty

METHODS: dict[
    MethodName,
    type[Entropy | Edge | LatentDraws | Crisp | ErrorDetection | TestTimeAugmentation | Dropout],
] = {
    MethodName.FUSED: ErrorDetection,
    MethodName.CRISP: Crisp,
    MethodName.ENTROPY: Entropy,
    MethodName.AUGMENTATION: TestTimeAugmentation,
    MethodName.DROPOUT: Dropout,
    MethodName.LATENT: LatentDraws,
    MethodName.EDGE: Edge,
}
"""The methods by name."""


class Estimator:
    """A method, out-of-distribution detection and a calibration, loaded once for many sequences.

    There are two ways to get one: `load` reads trained weights and holds them against the
    network's; the constructor takes models that are in memory, and without weights it serves
    the methods that need none.

    Args:
        settings: Which method, and how.
        weights: Trained encoders, reference embeddings and calibration.
        segmenter: The network; ``augmentation`` and ``dropout`` ask it again.
        shape: The latent space that ``latent`` draws from; the shipped one by default.
        fast: Run the small networks in OpenVINO where it is installed.

    Raises:
        SettingsError: The method needs a model that is not given.
    """

    def __init__(
        self,
        settings: UncertaintySettings | None = None,
        weights: UncertaintyWeights | None = None,
        segmenter: Segmenter | None = None,
        shape: ArVae | None = None,
        *,
        fast: bool = True,
    ) -> None:
        self.settings = settings or UncertaintySettings()
        self.weights = weights
        self.models = MethodModels(weights, segmenter, shape, fast=fast)
        self.method = _build(self.settings, self.models)

    @classmethod
    def load(
        cls, settings: UncertaintySettings | None = None, segmenter: Segmenter | None = None
    ) -> Estimator:
        """Load the weights, and refuse them where they were made for another network.

        Raises:
            WeightsError: Missing, damaged, or of another label set or model.
        """
        settings = settings or UncertaintySettings()
        weights = load_uncertainty(settings.weights or SHIPPED)
        weights.require(segmenter.weights.sha256 if segmenter else None)
        return cls(settings, weights, segmenter)

    @property
    def calibration(self) -> Calibration:
        """What was fitted on held-out patients.

        Raises:
            SettingsError: There are no trained weights.
        """
        return self.models.weights.calibration

    def estimate(
        self, sequence: EchoSequence, segmentation: Segmentation, masks: Mask
    ) -> Uncertainty:
        """Uncertainty of written masks.

        A frame without any structure gets 1 all over the imaged region, and the score 1: an
        apical view holds a heart, and where it lies is not known.

        Args:
            sequence: What was read.
            segmentation: What the network said of it.
            masks: (T, H, W) labels that are written; they may differ from the network's.

        Raises:
            GeometryError: The masks do not fit the sequence.
        """
        return self.judge(MethodInput.of(sequence, segmentation, masks))

    def judge(self, x: MethodInput) -> Uncertainty:
        """Uncertainty of input that is on the canonical grid already."""
        found = None
        if self.weights is not None:
            known = self.weights.calibration
            x = x.embedded(self.models.embed)
            assert x.embedding is not None
            found = OutOfDistribution.of(x.embedding, known.max_ood_score, known.min_cosine)
        planes = self.method.map(x)
        empty = ~x.labels.any(axis=(1, 2))
        if empty.any():
            planes[empty] = imaged(x.grid, planes.shape[-1])
        planes = np.clip(planes, 0, 1)
        scores = frame_scores(planes, x.labels)
        return Uncertainty(
            str(self.settings.method), planes.astype(np.float16), x.grid, scores, found
        )

    def intervals(
        self, uncertainty: Uncertainty, indices: Indices, *, view: View = View.UNKNOWN
    ) -> Intervals:
        """Intervals of indices that were measured on the masks that the uncertainty is of.

        Args:
            uncertainty: Of the written masks.
            indices: What was measured on them.
            view: Each view has its own errors.

        Raises:
            SettingsError: There are no trained weights.
        """
        if self.weights is None:
            raise SettingsError("intervals need trained weights of the uncertainty")
        return index_intervals(
            indices,
            uncertainty.scores,
            self.calibration,
            self.calibration.error_model(uncertainty.method),
            level=self.settings.level,
            view=view,
        )


def _build(settings: UncertaintySettings, models: MethodModels) -> UncertaintyMethod:
    kind = METHODS[settings.method]
    lacking = [need for need in kind.needs if not models.given[need]]
    if lacking:
        raise SettingsError(
            f"the method {settings.method} needs {' and '.join(sorted(lacking))}",
            hint="Use Estimator.load, or choose entropy or edge.",
        )
    return kind(settings, models)
