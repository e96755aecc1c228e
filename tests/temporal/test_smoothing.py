"""The exact smoothing, against a general solver and against what the problem says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize, nnls

from cardiac.errors import GeometryError, SettingsError
from cardiac.temporal.smoothing import smooth, smoothness_from_noise


def _bends(x: np.ndarray, periodic: bool = False) -> np.ndarray:
    bend = x - (np.roll(x, 1) + np.roll(x, -1)) / 2
    return bend if periodic else bend[1:-1]


def _matrix(count: int, periodic: bool) -> np.ndarray:
    return np.stack([_bends(e, periodic) for e in np.eye(count)], axis=1)


def _objective(x, y, weights, smoothness, periodic=False):
    return (weights * (x - y) ** 2).sum() + 4 * smoothness * (_bends(x, periodic) ** 2).sum()


def _by_nonnegative_least_squares(y, bound, weights, smoothness, periodic):
    """The same program as a least-distance problem (Lawson and Hanson 1974, chapter 23)."""
    rows = _matrix(len(y), periodic)
    limit = np.broadcast_to(bound, len(y))
    limit = limit if periodic else limit[1:-1]
    root = np.linalg.cholesky(np.diag(weights) + 4 * smoothness * rows.T @ rows)
    free = np.linalg.solve(root, weights * y)
    # z = rootᵀ x − free is to be short, subject to ±rows x ≤ limit.
    back = np.linalg.solve(root, rows.T).T
    sides = np.vstack([-back, back])
    needed = np.concatenate([-limit + back @ free, -limit - back @ free])
    if (needed <= 0).all():
        return np.linalg.solve(root.T, free)
    system = np.vstack([sides.T, needed])
    goal = np.eye(len(system))[-1]
    residual = system @ nnls(system, goal, maxiter=10_000)[0] - goal
    return np.linalg.solve(root.T, free - residual[:-1] / residual[-1])


signals = st.integers(3, 24).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(-10, 10, width=32), min_size=n, max_size=n),
        st.lists(st.floats(0.125, 10, width=32), min_size=n, max_size=n),
        st.lists(st.floats(0.0, 2, width=32), min_size=n, max_size=n),
    )
)


@given(signals, st.booleans(), st.sampled_from([0.0, 0.3, 5.0]))
@settings(max_examples=150, deadline=None)
def test_agrees_with_a_general_solver(drawn, periodic, smoothness):
    y, weights, bound = map(np.array, drawn)
    ours = smooth(y, bound, weights, smoothness, periodic=periodic).values
    theirs = _by_nonnegative_least_squares(y, bound, weights, smoothness, periodic)
    scale = max(1.0, np.abs(y).max())
    np.testing.assert_allclose(ours, theirs, atol=1e-8 * scale)


@given(signals, st.booleans(), st.sampled_from([0.0, 0.3, 5.0]))
@settings(max_examples=150, deadline=None)
def test_bounds_are_kept_and_no_feasible_signal_is_nearer(drawn, periodic, smoothness):
    y, weights, bound = map(np.array, drawn)
    found = smooth(y, bound, weights, smoothness, periodic=periodic)
    limit = bound if periodic else bound[1:-1]
    assert (np.abs(_bends(found.values, periodic)) <= limit + 1e-8).all()
    # Convex: were there a better feasible signal, the way to it would go down at once.
    best = _objective(found.values, y, weights, smoothness, periodic)
    rng = np.random.default_rng(0)
    for _ in range(10):
        near = y + rng.normal(size=len(y))
        other = smooth(near, bound, weights, smoothness, periodic=periodic).values
        for share in (1e-4, 0.1, 1.0):
            there = found.values + share * (other - found.values)
            assert _objective(there, y, weights, smoothness, periodic) >= best - 1e-8 * (1 + best)


def test_a_periodic_signal_agrees_with_a_general_solver():
    rng = np.random.default_rng(3)
    time = np.arange(12) / 12
    y = np.cos(2 * np.pi * time) + rng.normal(scale=0.2, size=12)
    rows = _matrix(12, True)
    found = minimize(
        lambda x: _objective(x, y, 1.0, 0.2, True),
        y * 0,
        constraints=LinearConstraint(rows, -0.1, 0.1),
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    np.testing.assert_allclose(smooth(y, 0.1, None, 0.2, periodic=True).values, found.x, atol=1e-6)


def test_a_beat_may_start_at_any_frame():
    rng = np.random.default_rng(5)
    y = np.cos(2 * np.pi * np.arange(20) / 20) + rng.normal(scale=0.1, size=20)
    rolled = smooth(np.roll(y, 7), 0.02, None, 0.1, periodic=True).values
    plain = smooth(y, 0.02, None, 0.1, periodic=True).values
    np.testing.assert_allclose(np.roll(rolled, -7), plain, atol=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_a_signal_that_keeps_its_bounds_comes_back_bit_by_bit(values):
    y = np.array(values)
    bound = 1.0 + (np.abs(_bends(y)).max() if len(y) > 2 else 0.0)
    found = smooth(y, bound)
    assert found.values.tobytes() == y.tobytes()
    assert found.moved == 0
    assert not found.active.any()


def test_smoothing_twice_equals_smoothing_once():
    rng = np.random.default_rng(1)
    once = smooth(rng.normal(size=20), 0.05).values
    np.testing.assert_allclose(smooth(once, 0.05).values, once, atol=1e-9)


def test_a_bound_of_zero_everywhere_leaves_the_regression_line():
    rng = np.random.default_rng(2)
    y, time = rng.normal(size=20), np.arange(20)
    line = np.polyval(np.polyfit(time, y, 1), time)
    np.testing.assert_allclose(smooth(y, 0.0).values, line, atol=1e-9)
    np.testing.assert_allclose(smooth(y, 0.0, periodic=True).values, y.mean(), atol=1e-9)


def test_one_frame_with_its_own_bound_is_the_only_one_held():
    y = np.array([0.0, 0, 1, 0, 0])
    found = smooth(y, [np.inf, np.inf, 0.1, np.inf, np.inf])
    assert found.active.tolist() == [False, False, True, False, False]
    assert _bends(found.values)[1] == pytest.approx(0.1)


def test_a_frame_of_great_weight_stays_where_it_is():
    y = np.array([0.0, 0, 1, 0, 0])
    moved = np.abs(smooth(y, 0.05, [1, 1, 1e8, 1, 1]).values - y)
    assert moved[2] < 1e-6 < moved[1]


def test_scale_and_offset_do_not_matter():
    rng = np.random.default_rng(4)
    y = rng.normal(size=15)
    plain = smooth(y, 0.1, None, 0.5).values
    scaled = smooth(1e-6 * y + 3e-5, 1e-7, None, 0.5).values
    np.testing.assert_allclose((scaled - 3e-5) * 1e6, plain, atol=1e-8)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_or_two_frames_cannot_bend(count):
    y = np.arange(count, dtype=float)
    assert smooth(y, 0.0, None, 3.0).values.tolist() == y.tolist()


def test_a_line_has_no_noise_and_noise_asks_for_smoothness():
    rng = np.random.default_rng(6)
    time = np.linspace(0, 2 * np.pi, 40)
    assert smoothness_from_noise(np.arange(20.0)) == 0
    assert smoothness_from_noise(rng.normal(size=4)) == 0
    quiet = smoothness_from_noise(np.cos(time) + 1e-3 * rng.normal(size=40))
    loud = smoothness_from_noise(np.cos(time) + 0.2 * rng.normal(size=40))
    assert 0 < quiet < 0.05
    assert 0.2 < loud <= 1


def test_the_rule_brings_a_noisy_motion_nearer_to_the_truth():
    rng = np.random.default_rng(7)
    truth = np.cos(np.linspace(0, 2 * np.pi, 30))
    for noise in (0.02, 0.1, 0.3):
        errors = []
        for _ in range(20):
            y = truth + noise * rng.normal(size=30)
            x = smooth(y, np.inf, None, smoothness_from_noise(y)).values
            errors.append([np.square(y - truth).mean(), np.square(x - truth).mean()])
        before, after = np.mean(errors, axis=0)
        assert after < 0.9 * before


@pytest.mark.parametrize(
    ("signal", "bound", "weights", "smoothness", "error"),
    [
        ([0, np.nan, 1], 1.0, None, 0.0, SettingsError),
        ([0, 1, 2], -1.0, None, 0.0, SettingsError),
        ([0, 1, 2], [1, np.nan, 1], None, 0.0, SettingsError),
        ([0, 1, 2], 1.0, [1, 0, 1], 0.0, SettingsError),
        ([0, 1, 2], 1.0, [1, np.inf, 1], 0.0, SettingsError),
        ([0, 1, 2], 1.0, None, -1.0, SettingsError),
        ([0, 1, 2], [1, 1], None, 0.0, GeometryError),
        ([[0, 1, 2]], 1.0, None, 0.0, GeometryError),
    ],
)
def test_what_makes_no_sense_is_refused(signal, bound, weights, smoothness, error):
    with pytest.raises(error):
        smooth(signal, bound, weights, smoothness)
