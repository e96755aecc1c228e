"""The ventricle empties in systole, rests, and fills in two waves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.errors import SettingsError
from cardiac.research.phantom import BeatCurve

curves = st.builds(BeatCurve, st.floats(40, 180), st.floats(0.4, 0.85))


@given(curves)
def test_empties_in_systole_and_fills_in_diastole(curve: BeatCurve) -> None:
    times = np.linspace(0, curve.beat_s, 1500, endpoint=False)
    emptying = curve.emptying(times)
    systole = times < curve.systole_s
    assert (np.diff(emptying[systole]) >= -1e-9).all()
    assert (np.diff(emptying[~systole]) <= 1e-9).all()
    assert emptying[0] == 0
    assert emptying.max() == pytest.approx(1, abs=1e-3)


@given(curves)
def test_volume_stands_still_in_both_isovolumic_phases(curve: BeatCurve) -> None:
    rest = curve.beat_s - curve.systole_s
    before = curve.emptying(np.linspace(0, 0.10 * curve.systole_s, 20))
    after = curve.emptying(curve.systole_s + np.linspace(0, 0.12 * rest, 20))
    assert np.ptp(before) < 1e-3
    assert np.ptp(after) < 1e-3


def test_slow_heart_has_a_diastasis_between_two_fillings() -> None:
    curve = BeatCurve(50)
    times = np.linspace(curve.systole_s, curve.beat_s, 400)
    filling = -np.diff(curve.emptying(times)) > 1e-4
    waves = int((np.diff(filling.astype(int)) == 1).sum() + filling[0])
    assert waves == 2


@given(curves, st.integers(1, 4))
def test_every_beat_is_like_the_first(curve: BeatCurve, beat: int) -> None:
    times = np.linspace(0, 0.99 * curve.beat_s, 40)
    again = curve.emptying(times + beat * curve.beat_s)
    assert np.allclose(curve.emptying(times), again, atol=1e-6)


def test_valve_is_shut_while_the_ventricle_ejects_and_open_while_it_fills() -> None:
    curve = BeatCurve(65)
    times = np.linspace(0, curve.beat_s, 500, endpoint=False)
    opening, emptying = curve.valve_opening(times), curve.emptying(times)
    ejects = np.gradient(emptying, times) > 0.2
    fills = np.gradient(emptying, times) < -1.5
    assert opening[ejects].max() < 0.05
    assert opening[fills].min() > 0.4


def test_ends_are_the_frames_of_largest_and_smallest_volume() -> None:
    curve = BeatCurve(60)
    times = np.arange(120) / 50
    diastoles, systoles = curve.ends(times)
    emptying = curve.emptying(times)
    assert diastoles == (0, 50, 100)
    assert np.allclose(emptying[list(diastoles)], 0, atol=1e-6)
    assert np.allclose(emptying[list(systoles)], 1, atol=1e-3)


@pytest.mark.parametrize("settings", [{"heart_rate_bpm": 10}, {"e_share": 0.05}])
def test_what_no_heart_does_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        BeatCurve(**settings)
