import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cardiac.apps.viewer.reshape import held, moved

BOUND = np.full(7, 0.4)
SIGNAL = np.repeat(np.sin(np.arange(24) / 4)[:, None], 7, axis=1)


def bends(values):
    return np.abs(values[1:-1] - (values[:-2] + values[2:]) / 2)


def key(value, column=0):
    wanted = np.full(7, np.nan)
    wanted[column] = value
    return wanted


@given(
    st.dictionaries(st.integers(0, 23), st.floats(-1.2, 1.2), min_size=1, max_size=2),
    st.floats(1, 4),
)
def test_bends_keep_their_bound_whatever_is_set(keys, reach):
    after = held(SIGNAL, {t: key(v) for t, v in keys.items()}, BOUND, reach)
    assert (bends(after)[:, 0] <= BOUND[0] * (1 + 1e-6)).all()


@given(st.integers(0, 23), st.floats(-1, 1), st.floats(1, 4))
def test_the_edited_frame_gets_what_was_set(frame, change, reach):
    goal = SIGNAL[frame, 0] + change
    after = held(SIGNAL, {frame: key(goal)}, BOUND, reach)
    assert abs(after[frame, 0] - goal) < 1e-4


def test_an_attribute_that_nobody_set_comes_back_bit_by_bit():
    after = held(SIGNAL, {5: key(2.0)}, BOUND, 2.0)
    assert after[:, 1:].tobytes() == SIGNAL[:, 1:].tobytes()


def test_a_small_change_fades_with_the_distance_and_never_swings_back():
    after = held(SIGNAL, {12: key(SIGNAL[12, 0] + 0.1)}, BOUND, 2.0)[:, 0] - SIGNAL[:, 0]
    assert (np.diff(after[12:19]) <= 1e-9).all()
    assert (np.diff(after[5:13]) >= -1e-9).all()
    assert after.min() > -1e-9
    assert abs(after[[0, 1, 22, 23]]).max() < 1e-9


def test_a_gap_is_bridged_and_does_not_count_as_moved():
    signal = SIGNAL.copy()
    signal[8] = np.nan
    after = held(signal, {6: key(signal[6, 0] + 0.3)}, BOUND, 2.0)
    assert np.isfinite(after[:, 0]).all()
    assert moved(signal, after, BOUND)[6]
    assert not moved(signal, after, BOUND)[8]
