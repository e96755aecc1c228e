"""Pipeline: the one way from a cine to a study, and the only place with policy."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cardiac.segmentation.segmenter import Segmentation, SegmentationSettings, Segmenter
from cardiac.sequence import EchoSequence
from cardiac.settings import ProcessSettings
from cardiac.states import Triage
from cardiac.study import Assessment, Study
from cardiac.uncertainty.settings import MethodName, UncertaintySettings

if TYPE_CHECKING:
    from cardiac.clinical import Indices
    from cardiac.correction.certificate import Certificate
    from cardiac.geometry import Mask
    from cardiac.segmentation.view import ViewEstimate
    from cardiac.types import Array
    from cardiac.uncertainty import Estimator, Uncertainty

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Models:
    """The trained models, loaded once and used for many sequences.

    Attributes:
        segmenter: The segmentation network.
    """

    segmenter: Segmenter
    _estimators: dict[UncertaintySettings, Estimator] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, settings: SegmentationSettings | None = None) -> Models:
        """Load the segmentation network; the models of uncertainty follow when they are asked.

        Raises:
            WeightsError: The weights are missing or of another model.
        """
        return cls(Segmenter.load(settings))

    def estimator(self, settings: UncertaintySettings) -> Estimator:
        """The estimator of the network's uncertainty, loaded at the first call.

        Other weights than the shipped ones get their entropy and no intervals, unless weights
        of the uncertainty are named as well.

        Raises:
            WeightsError: The weights are missing, or were made for another network.
        """
        if settings not in self._estimators:
            self._estimators[settings] = self._load_estimator(settings)
        return self._estimators[settings]

    def _load_estimator(self, settings: UncertaintySettings) -> Estimator:
        from cardiac.segmentation.weights import SHIPPED
        from cardiac.uncertainty import Estimator

        if self.segmenter.weights.path == SHIPPED or settings.weights is not None:
            return Estimator.load(settings, self.segmenter)
        log.warning(
            "the shipped uncertainty is not of these weights: entropy is used, no intervals"
        )
        entropy = settings.model_copy(update={"method": MethodName.ENTROPY})
        return Estimator(entropy, None, self.segmenter)


class _Corrected(NamedTuple):
    """Masks to write, their certificate, and that of the masks before the correction."""

    masks: Mask
    certificate: Certificate
    before: Certificate | None


def process(
    source: EchoSequence | str | Path,
    models: Models | Segmenter | None = None,
    settings: ProcessSettings | None = None,
) -> Study:
    """Segment, correct, certify and measure one sequence: the whole way in one call.

    Args:
        source: A file, a CAMUS patient folder, or a sequence already read.
        models: Loaded models, to process many sequences with; loaded here otherwise.
        settings: How to process.

    Raises:
        CardiacError: The source cannot be used; the message says why.
    """
    from cardiac.clinical import sequence_indices
    from cardiac.io import read
    from cardiac.io.region import parse_region
    from cardiac.segmentation.view import classify_view, with_view

    settings = settings or ProcessSettings()
    region = parse_region(settings.region) if settings.region else None
    sequence = source if isinstance(source, EchoSequence) else read(source, region)
    if models is None:
        models = Models.load(settings.segmentation)
    elif isinstance(models, Segmenter):
        models = Models(models)
    shown = None
    if settings.assess:
        shown = classify_view(sequence)
        sequence = with_view(sequence, shown)
    segmentation = models.segmenter.segment(sequence)
    estimator = models.estimator(settings.uncertainty) if settings.assess else None
    corrected = _corrected(sequence, segmentation, settings, estimator)
    indices = sequence_indices(
        sequence,
        corrected.masks,
        convention=settings.convention,
        attributes=corrected.certificate.attributes,
    )
    uncertainty = assessment = None
    if estimator is not None:
        uncertainty = estimator.estimate(sequence, segmentation, corrected.masks)
        assessment = _assessed(estimator, uncertainty, corrected, indices, sequence)
        if shown is not None:
            assessment = _with_view(assessment, sequence, shown)
    return Study(
        sequence,
        corrected.masks,
        segmentation.masks,
        corrected.certificate,
        corrected.before,
        indices,
        settings,
        uncertainty,
        assessment,
        shown,
    )


def _with_view(assessment: Assessment, sequence: EchoSequence, shown: ViewEstimate) -> Assessment:
    """The assessment with what the picture says against the view that it is taken for."""
    from cardiac.segmentation.view import view_reason

    found = view_reason(sequence, shown)
    if found is None:
        return assessment
    level, reason = found
    levels = (Triage.ACCEPT, Triage.REVIEW, Triage.REJECT)
    return replace(
        assessment,
        triage=max(assessment.triage, level, key=levels.index),
        triage_reasons=(reason, *assessment.triage_reasons),
    )


def _corrected(
    sequence: EchoSequence,
    segmentation: Segmentation,
    settings: ProcessSettings,
    estimator: Estimator | None,
) -> _Corrected:
    """The network's masks, corrected as the settings ask, with their certificates."""
    from cardiac.uncertainty import Estimator
    from cardiac.uncertainty.result import frame_weights

    if estimator is None:
        return _certified(sequence, segmentation, settings)
    # What the network doubts itself tells its frames apart, and costs next to nothing.
    entropy = Estimator(UncertaintySettings(method=MethodName.ENTROPY))
    weights = frame_weights(entropy.estimate(sequence, segmentation, segmentation.masks))
    if settings.fill and settings.correct and estimator.weights is not None:
        return _filled(sequence, segmentation, settings, weights, estimator)
    return _certified(sequence, segmentation, settings, weights)


