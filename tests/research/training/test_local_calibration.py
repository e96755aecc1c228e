"""A laboratory's own cases: intervals fit them, a bias is found, what they cannot tell stays."""

from dataclasses import replace

import numpy as np
import pytest

from cardiac.clinical import measure_indices
from cardiac.errors import SettingsError
from cardiac.research.training.local_calibration import MIN_CASES, read_reference, refit
from cardiac.research.training.uncertainty_calibration import PatientErrors
from cardiac.sequence import View
from tests.shapes import beating

MEASURED = measure_indices(beating(frames=2, beats=1.0), (0.7, 0.7), ed_frames=(0,), es_frames=(1,))


def cases(count: int, spread: float, bias: float = 0.0, view: str = View.A4C, **known):
    """Cases whose true EF is off ours by a normal error, in points."""
    rng = np.random.default_rng(0)
    found = []
    for number, error in enumerate(rng.normal(bias, spread, count)):
        true = {"lv_ef_percent": MEASURED.lv_ef_percent - error}
        truth = replace(MEASURED, values=true)
        found.append(PatientErrors(f"own{number}", view, True, MEASURED, truth, 1.0, **known))
    return found


def test_intervals_become_as_wide_as_the_errors_and_hold_what_they_say(weights):
    for spread in (1.0, 10.0):
        fitted, changes, bounds = refit(weights, cases(60, spread))
        half = fitted.calibration.of_view(View.A4C).half_width("lv_ef_percent", 0.9)
        assert half == pytest.approx(1.645 * spread, rel=0.3)
        assert [change.index for change in changes] == ["lv_ef_percent"]
        assert 0.85 <= changes[0].covered_after <= 0.97
        assert bounds is None
        assert fitted.calibration.review == weights.calibration.review


def test_a_bias_of_a_laboratory_is_found_and_other_indices_keep_their_calibration(weights):
    fitted, changes, _ = refit(weights, cases(60, 2.0, bias=5.0))
    assert changes[0].bias == pytest.approx(5.0, abs=0.8)
    assert changes[0].width_after < 2 * (5.0 + 1.645 * 2.0)
    old, new = weights.calibration, fitted.calibration
    for view in (View.A4C, View.A2C):
        a, b = (c.of_view(view).half_width("lv_edv_ml", 0.9) for c in (old, new))
        assert a == b


def test_masks_give_the_bounds_of_the_triage(weights):
    scores = np.linspace(0.05, 0.5, 2)
    with_masks = cases(60, 2.0, scores=scores, dice=1 - 0.4 * scores)
    fitted, _, bounds = refit(weights, with_masks)
    assert bounds == pytest.approx((0.275, 0.5), abs=1e-6)
    assert fitted.calibration.review["fused"] == bounds[0]


def test_a_few_cases_are_refused(weights):
    with pytest.raises(SettingsError, match="too few"):
        refit(weights, cases(MIN_CASES - 1, 2.0))


@pytest.mark.parametrize(
    "text", ["", "id,lv_mass\na,3\n", "lv_ef_percent\n50\n", "id,lv_ef_percent\na,high\n"]
)
def test_a_reference_that_says_nothing_is_refused(text, tmp_path):
    path = tmp_path / "reference.csv"
    path.write_text(text)
    with pytest.raises(SettingsError):
        read_reference(path)


def test_values_that_are_missing_stay_missing(tmp_path):
    path = tmp_path / "reference.csv"
    path.write_text("\ufeffid,lv_ef_percent,lv_edv_ml,note\na,50,,x\nb,nan,120,\n", "utf-8")
    assert read_reference(path) == {"a": {"lv_ef_percent": 50.0}, "b": {"lv_edv_ml": 120.0}}
