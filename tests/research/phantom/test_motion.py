"""The flow carries points where they belong and never folds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cardiac.research.phantom.motion import Flow

SIZE = 96


def ring(radius: float, n: int = 30) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return 48 + radius * np.stack([np.sin(angle), np.cos(angle)], axis=1)


def at(place: np.ndarray, points: np.ndarray) -> np.ndarray:
    rows, columns = np.rint(points).astype(int).T
    return place[:, rows, columns].T


def test_a_shrinking_ring_comes_from_where_it_was() -> None:
    flow = Flow.between(ring(30), ring(20), SIZE, reach=80)
    back, forth = flow.maps(1.0)
    assert np.abs(at(back, ring(20)) - ring(30)).max() < 2.0
    assert np.allclose(forth, np.indices((SIZE, SIZE)), atol=1e-4)
    start_back, start_forth = flow.maps(0.0)
    assert np.allclose(start_back, np.indices((SIZE, SIZE)), atol=1e-4)
    assert np.abs(at(start_forth, ring(30)) - ring(20)).max() < 2.0


def test_nothing_moves_far_from_the_points() -> None:
    flow = Flow.between(ring(10), ring(8), SIZE, reach=20)
    back, _ = flow.maps(1.0)
    assert np.allclose(back[:, :8, :8], np.indices((8, 8)), atol=1e-3)


@given(st.integers(0, 10_000), st.floats(0, 8))
def test_contradicting_points_never_fold_the_plane(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    start = ring(28)
    end = ring(18) + rng.normal(0, spread, start.shape)
    flow = Flow.between(start, end, SIZE, reach=60)
    assert flow.least_jacobian() > 0


def test_the_least_jacobian_sees_a_fold() -> None:
    flow = Flow.between(ring(30), ring(20), SIZE, reach=80)
    bad = flow.to_start.copy()
    bad[3, 0, 10] += 9.0
    assert Flow(bad, flow.to_end, SIZE).least_jacobian() < 0
