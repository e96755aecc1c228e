"""Triage says what to do and why; what is critical is never outvoted."""

from dataclasses import replace

import numpy as np
import pytest

from cardiac.clinical import measure_indices
from cardiac.geometry import CanonicalGrid
from cardiac.states import Triage
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.intervals import Intervals
from cardiac.uncertainty.ood import OutOfDistribution
from cardiac.uncertainty.result import LEAST_WEIGHT, Uncertainty, frame_weights
from cardiac.uncertainty.triage import implausible_indices, triage_sequence
from tests.shapes import Apical, beating

MASKS = beating(frames=20, beats=1.0)
INDICES = measure_indices(MASKS, (0.7, 0.7), np.arange(20) * 0.04)
CALIBRATION = Calibration(review={"fused": 0.2}, reject={"fused": 0.4})


def uncertainty(scores, ood: float = 0.0) -> Uncertainty:
    scores = np.broadcast_to(np.asarray(scores, float), (20,))
    out = np.arange(20) < ood * 20
    known = OutOfDistribution(np.ones(20), out.astype(float), out)
    grid = CanonicalGrid.fit((256, 256))
    return Uncertainty("fused", np.zeros((20, 128, 128), np.float16), grid, scores, known)


def triage(u: Uncertainty, indices=INDICES, intervals=None):
    return triage_sequence(u, indices, intervals, calibration=CALIBRATION)


def test_a_good_sequence_is_accepted_without_reasons():
    found = triage(uncertainty(0.1))
    assert found.level is Triage.ACCEPT
    assert not found.reasons


@pytest.mark.parametrize(
    ("u", "expected"),
    [
        (uncertainty(0.3), Triage.REVIEW),
        (uncertainty(0.5), Triage.REJECT),
        (uncertainty(0.1, ood=0.2), Triage.REVIEW),
        (uncertainty(0.1, ood=0.9), Triage.REJECT),
        (uncertainty(1.0), Triage.REJECT),
    ],
)
def test_the_worse_the_sequence_the_graver_the_triage(u, expected):
    found = triage(u)
    assert found.level is expected
    assert found.reasons


def test_a_wide_interval_asks_for_a_review():
    wide = Intervals(0.9, {"lv_ef_percent": (20.0, 70.0)})
    assert triage(uncertainty(0.1), intervals=wide).level is Triage.REVIEW


def test_a_short_round_ventricle_may_be_foreshortened():
    masks = beating(frames=20, shape=Apical(length=45.0, half_width=32.0))
    found = triage(uncertainty(0.1), measure_indices(masks, (0.7, 0.7), np.arange(20) * 0.04))
    assert "foreshortened" in [reason.code for reason in found.reasons]


def test_without_end_diastole_there_is_nothing_to_accept():
    indices = replace(INDICES, ed_frames=(), es_frames=(), beats=(), values={})
    assert triage(uncertainty(0.1), indices).level is Triage.REJECT


def test_frames_weigh_less_the_more_uncertain_they_are():
    scores = np.full(20, 0.1)
    scores[3], scores[7] = 0.4, 0.02
    weights = frame_weights(uncertainty(scores))
    assert ((weights >= LEAST_WEIGHT) & (weights <= 1)).all()
    assert weights[3] < 0.5
    assert weights[7] == weights[0] == 1


def test_a_sequence_that_is_as_uncertain_everywhere_is_weighed_as_any_other():
    assert (frame_weights(uncertainty(0.6)) == 1).all()


def codes(indices) -> list[str]:
    found = triage(uncertainty(0.1), indices)
    assert found.level is Triage.REJECT
    return [reason.code for reason in found.reasons]


def test_a_ventricle_that_grows_in_systole_is_rejected():
    turned = measure_indices(MASKS, (0.7, 0.7), ed_frames=(10,), es_frames=(0,))
    assert turned.lv_esv_ml > turned.lv_edv_ml
    assert codes(turned)[0] == "esv_above_edv"
    still = measure_indices(MASKS, None, ed_frames=(10,), es_frames=(0,))
    assert codes(still)[0] == "no_contraction"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lv_ef_percent", 0.6),
        ("lv_ef_percent", 97.0),
        ("lv_edv_ml", 63_000.0),
        ("lv_edv_ml", 0.5),
        ("lv_length_ed_mm", 400.0),
        ("la_area_es_cm2", 300.0),
        ("ef_area_length_uncalibrated", 2.0),
        ("heart_rate_bpm", 62_000.0),
    ],
)
def test_what_no_heart_can_be_is_never_accepted(name, value):
    assert f"implausible_{name}" in codes(replace(INDICES, values={**INDICES.values, name: value}))


@pytest.mark.parametrize(("scale", "age"), [(0.25, 0.5), (0.6, 9.0), (1.0, None), (1.3, 60.0)])
def test_hearts_from_infants_to_dilated_ventricles_are_plausible(scale, age):
    indices = measure_indices(MASKS, (0.7 * scale, 0.7 * scale), np.arange(20) * 0.04)
    assert not implausible_indices(indices, age)


def test_an_infants_heart_in_an_adult_is_a_wrong_pixel_size():
    indices = measure_indices(MASKS, (0.175, 0.175), np.arange(20) * 0.04)
    assert {r.code for r in implausible_indices(indices, 60.0)} >= {"implausible_lv_edv_ml"}


def test_a_sequence_of_which_half_shows_no_heart_is_rejected():
    found = triage(uncertainty(np.where(np.arange(20) < 12, 1.0, 0.1)))
    assert found.level is Triage.REJECT
    assert found.reasons[0].code == "no_heart"
