import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cardiac.correction.repair import remove_debris
from cardiac.labels import Label
from tests.shapes import Apical


def test_a_whole_heart_comes_back_unchanged():
    mask = Apical().mask()
    assert remove_debris(mask).tobytes() == mask.tobytes()


def test_islands_go_and_holes_are_filled_with_what_surrounds_them():
    truth = Apical().mask()
    broken = truth.copy()
    rows, columns = np.nonzero(truth == Label.LV)
    middle = int(np.median(rows)), int(np.median(columns))
    broken[middle[0] : middle[0] + 3, middle[1] : middle[1] + 3] = Label.BACKGROUND
    broken[2:5, 2:5] = Label.LV
    broken[-4:-2, -4:-2] = Label.LA
    assert (remove_debris(broken) == truth).all()


@given(st.integers(0, 10_000))
def test_repairing_twice_is_repairing_once(seed):
    rng = np.random.default_rng(seed)
    mask = Apical().mask().copy()
    for _ in range(6):
        row, column = rng.integers(0, mask.shape[0] - 6), rng.integers(0, mask.shape[1] - 6)
        mask[row : row + rng.integers(1, 6), column : column + rng.integers(1, 6)] = rng.integers(4)
    once = remove_debris(mask)
    assert (remove_debris(once) == once).all()


def test_a_sequence_is_repaired_frame_by_frame():
    mask = Apical().mask()
    broken = mask.copy()
    broken[1:3, 1:3] = Label.MYOCARDIUM
    sequence = np.stack([mask, broken, np.zeros_like(mask)])
    repaired = remove_debris(sequence)
    assert (repaired[0] == mask).all()
    assert (repaired[1] == mask).all()
    assert not repaired[2].any()
