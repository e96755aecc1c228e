"""Intervals hold what they say, widen with the score, and have the estimate in their middle."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.clinical import combine_views, measure_indices
from cardiac.errors import SettingsError
from cardiac.sequence import View
from cardiac.uncertainty.calibration import (
    BIPLANE,
    Calibration,
    ConformalScores,
    ErrorModel,
    conformal_quantile,
)
from cardiac.uncertainty.intervals import (
    CHANGES,
    INTERVALS,
    SIZES,
    Intervals,
    combined_intervals,
    index_intervals,
)
from tests.shapes import Apical, beating

SPACING = (0.7, 0.7)
MODEL = ErrorModel(0.1, 0.5)
PATIENTS = tuple(f"p{n}" for n in range(40))


def scores_of(size: float = 0.1, change: float = 8.0, **bias: float) -> ConformalScores:
    """Scores that rise evenly to a fraction for sizes, to points for changes."""
    steps = np.linspace(0.02, 1, len(PATIENTS))
    scores = {name: tuple(steps * (size if name in SIZES else change)) for name in INTERVALS}
    return ConformalScores(PATIENTS, scores, bias)


KNOWN = Calibration(conformal={View.A4C: scores_of(), View.A2C: scores_of(0.2, 16.0)})


def measured(**changes: object):
    masks = beating(frames=2, beats=1.0, shape=Apical().with_(**changes))
    return measure_indices(masks, SPACING, ed_frames=(0,), es_frames=(1,))


INDICES = measured()


def intervals(score: float = 0.1, known: Calibration = KNOWN, indices=INDICES, **changes):
    return index_intervals(indices, np.full(2, score), known, MODEL, **changes)


def test_the_estimate_stands_in_the_middle_and_is_what_was_measured():
    found = intervals()
    for name in INTERVALS:
        value = INDICES.values.get(name)
        if value is not None:
            low, high = found.bounds[name]
            assert low < value < high
            assert found.estimates[name] == value == pytest.approx((low + high) / 2)


def test_a_bias_moves_estimate_and_interval_together_and_leaves_the_width():
    known = Calibration(
        conformal={View.A4C: scores_of(lv_ef_percent=2.5, lv_edv_ml=-0.1)},
    )
    plain, moved = intervals(), intervals(known=known)
    assert moved.estimates["lv_ef_percent"] == pytest.approx(INDICES.lv_ef_percent - 2.5)
    assert moved.estimates["lv_edv_ml"] == pytest.approx(1.1 * INDICES.lv_edv_ml)
    for name in ("lv_ef_percent", "lv_edv_ml"):
        assert np.mean(moved.bounds[name]) == pytest.approx(moved.estimates[name])
        assert moved.width(name) == pytest.approx(plain.width(name))


def test_intervals_widen_with_score_and_level_and_differ_by_view():
    name = "lv_ef_percent"
    widths = [intervals(score).width(name) for score in (0.05, 0.1, 0.4)]
    assert widths[0] < widths[1] < widths[2] == pytest.approx(2 * widths[1])
    assert intervals(level=0.5).width(name) < intervals(level=0.9).width(name)
    assert intervals(view=View.A2C).width(name) == pytest.approx(2 * intervals().width(name))
    assert intervals(view=View.UNKNOWN).bounds == intervals(view=View.A4C).bounds


def test_however_great_the_doubt_no_more_than_all_is_ejected_and_no_less_than_nothing():
    bounds = intervals(score=50.0).bounds
    for name in ("lv_ef_percent", "lv_fac_percent"):
        assert bounds[name][0] >= 0.0
        assert bounds[name][1] <= 100.0
    assert all(bounds[name][0] >= 0 for name in SIZES if name in bounds)


def test_an_ef_below_zero_is_held_as_well():
    turned = replace(INDICES, values={**INDICES.values, "lv_ef_percent": -4.0})
    low, high = intervals(indices=turned).bounds["lv_ef_percent"]
    assert low <= -4.0 <= high


def test_an_index_without_known_errors_has_no_interval_and_says_why():
    bare = intervals(known=Calibration())
    assert not bare.bounds
    assert {r.code for r in bare.reasons.values()} == {"no_interval"}
    assert set(bare.reasons) == {n for n in INTERVALS if INDICES.values.get(n) is not None}
    assert "ef_area_length_uncalibrated" not in intervals().bounds
    assert not index_intervals(measured().__class__(), np.zeros(2), KNOWN, MODEL).bounds


def test_an_uncalibrated_ef_is_as_uncertain_as_a_calibrated_one():
    masks = beating(frames=2, beats=1.0)
    indices = measure_indices(masks, None, ed_frames=(0,), es_frames=(1,))
    found = intervals(indices=indices)
    width = found.width("ef_area_length_uncalibrated")
    assert width == pytest.approx(intervals().width("lv_ef_percent"))


def two_views(known: Calibration = KNOWN, **changes):
    a, b = INDICES, measured(half_width=24.0)
    views = (
        intervals(known=known, view=View.A4C, **changes),
        intervals(known=known, indices=b, view=View.A2C, **changes),
    )
    return combine_views(a, b), views


def test_errors_of_two_views_even_out_as_far_as_they_are_not_shared():
    both = Calibration(conformal={View.A4C: scores_of(), View.A2C: scores_of()})
    for correlation in (0.0, 0.9):
        combined, views = two_views(both.replace(error_correlation=correlation))
        found = combined_intervals(combined, views)
        ratio = found.width("lv_edv_ml") / combined.lv_edv_ml
        alone = views[0].width("lv_edv_ml") / INDICES.lv_edv_ml
        assert ratio / alone == pytest.approx(np.sqrt((1 + correlation) / 2))


def test_biplane_intervals_are_calibrated_on_both_views_together():
    own = scores_of(0.05, 4.0, lv_ef_percent=1.0)
    combined, views = two_views(KNOWN.replace(conformal={**KNOWN.conformal, BIPLANE: own}))
    found = combined_intervals(combined, views)
    half = own.half_width("lv_ef_percent", 0.9)
    assert found.width("lv_ef_percent") == pytest.approx(2 * half)
    assert found.estimates["lv_ef_percent"] == pytest.approx(combined.lv_ef_percent - 1.0)
    with pytest.raises(SettingsError):
        combined_intervals(combined, (views[0], two_views(level=0.5)[1][1]))


def test_a_view_keeps_in_json_all_that_a_biplane_interval_needs():
    combined, views = two_views()
    kept = tuple(Intervals.from_json(view.to_json()) for view in views)
    assert combined_intervals(combined, kept).bounds == combined_intervals(combined, views).bounds
    assert kept[0].bounds == views[0].bounds
    bare = intervals(known=Calibration())
    assert Intervals.from_json(bare.to_json()).reasons == bare.reasons


@given(st.lists(st.floats(0.01, 10), min_size=20, max_size=60), st.sampled_from([0.5, 0.8, 0.9]))
def test_the_conformal_quantile_holds_at_least_its_fraction(scores: list[float], level: float):
    found = conformal_quantile(scores, level)
    assert np.mean(np.array(scores) <= found) >= level
    assert found in scores


def test_new_patients_are_held_as_often_as_promised():
    """Whatever the distribution: the mean coverage of exchangeable patients is the level."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(400):
        errors = np.abs(rng.standard_t(3, size=60))
        held.append(np.mean(errors[50:] <= conformal_quantile(errors[:50], 0.9)))
    assert 0.89 <= np.mean(held) <= 0.93


def test_a_patient_left_out_does_not_help_to_calibrate():
    known = scores_of()
    whole = known.half_width("lv_ef_percent", 0.9)
    assert known.half_width("lv_ef_percent", 0.9, without=PATIENTS[-4:]) < whole
    assert known.half_width("lv_ef_percent", 0.9, without=PATIENTS) is None


def test_a_calibration_comes_back_from_its_numbers():
    known = KNOWN.replace(error_models={"fused": MODEL}, review={"fused": 0.2}, slope=1.5)
    again = Calibration.from_numbers(known.numbers())
    assert again.numbers() == known.numbers()
    assert again.error_model("fused") == MODEL
    assert set(CHANGES) < set(again.of_view(View.A2C).scores)
