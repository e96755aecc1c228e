"""End-diastole is where the ventricle is largest, end-systole where it is smallest."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.clinical import find_phases

PHASE = np.array([0, 0.06, 0.15, 0.25, 0.35, 0.42, 0.5, 0.6, 0.75, 0.88, 1.0])
AREA = np.array([1, 0.98, 0.75, 0.45, 0.3, 0.31, 0.6, 0.78, 0.82, 0.9, 1.0])


def _curve(
    frames: int, rate_hz: float, bpm: float, start: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, place in the cycle (0 = end-diastole) and area of a physiological curve."""
    times = np.arange(frames) / rate_hz
    phase = (start + times * bpm / 60) % 1
    return times, phase, 2000 + 1500 * np.interp(phase, PHASE, AREA)


@pytest.mark.parametrize("start", np.linspace(0, 0.9, 10))
@pytest.mark.parametrize(("rate_hz", "bpm"), [(50, 65), (30, 80), (20, 60)])
def test_phases_are_found_wherever_the_clip_starts(rate_hz: float, bpm: float, start: float):
    times, phase, area = _curve(int(3.2 * 60 / bpm * rate_hz), rate_hz, bpm, start)
    found = find_phases(area, times)
    whole = [beat for beat in found.beats if beat.complete]
    assert len(whole) >= 2
    for beat in whole:
        assert abs((phase[beat.es] - 0.37 + 0.5) % 1 - 0.5) < 0.08
        assert abs((phase[beat.ed] + 0.5) % 1 - 0.5) < 0.08
        assert beat.ed < beat.es
    assert found.heart_rate_bpm == pytest.approx(bpm, rel=0.05)


@pytest.mark.parametrize("start", [0.0, 0.6, 0.8, 0.95])
def test_one_beat_in_few_frames_is_enough(start: float) -> None:
    times, _, area = _curve(14, 12, 60, start)
    found = find_phases(area, times)
    beat = found.measured[0]
    assert area[beat.ed] > area.min() + 0.8 * np.ptp(area)
    assert area[beat.es] < area.min() + 0.1 * np.ptp(area)


def test_a_clip_from_late_systole_to_the_next_pairs_its_two_true_extremes() -> None:
    times, phase, area = _curve(30, 30, 60, 0.28)
    found = find_phases(area, times)
    beat = found.measured[0]
    assert beat.es < beat.ed
    assert abs(phase[beat.es] - 0.37) < 0.08
    assert abs((phase[beat.ed] + 0.5) % 1 - 0.5) < 0.08
    assert "after end-systole" in found.notes[0].text


def test_flicker_of_single_frames_makes_no_beats() -> None:
    times, _, area = _curve(120, 50, 60, 0.8)
    noise = np.random.default_rng(1).normal(0, 0.015, area.size)
    assert len(find_phases(area * (1 + noise), times).measured) == 2


def test_a_missing_frame_is_bridged() -> None:
    times, _, area = _curve(50, 50, 60, 0.9)
    beat = find_phases(area, times).measured[0]
    holed = area.copy()
    holed[[3, 17, 30]] = np.nan
    assert abs(find_phases(holed, times).measured[0].es - beat.es) <= 1


def test_without_times_there_are_phases_but_no_rate() -> None:
    _, _, area = _curve(100, 50, 60, 0.9)
    found = find_phases(area)
    assert len(found.measured) >= 1
    assert found.heart_rate_bpm is None


def test_less_than_a_cycle_has_no_rate_and_says_what_is_missing() -> None:
    times, _, area = _curve(15, 50, 60, 0.05)
    found = find_phases(area, times)
    assert found.heart_rate_bpm is None
    assert found.notes
    assert not found.beats[0].complete


def test_frames_of_the_file_come_first() -> None:
    times, _, area = _curve(60, 50, 60, 0.0)
    found = find_phases(area, times, ed_frames=[3], es_frames=[20], heart_rate_bpm=71.0)
    assert found.source == "file"
    assert (found.beats[0].ed, found.beats[0].es) == (3, 20)
    assert found.heart_rate_bpm == 71.0


def test_end_systole_may_come_first_in_the_file() -> None:
    found = find_phases([3.0, 2.0, 4.0], ed_frames=[2], es_frames=[1])
    assert (found.beats[0].ed, found.beats[0].es) == (2, 1)


