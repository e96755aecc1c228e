"""Areas and lengths are the heart's own; jitter from pixels stays far below the bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.anatomy import ATTRIBUTES, measure
from cardiac.temporal import TAU, expert_spans
from cardiac.temporal.consistency import second_difference
from tests.shapes import Apical

HEART = Apical()


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-25, 25))
def test_size_does_not_depend_on_where_the_heart_stands(
    down: float, right: float, tilt: float
) -> None:
    there = HEART.with_(annulus=(115 + down, 80 + right), tilt=tilt)
    found = measure(there.mask(), there.spacing)
    assert found["lv_area"][0] == pytest.approx(HEART.lv_area, rel=0.01)
    assert found["lv_length"][0] == pytest.approx(HEART.length, rel=0.012)
    assert found["lv_base_width"][0] == pytest.approx(2 * HEART.half_width, rel=0.04)
    assert found["lv_orientation"][0] == pytest.approx(tilt, abs=0.5)


def test_a_shift_by_whole_pixels_moves_only_the_centre() -> None:
    mask = HEART.with_(tilt=5.0).mask()
    before = measure(mask, (0.7, 0.7)).values[0]
    after = measure(np.roll(mask, (3, 4), (0, 1)), (0.7, 0.7)).values[0]
    np.testing.assert_allclose(after - before, [0, 0, 0, 0, 0, 2.8, 2.1], atol=1e-6)


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_larger_heart_is_larger_by_its_scale(factor: float) -> None:
    small = measure(HEART.mask(), HEART.spacing)
    large = measure(HEART.scaled(factor).mask(), HEART.spacing)
    for name, power in (("lv_area", 2), ("myo_area", 2), ("la_area", 2), ("lv_length", 1)):
        assert large[name][0] / small[name][0] == pytest.approx(factor**power, rel=0.02)


def test_larger_pixels_make_a_larger_heart_of_the_same_shape() -> None:
    mask = HEART.mask()
    one, two = measure(mask, (0.5, 0.5)), measure(mask, (1.0, 1.0))
    np.testing.assert_allclose(two.values / one.values, [[4, 2, 2, 1, 4, 2, 2]], rtol=1e-6)


def test_the_centre_is_the_same_at_every_resolution() -> None:
    centres = []
    for pitch in (0.5, 1.0, 2.0):
        heart = HEART.with_(spacing=(pitch, pitch), size=(round(180 / pitch),) * 2)
        centres.append(measure(heart.mask(), heart.spacing).values[0, 5:])
    # A quarter of the coarsest pixel; an origin at a pixel centre would be 0.75 off.
    assert np.ptp(centres, axis=0).max() < 0.5


def test_without_spacing_everything_is_in_pixels_and_says_so() -> None:
    found = measure(HEART.mask())
    assert found.units == "px"
    assert found["lv_area"][0] == np.count_nonzero(HEART.mask() == 1)
    assert measure(HEART.mask(), HEART.spacing).units == "mm"


def test_what_is_absent_is_missing_with_a_reason_and_not_zero() -> None:
    mask = HEART.mask()
    bare = np.where(np.isin(mask, (1, 3)), 0, mask)
    found = measure(np.stack([mask, bare, np.zeros_like(mask)]), HEART.spacing)
    assert found.reasons[0] == ""
    assert np.isfinite(found.values[0]).all()
    assert np.isnan(found.values[1, :4]).all()
    assert np.isfinite(found.values[1, 4:]).all()
    assert "no left ventricle" in found.reasons[1]
    assert found.landmarks[1] is None
    assert np.isnan(found.la_area[1])
    assert np.isnan(found.values[2]).all()
    assert "empty" in found.reasons[2]


@pytest.mark.parametrize("size", [112, 160, 256])
def test_jitter_from_pixels_is_below_a_third_of_the_bound(size: int) -> None:
    """A heart that drifts, turns and shrinks steadily has second differences of almost nothing."""
    pitch = 180 / size
    frames = []
    for t in range(40):
        heart = HEART.scaled(1 - 0.002 * t).with_(
            annulus=(115 + 0.37 * t * pitch, 75 + 0.23 * t * pitch), tilt=0.31 * t - 3
        )
        frames.append(heart.with_(spacing=(pitch, pitch), size=(size, size)).mask())
    values = measure(np.stack(frames), (pitch, pitch)).values
    jitter = np.sqrt((second_difference(values) ** 2).mean(axis=0)) / expert_spans()
    assert dict(zip(ATTRIBUTES, jitter / TAU, strict=True)) == pytest.approx(
        dict.fromkeys(ATTRIBUTES, 0.0), abs=1 / 3
    )
