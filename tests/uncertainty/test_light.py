"""The light says what to do and why; what is grave is never outvoted."""

from dataclasses import replace

import numpy as np
import pytest

from cardiac.clinical import measure_indices
from cardiac.geometry import CanonicalGrid
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.intervals import Intervals
from cardiac.uncertainty.light import Light, traffic_light
from cardiac.uncertainty.result import Familiarity, Uncertainty
from cardiac.uncertainty.trust import LEAST_WEIGHT, frame_weights
from tests.shapes import Apical, beating

MASKS = beating(frames=20, beats=1.0)
INDICES = measure_indices(MASKS, (0.7, 0.7), np.arange(20) * 0.04)
CALIBRATION = Calibration(review={"fused": 0.2}, reject={"fused": 0.4})


def uncertainty(scores, strange: float = 0.0) -> Uncertainty:
    scores = np.broadcast_to(np.asarray(scores, float), (20,))
    out = np.arange(20) < strange * 20
    known = Familiarity(np.ones(20), out.astype(float), out)
    grid = CanonicalGrid.fit((256, 256))
    return Uncertainty("fused", np.zeros((20, 128, 128), np.float16), grid, scores, known)


def light(u: Uncertainty, indices=INDICES, intervals=None):
    return traffic_light(u, indices, intervals, calibration=CALIBRATION)


def test_a_good_sequence_is_accepted_without_reasons():
    verdict = light(uncertainty(0.1))
    assert verdict.light is Light.ACCEPT
    assert not verdict.reasons


@pytest.mark.parametrize(
    ("u", "expected"),
    [
        (uncertainty(0.3), Light.REVIEW),
        (uncertainty(0.5), Light.REJECT),
        (uncertainty(0.1, strange=0.2), Light.REVIEW),
        (uncertainty(0.1, strange=0.9), Light.REJECT),
        (uncertainty(1.0), Light.REJECT),
    ],
)
def test_the_worse_the_sequence_the_graver_the_light(u, expected):
    verdict = light(u)
    assert verdict.light is expected
    assert verdict.reasons


def test_a_wide_interval_asks_for_a_review():
    wide = Intervals(0.9, {"lv_ef_percent": (20.0, 70.0)})
    assert light(uncertainty(0.1), intervals=wide).light is Light.REVIEW


def test_a_short_round_ventricle_may_be_foreshortened():
    masks = beating(frames=20, shape=Apical(length=45.0, half_width=32.0))
    verdict = light(uncertainty(0.1), measure_indices(masks, (0.7, 0.7), np.arange(20) * 0.04))
    assert any("foreshortened" in reason for reason in verdict.reasons)


def test_without_end_diastole_there_is_nothing_to_accept():
    indices = replace(INDICES, ed_frames=(), es_frames=(), beats=(), lv_ef_percent=None)
    assert light(uncertainty(0.1), indices).light is Light.REJECT


def test_frames_weigh_less_the_more_uncertain_they_are():
    scores = np.full(20, 0.1)
    scores[3], scores[7] = 0.4, 0.02
    weights = frame_weights(uncertainty(scores))
    assert ((weights >= LEAST_WEIGHT) & (weights <= 1)).all()
    assert weights[3] < 0.5
    assert weights[7] == weights[0] == 1


def test_a_sequence_that_is_as_uncertain_everywhere_is_weighed_as_any_other():
    assert (frame_weights(uncertainty(0.6)) == 1).all()
