"""One interface to every method: a sequence and its masks in, an uncertainty out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cardiac.errors import SettingsError
from cardiac.geometry import CanonicalGrid, FloatArray, Mask
from cardiac.segmentation.segmenter import Segmentation, Segmenter, canonical_images
from cardiac.sequence import EchoSequence, View
from cardiac.uncertainty.bank import NEAREST
from cardiac.uncertainty.calibration import Calibration, ErrorLaw
from cardiac.uncertainty.crisp import disagreement, familiarity
from cardiac.uncertainty.edge import edge_map
from cardiac.uncertainty.entropy import entropy_map
from cardiac.uncertainty.evidence import Evidence
from cardiac.uncertainty.fused import calibrated
from cardiac.uncertainty.grid import imaged
from cardiac.uncertainty.result import Uncertainty, frame_scores
from cardiac.uncertainty.settings import Method, UncertaintySettings
from cardiac.uncertainty.weights import SHIPPED, UncertaintyWeights, load_uncertainty

if TYPE_CHECKING:
    import torch

    from cardiac.clinical import Indices
    from cardiac.shape.arvae import ArVae
    from cardiac.uncertainty.intervals import Intervals
    from cardiac.uncertainty.runner import Runner


class Estimator:
    """Models loaded once and used for many sequences.

    Args:
        settings: Which method, and how.
        weights: Trained encoders, bank and calibration.
        segmenter: The network; ``augmentation`` and ``dropout`` ask it again.
        shape: The latent space; ``latent`` and the intervals draw from it.
        fast: Run the small networks in OpenVINO where it is installed.
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
        self._segmenter = segmenter
        self._shape = shape
        self._fast = fast

    @classmethod
    def load(
        cls, settings: UncertaintySettings | None = None, segmenter: Segmenter | None = None
    ) -> Estimator:
        """Load the weights, and refuse them where they were made for another network.

        Raises:
            WeightsError: Missing, damaged, or of another label set or model.
        """
        from cardiac.shape.weights import SHIPPED as SHAPE
        from cardiac.uncertainty.hashes import file_hash

        settings = settings or UncertaintySettings()
        weights = load_uncertainty(settings.weights or SHIPPED)
        weights.require(segmenter.weights.sha256 if segmenter else None, file_hash(SHAPE))
        return cls(settings, weights, segmenter)

    @property
    def calibration(self) -> Calibration:
        """What was fitted on held-out patients."""
        return self._trained.calibration

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
            SettingsError: The method needs a model that is not at hand.
        """
        return self.judge(Evidence.of(sequence, segmentation, masks))

    def judge(self, evidence: Evidence) -> Uncertainty:
        """Uncertainty of evidence that is on the canonical grid already."""
        known = None
        cosine = strangeness = None
        if self.weights is not None:
            codes, strangeness = self._runner.encode(evidence.images)
            cosine = self.weights.bank.cosine(codes)
            known = familiarity(cosine, strangeness, self.calibration, NEAREST)
        planes = self._planes(evidence, cosine)
        empty = ~evidence.labels.any(axis=(1, 2))
        if empty.any():
            planes[empty] = imaged(evidence.grid, planes.shape[-1])
        planes = np.clip(planes, 0, 1)
        scores = frame_scores(planes, evidence.labels)
        return Uncertainty(
            str(self.settings.method), planes.astype(np.float16), evidence.grid, scores, known
        )

    def intervals(
        self,
        masks: Mask,
        grid: CanonicalGrid,
        uncertainty: Uncertainty,
        indices: Indices,
        *,
        view: View = View.UNKNOWN,
    ) -> Intervals:
        """Intervals of the indices that were measured on written masks.

        Args:
            masks: (T, H, W) labels that are written.
            grid: The canonical grid over them.
            uncertainty: Of these masks, by a method that the weights hold a law of errors for.
            indices: What was measured on them.
            view: Two views of a heart err alike only in part.

        Raises:
            SettingsError: There are no trained weights.
        """
        from cardiac.uncertainty.intervals import index_intervals
        from cardiac.uncertainty.samples import beats_of, draw_beats

        s, known = self.settings, self.calibration
        law = known.laws.get(uncertainty.method, ErrorLaw())
        beats = draw_beats(
            masks, grid, uncertainty.scores, beats_of(indices),
            model=self.shape, calibration=known, law=law,
            draws=s.draws, seed=s.seed, stream=int(view is View.A2C),
        )  # fmt: skip
        return index_intervals(indices, beats, known, s.level)

    def _planes(self, evidence: Evidence, cosine: FloatArray | None) -> FloatArray:
        s = self.settings
        match s.method:
            case Method.ENTROPY:
                return entropy_map(evidence)
            case Method.EDGE:
                return edge_map(evidence)
            case Method.LATENT:
                from cardiac.uncertainty.latent import latent_map

                return latent_map(evidence, self.shape, s.samples, s.seed)
            case Method.AUGMENTATION:
                from cardiac.uncertainty.augmentation import augmentation_map

                predictor = self._network_of_evidence.predictor
                return augmentation_map(evidence, _inputs(evidence), predictor, s.samples, s.seed)
            case Method.DROPOUT:
                from cardiac.uncertainty.dropout import dropout_map

                return dropout_map(
                    evidence, _inputs(evidence), self._torch_network, samples=s.samples, seed=s.seed
                )
        return self._from_bank(evidence, cosine)

    def _from_bank(self, evidence: Evidence, cosine: FloatArray | None) -> FloatArray:
        """Maps of the two methods that ask the bank."""
        bank = self._trained.bank
        assert cosine is not None  # there is a bank, so it was asked
        other = disagreement(evidence, bank.shares(cosine))
        if self.settings.method is Method.CRISP:
            return other
        odds = self._runner.doubt(evidence.images, evidence.logits, evidence.labels, other)
        return calibrated(odds, self.calibration.slope, self.calibration.offset)

    @property
    def _trained(self) -> UncertaintyWeights:
        if self.weights is None:
            raise SettingsError(
                f"the method {self.settings.method} needs trained weights",
                hint="Use Estimator.load, or choose entropy or edge.",
            )
        return self.weights

    @cached_property
    def _runner(self) -> Runner:
        from cardiac.uncertainty.runner import Runner

        return Runner(self._trained, openvino=self._fast)

    @cached_property
    def shape(self) -> ArVae:
        """The latent space of hearts."""
        if self._shape is not None:
            return self._shape
        from cardiac.shape import load_shape_model

        return load_shape_model().model

    @property
    def _network_of_evidence(self) -> Segmenter:
        if self._segmenter is None:
            raise SettingsError(f"the method {self.settings.method} needs the network itself")
        return self._segmenter

    @cached_property
    def _torch_network(self) -> torch.nn.Module:
        from cardiac.segmentation.weights import load_network

        return load_network(self._network_of_evidence.weights)


def _inputs(evidence: Evidence) -> FloatArray:
    """(T, 1, S, S) images as the segmentation network sees them, each normalised by itself."""
    if evidence.sequence is None:
        raise SettingsError("this method needs the images of a sequence")
    images = canonical_images(evidence.sequence, evidence.grid)
    values = images.astype(np.float32)
    inside = images > 1
    count = np.maximum(inside.sum(axis=(1, 2), keepdims=True), 1)
    mean = (values * inside).sum(axis=(1, 2), keepdims=True) / count
    variance = ((values - mean) ** 2 * inside).sum(axis=(1, 2), keepdims=True) / count
    return np.asarray((values - mean) / np.sqrt(variance + 6.5), dtype=np.float32)[:, None]