def _filled(
    sequence: EchoSequence,
    segmentation: Segmentation,
    settings: ProcessSettings,
    weights: Array,
    estimator: Estimator,
) -> _Corrected:
    """As `_certified`, but doubtful frames are first drawn anew by the latent space."""
    from cardiac.anatomy import load_profile
    from cardiac.correction.certify import certify
    from cardiac.uncertainty.fill import certificate_against_network, fill_in

    network, profile = segmentation.masks, load_profile(settings.profile)
    before = certify(
        network,
        sequence.spacing,
        sequence.frame_interval_s,
        profile=profile,
        view=sequence.view,
    )
    filled, drawn = fill_in(sequence, segmentation, estimator)
    start = replace(segmentation, masks=filled)
    masks, certificate, _ = _certified(sequence, start, settings, weights)
    certificate = certificate_against_network(certificate, network, masks, drawn, sequence)
    return _Corrected(masks, certificate, before)


def _certified(
    sequence: EchoSequence,
    segmentation: Segmentation,
    settings: ProcessSettings,
    weights: Array | None = None,
) -> _Corrected:
    """Correct and certify masks, each frame (T,) with its weight."""
    from cardiac.anatomy import load_profile
    from cardiac.correction import correct_masks, remove_debris
    from cardiac.correction.certify import certify

    raw, profile = segmentation.masks, load_profile(settings.profile)
    spacing, interval = sequence.spacing, sequence.frame_interval_s
    if settings.correct:
        correction = correct_masks(
            raw, spacing, interval, weights=weights, profile=profile, view=sequence.view
        )
        return _Corrected(correction.masks, correction.after, correction.before)
    if settings.clean:
        # In place: the raw masks of a long cine weigh as much as the cine, and the
        # segmentation keeps the scores they came from.
        remove_debris(raw, copy=False)
    certificate = certify(raw, spacing, interval, profile=profile, view=sequence.view)
    return _Corrected(raw, certificate, None)


def _assessed(
    estimator: Estimator,
    uncertainty: Uncertainty,
    corrected: _Corrected,
    indices: Indices,
    sequence: EchoSequence,
) -> Assessment:
    """Intervals and triage of masks whose uncertainty is known."""
    from cardiac.uncertainty.triage import triage_sequence

    trained = estimator.weights is not None
    intervals = estimator.intervals(uncertainty, indices, view=sequence.view) if trained else None
    triage = triage_sequence(
        uncertainty,
        indices,
        intervals,
        corrected.certificate,
        calibration=estimator.calibration if trained else None,
        age_years=sequence.subject.age_years,
    )
    return Assessment(triage.level, triage.reasons, intervals)
