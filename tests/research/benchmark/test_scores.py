import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation

from cardiac.research.benchmark.distance import hausdorff_mm
from cardiac.research.benchmark.scores import SCORES, score
from cardiac.research.evaluation.metrics import agreement
from cardiac.research.phantom import corrupt, corrupt_masks


def test_the_truth_scores_as_the_truth(beat):
    found = score(beat.masks, beat)
    assert set(found) == set(SCORES)
    for name in ("lv", "epicardium", "la"):
        assert found[f"dice_{name}"] == 1
        assert found[f"hausdorff_mm_{name}"] == 0
    assert found["frames"] == len(beat)
    assert found["invalid_frames"] == 0
    assert found["ed_error_ms"] <= 40
    assert found["es_error_ms"] <= 40
    assert abs(found["ef_error_points"]) < 2


def test_a_shift_is_as_far_as_it_is(beat):
    moved = np.roll(beat.masks, 3, axis=2)
    found = score(moved, beat)
    assert found["hausdorff_mm_lv"] == pytest.approx(3 * beat.spacing[1], rel=0.2)
    assert found["dice_lv"] < 1
    assert found["ef_error_points"] == score(beat.masks, beat)["ef_error_points"]


def test_one_jumping_frame_spoils_the_sequence_and_its_neighbours(beat):
    masks = beat.masks.copy()
    masks[20] = np.roll(masks[20], 6, axis=1)
    before, after = score(beat.masks, beat), score(masks, beat)
    assert after["inconsistent_sequence"] == 1
    assert 1 <= after["inconsistent_frames"] - before["inconsistent_frames"] <= 3


def test_an_empty_frame_lacks_a_structure_and_has_no_distance(beat):
    masks = beat.masks.copy()
    masks[3] = 0
    found = score(masks, beat)
    assert found["frames_lacking_a_structure"] == 1
    assert found["invalid_frames"] == 1
    assert found["dice_lv"] == pytest.approx(1 - 1 / len(beat))
    assert found["hausdorff_mm_lv"] == 0


def test_nothing_found_leaves_errors_missing(beat):
    found = score(np.zeros_like(beat.masks), beat)
    assert found["dice_lv"] == 0
    for name in ("hausdorff_mm_lv", "ef_error_points", "edv_error_ml", "ed_error_frames"):
        assert found[name] is None


def test_the_bound_grows_with_the_frame_interval(beat):
    slow = corrupt(beat, "low_frame_rate:2")
    jittered = corrupt_masks(slow.masks, "jump:3", 1)
    with_rule = score(jittered, slow)
    without = score(jittered, slow, scale_with_interval=False)
    assert with_rule["inconsistent_frames"] < without["inconsistent_frames"]


@given(st.integers(0, 2**31))
def test_the_distance_is_that_of_the_metrics(seed):
    rng = np.random.default_rng(seed)
    a, b = (np.zeros((40, 48), bool) for _ in range(2))
    for region in (a, b):
        r, c = rng.integers(3, 20, 2)
        h, w = rng.integers(2, 18, 2)
        region[r : r + h, c : c + w] = True
        region[rng.random(region.shape) < 0.05] = False
    spacing = (0.4, 0.7)
    assert hausdorff_mm(a, b, spacing) == pytest.approx(
        agreement(a, b, spacing).hausdorff_mm, abs=1e-4
    )


def test_a_ventricle_without_an_annulus_is_scored_all_the_same(beat):
    masks = beat.masks.copy()
    masks[7][masks[7] == 3] = 0
    masks[7][binary_dilation(masks[7] == 1, iterations=3) & (masks[7] != 1)] = 2
    found = score(masks, beat)
    assert found["inconsistent_sequence"] == 1
    assert found["dice_lv"] == 1
    assert found["ef_error_points"] is not None
