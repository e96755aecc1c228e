"""What judges an uncertainty must be right before anything is judged by it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.research.evaluation.uncertainty_measures import (
    auroc,
    calibration_error,
    correlation,
    mutual_information,
    overlap,
    risk_after_referral,
    risk_coverage,
)

RNG = np.random.default_rng(0)
WRONG = RNG.random((4, 32, 32)) < 0.2


def test_a_map_that_says_the_true_probability_is_calibrated():
    probability = RNG.random((200, 64))
    assert calibration_error(probability, RNG.random(probability.shape) < probability) < 0.03


def test_certainty_of_the_opposite_is_the_worst_calibration():
    assert calibration_error(1.0 - WRONG, WRONG) == pytest.approx(1)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_bins_hold_both_ends(value: float):
    wrong = np.full((2, 3), bool(value))
    assert calibration_error(np.full((2, 3), value), wrong) == 0


def test_the_error_itself_tells_everything_and_a_constant_nothing():
    assert mutual_information(WRONG.astype(float), WRONG) == pytest.approx(1)
    assert mutual_information(np.full(WRONG.shape, 0.3), WRONG) == pytest.approx(0)


def test_a_map_turned_round_tells_as_much():
    noisy = np.clip(0.6 * WRONG + 0.39 * RNG.random(WRONG.shape), 0, 1)
    assert mutual_information(0.999 - noisy, WRONG) == pytest.approx(
        mutual_information(noisy, WRONG), abs=0.02
    )


def test_overlap_of_the_errors_with_themselves_is_one_and_of_nothing_is_missing():
    assert overlap(WRONG.astype(float), WRONG, 0.5) == 1
    assert overlap(np.zeros((3, 3)), np.zeros((3, 3), bool), 0.5) is None


@given(st.lists(st.floats(0, 1), min_size=4, max_size=20))
def test_turning_scores_round_turns_the_ranking_round(scores: list[float]):
    bad = np.arange(len(scores)) % 2 == 0
    there, back = auroc(scores, bad), auroc([-s for s in scores], bad)
    assert there is not None
    assert back is not None
    assert there + back == pytest.approx(1)


def test_one_kind_of_case_cannot_be_ranked():
    assert auroc([0.1, 0.2], [True, True]) is None
    assert correlation([0.1, 0.1], [0.5, 0.6]) is None


def test_perfect_scores_make_risk_rise_with_coverage_to_the_mean():
    risk = RNG.random(30)
    share, curve = risk_coverage(risk, risk)
    assert (np.diff(curve) >= -1e-12).all()
    assert share[-1] == 1
    assert curve[-1] == pytest.approx(risk.mean())
    assert risk_after_referral(risk, risk) > 0 > risk_after_referral(-risk, risk)
