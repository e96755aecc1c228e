"""Intervals hold what they are around, widen with doubt, and go together as hearts do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.clinical import combine_views, measure_indices
from cardiac.errors import SettingsError
from cardiac.geometry import CanonicalGrid
from cardiac.shape import load_shape_model
from cardiac.uncertainty.biplane import combined_intervals, pack_intervals, unpack_intervals
from cardiac.uncertainty.calibration import Calibration, ErrorLaw, conformal
from cardiac.uncertainty.drawn import measure_outlines, volume
from cardiac.uncertainty.intervals import INTERVALS, index_intervals
from cardiac.uncertainty.samples import draw_beats
from tests.shapes import Apical, beating

SPACING = (0.7, 0.7)


@pytest.fixture(scope="module")
def model():
    return load_shape_model().model


def calibration(model, coupling: float = 0.5) -> Calibration:
    return Calibration(
        error_factor=0.15 * np.diag(model.density.codes.std(axis=0)), coupling=coupling
    )


def pair(**changes: object) -> np.ndarray:
    return beating(frames=2, beats=1.0, shape=Apical().with_(**changes))


def drawn(model, masks, score: float = 0.1, stream: int = 0, **changes):
    known = calibration(model, **changes)
    return draw_beats(
        masks, CanonicalGrid.fit(masks.shape[1:], SPACING), np.full(len(masks), score), [(0, 1)],
        model=model, calibration=known, law=ErrorLaw(0.1, 0.5), draws=80, seed=0, stream=stream,
    )  # fmt: skip


def measured(masks):
    return measure_indices(masks, SPACING, ed_frames=(0,), es_frames=(1,))


def found(model, masks, score: float = 0.1, **changes):
    indices = measured(masks)
    return indices, index_intervals(indices, drawn(model, masks, score, **changes))


def test_every_measured_index_lies_in_its_interval(model):
    indices, intervals = found(model, pair())
    for name in INTERVALS:
        value = getattr(indices, name)
        if value is not None:
            low, high = intervals.bounds[name]
            assert low <= value <= high
            assert low < high


def test_intervals_widen_with_the_score(model):
    widths = [found(model, pair(), score)[1].width("lv_ef_percent") for score in (0.05, 0.1, 0.4)]
    assert widths[0] < widths[1] < widths[2]


def test_however_great_the_doubt_no_more_than_all_is_ejected_and_no_less_than_nothing(model):
    bounds = found(model, pair(), score=5.0)[1].bounds
    for name in ("lv_ef_percent", "lv_fac_percent"):
        low, high = bounds[name]
        assert low == 0.0
        assert high <= 100.0


def test_errors_that_ed_and_es_share_cancel_in_the_ef(model):
    apart = found(model, pair(), coupling=0.0)[1]
    together = found(model, pair(), coupling=0.95)[1]
    assert together.width("lv_ef_percent") < 0.6 * apart.width("lv_ef_percent")
    assert together.width("lv_edv_ml") == pytest.approx(apart.width("lv_edv_ml"), rel=0.35)


def test_factors_stretch_around_the_value(model):
    indices, one = found(model, pair())
    known = Calibration(misses={"lv_edv_ml": {"p": 2.0}})
    wide = index_intervals(indices, drawn(model, pair()), known)
    assert wide.width("lv_edv_ml") == pytest.approx(2 * one.width("lv_edv_ml"))
    assert wide.width("lv_esv_ml") == one.width("lv_esv_ml")


def test_a_lean_moves_an_interval_to_where_the_expert_is_to_be_expected(model):
    indices, one = found(model, pair())
    known = Calibration(leans={"lv_ef_percent": (-1.0, 0.1), "lv_edv_ml": (-0.02, 0.0)})
    moved = index_intervals(indices, drawn(model, pair()), known)
    for name, by in (
        ("lv_ef_percent", 1.0 - 0.1 * indices.lv_ef_percent),
        ("lv_edv_ml", 0.02 * indices.lv_edv_ml),
    ):
        np.testing.assert_allclose(np.subtract(moved.bounds[name], one.bounds[name]), by, atol=1e-9)
    far = Calibration(leans={"lv_ef_percent": (60.0, 0.0)})
    low, high = index_intervals(indices, drawn(model, pair()), far).bounds["lv_ef_percent"]
    assert low < high == indices.lv_ef_percent


def test_a_beat_without_a_code_has_no_interval_and_says_so(model):
    masks = pair()
    masks[1] = 0
    indices, intervals = found(model, masks)
    assert intervals.bounds == {} or "lv_ef_percent" not in intervals.bounds
    indices, _ = found(model, pair())
    none = index_intervals(indices, [])
    assert not none.bounds
    assert set(none.reasons) == {n for n in INTERVALS if getattr(indices, n) is not None}


def test_an_index_that_was_not_measured_has_no_interval(model):
    _, intervals = found(model, pair())
    assert "ef_area_length_uncalibrated" not in intervals.bounds
    names = {f"{n}_{end}" for n in intervals.bounds for end in ("low", "high")}
    assert set(intervals.numbers()) == names


def two_views(model, coupling: float = 0.5):
    """Indices of both views and their draws."""
    masks = pair(), pair(half_width=24.0)
    return [
        (measured(m), drawn(model, m, stream=stream, coupling=coupling))
        for stream, m in enumerate(masks)
    ]


def test_two_views_make_one_interval_of_the_biplane_ef(model):
    (a, da), (b, db) = two_views(model)
    views = index_intervals(a, da), index_intervals(b, db)
    both = combined_intervals(combine_views(a, b), views)
    for name in ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent"):
        low, high = both.bounds[name]
        assert low < getattr(combine_views(a, b), name) < high
    with pytest.raises(SettingsError):
        combined_intervals(combine_views(a, b), (views[0], index_intervals(b, db, level=0.5)))
    kept = tuple(unpack_intervals(pack_intervals(view)) for view in views)
    again = combined_intervals(combine_views(a, b), kept)
    for name, bounds in both.bounds.items():
        assert again.bounds[name] == pytest.approx(bounds, rel=2e-3)


def test_errors_of_two_views_even_out_as_far_as_they_are_not_shared(model):
    widths = {}
    for coupling in (0.0, 0.9):
        (a, da), (b, db) = two_views(model, coupling)
        views = index_intervals(a, da), index_intervals(b, db)
        both = combined_intervals(combine_views(a, b), views)
        value = combine_views(a, b).lv_edv_ml
        alone = np.mean(
            [v.width("lv_edv_ml") / i.lv_edv_ml for v, i in zip(views, (a, b), strict=True)]
        )
        widths[coupling] = both.width("lv_edv_ml") / value / alone
    assert widths[0.0] == pytest.approx(np.sqrt(0.5), abs=0.12)
    assert widths[0.0] < widths[0.9] <= 1.001


def test_draws_of_two_views_combine_as_discs_do(model):
    """The mean of two relative deviations stands for the volume of discs of two diameters."""
    (a, da), (b, db) = two_views(model)
    discs = volume(
        da[0].ed.drawn.diameters,
        np.maximum(da[0].ed.drawn.length, db[0].ed.drawn.length),
        db[0].ed.drawn.diameters,
    )
    own = volume(
        da[0].ed.own.diameters,
        np.maximum(da[0].ed.own.length, db[0].ed.own.length),
        db[0].ed.own.diameters,
    )
    views = index_intervals(a, da), index_intervals(b, db)
    mean = combined_intervals(combine_views(a, b), views).samples["lv_edv_ml"]
    assert np.corrcoef(discs / own - 1, mean)[0, 1] > 0.97
    assert mean.std() == pytest.approx((discs / own).std(), rel=0.15)


def test_outlines_are_measured_as_masks_are(model):
    codes = model.encode(Apical(spacing=(0.7, 0.7)).mask()[None])
    outline = model.outlines(codes.mean)
    drawn = measure_outlines(outline)
    masks = model.labels(codes.mean)
    indices = measure_indices(np.repeat(masks, 2, 0), (1.0, 1.0), ed_frames=(0,), es_frames=(1,))
    assert drawn.volume[0] / 1000 == pytest.approx(indices.lv_edv_ml, rel=0.03)
    assert drawn.area[0] / 100 == pytest.approx(indices.lv_area_ed_cm2, rel=0.02)
    assert drawn.length[0] == pytest.approx(indices.lv_length_ed_mm, rel=0.02)
    assert drawn.wall[0] / 100 == pytest.approx(indices.myo_area_ed_cm2, rel=0.06)
    assert drawn.la_area[0] / 100 == pytest.approx(indices.la_area_es_cm2, rel=0.08)


@given(st.lists(st.floats(0.01, 10), min_size=20, max_size=60))
def test_the_conformal_factor_holds_at_least_its_share(misses: list[float]):
    factor = conformal(misses, 0.9)
    assert np.mean(np.array(misses) <= factor) >= 0.9
    assert factor in misses


def test_a_patient_left_out_does_not_help_to_calibrate():
    misses = {"lv_ef_percent": {f"p{n}": 0.1 * n for n in range(30)}}
    known = Calibration(misses=misses)
    assert (
        known.factors(0.9, without=["p29"])["lv_ef_percent"] < known.factors(0.9)["lv_ef_percent"]
    )
    assert known.factors(0.5)["lv_ef_percent"] < known.factors(0.9)["lv_ef_percent"]
    assert Calibration(misses={"lv_ef_percent": {}}).factors()["lv_ef_percent"] == 1


def test_with_a_typical_width_only_the_scores_widen_an_interval(model):
    indices, one = found(model, pair(), 0.1)
    known = Calibration(typical={"lv_ef_percent": 8.0})
    near, far = (index_intervals(indices, drawn(model, pair(), s), known) for s in (0.1, 0.4))
    assert near.width("lv_ef_percent") == pytest.approx(16.0, rel=0.01)
    assert far.width("lv_ef_percent") == pytest.approx(32.0, rel=0.01)
    assert near.width("lv_edv_ml") == one.width("lv_edv_ml")
