"""How far a study can be trusted: uncertainty, intervals and the traffic light, put together."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cardiac.segmentation.segmenter import Segmenter
from cardiac.sequence import View
from cardiac.uncertainty import Estimator, Method, Uncertainty, UncertaintySettings

if TYPE_CHECKING:
    from cardiac.clinical import Indices
    from cardiac.correction.certificate import Certificate
    from cardiac.geometry import Mask
    from cardiac.uncertainty.intervals import Intervals
    from cardiac.uncertainty.light import Verdict

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Assessment:
    """What is known of the errors of one sequence.

    Attributes:
        uncertainty: Map and scores of the written masks.
        intervals: Of the indices; None where the models for them are not of this network.
        verdict: The traffic light with its reasons.
    """

    uncertainty: Uncertainty
    intervals: Intervals | None
    verdict: Verdict


@lru_cache(maxsize=4)
def _estimator(settings: UncertaintySettings, segmenter: Segmenter, *, own: bool) -> Estimator:
    if own or settings.weights is not None:
        return Estimator.load(settings, segmenter)
    log.warning("the shipped uncertainty is not of these weights: entropy is used, no intervals")
    return Estimator(settings.model_copy(update={"method": Method.ENTROPY}), None, segmenter)


def estimator_for(settings: UncertaintySettings, segmenter: Segmenter) -> Estimator:
    """The estimator of a network, loaded once.

    Other weights than the shipped ones get their entropy and no intervals, unless weights
    of the uncertainty are named as well.

    Raises:
        WeightsError: The weights are missing, or were made for another network.
    """
    from cardiac.segmentation.weights import SHIPPED

    return _estimator(settings, segmenter, own=segmenter.weights.path == SHIPPED)


def assess(
    estimator: Estimator,
    uncertainty: Uncertainty,
    masks: Mask,
    indices: Indices,
    certificate: Certificate,
    *,
    view: View = View.UNKNOWN,
) -> Assessment:
    """Intervals and traffic light of masks (T, H, W) whose uncertainty is known."""
    from cardiac.uncertainty.light import traffic_light

    trained = estimator.weights is not None
    intervals = (
        estimator.intervals(masks, uncertainty.grid, uncertainty, indices, view=view)
        if trained
        else None
    )
    verdict = traffic_light(
        uncertainty,
        indices,
        intervals,
        certificate,
        calibration=estimator.calibration if trained else None,
    )
    return Assessment(uncertainty, intervals, verdict)