def test_r_waves_part_the_beats() -> None:
    times, _, area = _curve(130, 50, 60, 0.0)
    found = find_phases(area, times, r_wave_times=[0.0, 1.0, 2.0])
    assert found.source == "r_waves"
    assert [beat.ed for beat in found.beats][:2] == [0, 50]
    assert found.heart_rate_bpm == pytest.approx(60)
    assert all(abs(beat.es - beat.ed - 18) <= 2 for beat in found.measured)


def test_of_two_frames_the_larger_is_end_diastole() -> None:
    found = find_phases([1500.0, 2900.0])
    assert (found.beats[0].ed, found.beats[0].es) == (1, 0)
    assert found.notes


@pytest.mark.parametrize("area", [[2000.0], [np.nan, np.nan, np.nan], [5.0] * 20])
def test_what_does_not_beat_has_no_beats(area: list[float]) -> None:
    found = find_phases(area)
    assert found.beats == ()
    assert found.heart_rate_bpm is None
    assert found.notes


@pytest.mark.parametrize("start", [0.0, 0.3, 0.55, 0.8])
def test_the_ends_of_a_beat_are_where_it_is_largest_and_smallest(start: float) -> None:
    times, _, area = _curve(150, 50, 60, start)
    for beat in find_phases(area, times).measured:
        around = area[max(0, beat.ed - 4) : beat.ed + 5]
        assert area[beat.ed] == around.max()
        assert area[beat.es] == area[max(0, beat.es - 4) : beat.es + 5].min()


def test_after_a_long_rest_end_diastole_is_where_the_contraction_begins() -> None:
    """In diastasis the ventricle rests: noise must not choose a frame half a second early."""
    times = np.arange(150) / 50
    phase = times % 1.5
    out, back = np.clip(phase / 0.3, 0, 1), np.clip((phase - 0.4) / 0.2, 0, 1)
    emptying = np.sin(np.pi / 2 * out) ** 2 - np.sin(np.pi / 2 * back) ** 2
    rng = np.random.default_rng(0)
    for _ in range(20):
        area = 3000 - 1200 * emptying + rng.normal(0, 12, times.size)
        for beat in find_phases(area, times).measured:
            assert min(abs(times[beat.ed] - start) for start in (0.0, 1.5)) < 0.1


def test_r_waves_that_do_not_fit_the_images_are_not_followed() -> None:
    times, _, area = _curve(150, 50, 60, 0.0)
    truth = find_phases(area, times)
    for waves in ([0.4, 1.4, 2.4], [0.0, 0.001, 0.002], [0.0, 1000.0], [50.0, 51.0]):
        found = find_phases(area, times, r_wave_times=waves)
        assert found.source == "area"
        assert found.beats == truth.beats
        assert "r_waves_disbelieved" in {note.code for note in found.notes}


@pytest.mark.parametrize("rate", [62_000.0, 0.06, -5.0])
def test_a_rate_that_no_heart_has_is_not_taken(rate: float) -> None:
    times, _, area = _curve(150, 50, 60, 0.0)
    assert find_phases(area, times, heart_rate_bpm=rate).heart_rate_bpm == pytest.approx(
        60, rel=0.1
    )


def test_irregular_beats_are_told() -> None:
    lengths = [1.0, 1.0, 0.6, 1.3, 1.0]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    times = np.arange(0, starts[-1], 0.02)
    beat = np.searchsorted(starts, times, side="right") - 1
    phase = (times - starts[beat]) / np.array(lengths)[np.minimum(beat, 4)]
    found = find_phases(2000 + 1500 * np.interp(phase, PHASE, AREA), times)
    assert "irregular_beats" in {note.code for note in found.notes}
    regular = find_phases(_curve(200, 50, 60, 0.0)[2], _curve(200, 50, 60, 0.0)[0])
    assert "irregular_beats" not in {note.code for note in regular.notes}


def test_a_filling_too_has_its_ends_where_the_ventricle_is_largest_and_smallest() -> None:
    times, _, area = _curve(30, 30, 60, 0.28)
    area = area.copy()
    area[20] += 30
    (beat,) = find_phases(area, times).measured
    around = slice(max(0, beat.es - 1), beat.es + 2)
    assert area[beat.es] == area[around].min()
    assert area[beat.ed] == area[beat.ed - 1 : beat.ed + 2].max()
