"""Consistency: steady motion is consistent, a jump is not, and slow frame rates get more room."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import ATTRIBUTES
from cardiac.errors import GeometryError, SettingsError
from cardiac.temporal import (
    TAU,
    bound_in_force,
    consistency,
    expert_spans,
    measure_spans,
    spans_in_pixels,
)

TYPICAL = np.array([3000.0, 80.0, 35.0, -5.0, 2200.0, 90.0, 60.0])


def _steady(frames: int = 10) -> np.ndarray:
    return TYPICAL + 0.01 * expert_spans() * np.arange(frames)[:, None]


def test_steady_motion_is_consistent_at_any_speed() -> None:
    found = consistency(_steady())
    assert found.consistent
    assert found.frames.all()
    np.testing.assert_allclose(found.deviation[1:-1], 0, atol=1e-9)


@pytest.mark.parametrize("column", range(7))
def test_a_jump_of_one_attribute_is_found_where_it_is(column: int) -> None:
    values = _steady()
    values[4, column] += 1.1 * TAU[column] * expert_spans()[column]
    found = consistency(values)
    assert np.argwhere(~found.within).tolist() == [[4, column]]
    values[4, column] -= 0.2 * TAU[column] * expert_spans()[column]
    assert consistency(values).consistent


def test_the_bound_grows_with_the_square_of_a_long_interval_only() -> None:
    np.testing.assert_allclose(bound_in_force(0.04), 4 * np.array(TAU))
    np.testing.assert_allclose(bound_in_force(0.01), TAU)
    np.testing.assert_allclose(bound_in_force(None), TAU)
    np.testing.assert_allclose(bound_in_force(0.04, scale_with_interval=False), TAU)


def test_the_same_motion_keeps_its_verdict_at_half_the_frame_rate() -> None:
    seconds = np.arange(0, 2, 0.02)
    swing = 0.2 * np.sin(2 * np.pi * seconds)[:, None] * expert_spans()
    fast = consistency(TYPICAL + swing, 0.02)
    slow = consistency(TYPICAL + swing[::2], 0.04)
    ratio = np.nanmax(np.abs(slow.deviation), axis=0) / np.nanmax(np.abs(fast.deviation), axis=0)
    np.testing.assert_allclose(ratio, 4, rtol=0.02)
    np.testing.assert_array_equal(fast.within.all(axis=0), slow.within.all(axis=0))


def test_a_turn_over_the_horizon_is_no_jump() -> None:
    values = _steady(3)
    values[:, 3] = [179.9, -179.9, -179.7]
    assert consistency(values).consistent


@pytest.mark.parametrize("frames", [1, 2])
def test_fewer_than_three_frames_have_no_consistency(frames: int) -> None:
    found = consistency(_steady(frames))
    assert not found.applicable
    assert "fewer than three" in found.reason
    assert found.consistent
    assert np.isnan(found.deviation).all()


def test_a_missing_number_is_not_consistent() -> None:
    values = _steady()
    values[5, 1] = np.nan
    found = consistency(values)
    assert not found.consistent
    assert not found.frames[4:7].any()
    assert found.frames[[0, 3, 7, 9]].all()
    assert "missing in 1 of 10" in found.reason


def test_spans_are_greatest_less_least() -> None:
    values = np.stack([TYPICAL, TYPICAL + 2, TYPICAL - 1])
    np.testing.assert_allclose(measure_spans(values), 3)


def test_pixels_are_scaled_by_the_ventricle_itself() -> None:
    spans = spans_in_pixels(np.array([TYPICAL, TYPICAL]))
    # A ventricle of 80 pixels that stands for about 72 mm.
    ratio = spans / expert_spans()
    assert 1.0 < ratio[1] < 1.2
    np.testing.assert_allclose(ratio[[0, 3]], [ratio[1] ** 2, 1])
    with pytest.raises(GeometryError):
        spans_in_pixels(np.full((4, 7), np.nan))


def test_bounds_and_attributes_are_in_the_same_order() -> None:
    published = {
        "lv_area": 0.0160,
        "lv_base_width": 0.0969,
        "lv_length": 0.0262,
        "lv_orientation": 0.0229,
        "myo_area": 0.0321,
        "epi_center_x": 0.00456,
        "epi_center_y": 0.0110,
    }
    assert dict(zip(ATTRIBUTES, TAU, strict=True)) == published


def test_wrong_shapes_and_spans_are_refused() -> None:
    with pytest.raises(GeometryError):
        consistency(np.zeros((5, 6)))
    with pytest.raises(SettingsError):
        consistency(_steady(), spans=np.zeros(7))


def test_a_bound_wider_than_all_experts_does_not_apply() -> None:
    sequence = _steady(8)
    sequence[4, 2] += 0.9 * expert_spans()[2]
    slow = consistency(sequence, 0.1)
    assert not slow.applies[2]
    assert slow.applies[5]
    assert slow.within.all()
    assert "lv_base_width" in slow.reason
    assert (slow.bound <= 1).all()
    assert not consistency(sequence, 0.05).consistent
    assert consistency(sequence, 0.02).applies.all()
    none = consistency(sequence, 1.0)
    assert not none.applicable
    assert none.consistent


def test_a_missing_number_is_a_fault_at_any_interval() -> None:
    sequence = _steady(8)
    sequence[4, 2] = np.nan
    assert not consistency(sequence, 1.0).consistent
