"""What a correction promises: certified masks, as near to the truth as they can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiac.anatomy import check, load_profile
from cardiac.anatomy.overlap import REGIONS, dice, region
from cardiac.correction import correct_masks
from cardiac.correction.certify import certify
from cardiac.errors import GeometryError, InvalidPixelsError, SettingsError
from cardiac.research.phantom import MASK_CORRUPTIONS, PhantomCine, corrupt_masks, synthetic_cine
from tests.shapes import beating

INTERVAL = 0.02


@pytest.fixture(scope="module")
def truth() -> PhantomCine:
    return synthetic_cine(n_frames=24, size=(128, 128), seed=1)


def overlap(masks: np.ndarray, truth: np.ndarray) -> float:
    """Mean Dice of all structures over all frames."""
    return float(
        np.mean(
            [
                dice(region(a, name), region(b, name))
                for name in REGIONS
                for a, b in zip(masks, truth, strict=True)
            ]
        )
    )


def test_certified_masks_come_back_bit_by_bit(truth):
    corrected = correct_masks(truth.masks, truth.spacing, INTERVAL)
    assert corrected.before.certified
    assert corrected.masks.tobytes() == truth.masks.tobytes()
    assert not corrected.changed
    assert set(corrected.after.changes.actions) == {"kept"}


@pytest.mark.parametrize("grade", [1, 2, 3])
@pytest.mark.parametrize("name", MASK_CORRUPTIONS)
def test_every_failure_is_mended(truth, name, grade):
    failed = corrupt_masks(truth.masks, f"{name}:{grade}", seed=5)
    untouched = failed.copy()
    corrected = correct_masks(failed, truth.spacing, INTERVAL)
    assert np.array_equal(failed, untouched)
    assert corrected.after.certified, corrected.after.reason
    again = certify(corrected.masks, truth.spacing, INTERVAL)
    assert again.certified
    assert check(corrected.masks, load_profile("camus")).valid.all()
    before, after = overlap(failed, truth.masks), overlap(corrected.masks, truth.masks)
    assert after > 0.99
    assert after > before or before > 0.998
    twice = correct_masks(corrected.masks, truth.spacing, INTERVAL)
    assert twice.masks.tobytes() == corrected.masks.tobytes()


@given(st.integers(0, 10_000))
@settings(max_examples=6)
def test_several_failures_at_once(seed):
    truth = synthetic_cine(n_frames=16, size=(112, 112), seed=seed % 7)
    interval = truth.sequence.frame_interval_s
    rng = np.random.default_rng(seed)
    names = rng.permutation(list(MASK_CORRUPTIONS))[:2]
    failed = corrupt_masks(truth.masks, [f"{name}:{rng.integers(1, 3)}" for name in names], seed)
    corrected = correct_masks(failed, truth.spacing, interval)
    assert corrected.after.certified, corrected.after.reason
    assert overlap(corrected.masks, truth.masks) > overlap(failed, truth.masks) - 0.005


def test_the_rest_of_the_batch_does_not_matter(truth):
    failed = corrupt_masks(truth.masks, "bite:2", seed=3)
    alone = correct_masks(failed, truth.spacing, INTERVAL).masks
    correct_masks(corrupt_masks(truth.masks, "jump:3", seed=4), truth.spacing, INTERVAL)
    assert correct_masks(failed, truth.spacing, INTERVAL).masks.tobytes() == alone.tobytes()


def test_a_frame_that_jumps_is_replaced_and_the_others_are_kept(truth):
    failed = truth.masks.copy()
    failed[12] = np.roll(failed[12], (5, 8), axis=(0, 1))
    corrected = correct_masks(failed, truth.spacing, INTERVAL)
    actions = corrected.after.changes.actions
    assert actions[12] == "replaced"
    assert actions.count("kept") == len(failed) - 1
    assert overlap(corrected.masks[12:13], truth.masks[12:13]) > 0.99
    assert corrected.after.changes.displacement[12] > 8 * truth.spacing[1]


def test_frames_without_a_heart_are_filled_in_from_their_neighbours(truth):
    failed = truth.masks.copy()
    failed[[0, 8, 9]] = 0
    corrected = correct_masks(failed, truth.spacing, INTERVAL)
    assert corrected.after.certified
    assert [corrected.after.changes.actions[t] for t in (0, 8, 9)] == ["replaced"] * 3
    assert overlap(corrected.masks, truth.masks) > 0.98


def test_a_frame_that_is_not_believed_follows_the_others(truth):
    failed = truth.masks.copy()
    failed[12] = np.roll(failed[12], 4, axis=1)
    failed[13] = np.roll(failed[13], 4, axis=1)
    weights = np.ones(len(failed))
    weights[[12, 13]] = 0.0
    corrected = correct_masks(failed, truth.spacing, INTERVAL, weights=weights)
    assert corrected.after.certified
    assert overlap(corrected.masks[12:14], truth.masks[12:14]) > 0.98


def test_an_atrium_is_neither_needed_nor_invented(truth):
    alone = np.where(truth.masks == 3, 0, truth.masks).astype(np.uint8)
    assert correct_masks(alone, truth.spacing, INTERVAL, atrium=False).before.certified
    bitten = corrupt_masks(alone, "bite:3", 1)
    corrected = correct_masks(bitten, truth.spacing, INTERVAL, atrium=False)
    assert corrected.after.certified
    assert not (corrected.masks == 3).any()
    assert corrected.after.summary()["atrial_part"] == "not applicable"


def test_what_is_seen_too_seldom_is_not_certified(truth):
    few = truth.masks.copy()
    few[3:] = 0
    corrected = correct_masks(few, truth.spacing, INTERVAL)
    assert not corrected.after.certified
    assert "of the frames show the left ventricle" in corrected.after.reason
    nothing = correct_masks(np.zeros_like(few), truth.spacing, INTERVAL)
    assert not nothing.after.certified
    assert not nothing.masks.any()
    assert "no left ventricle in any frame" in nothing.after.reason
    bare = np.where(truth.masks == 2, 0, truth.masks).astype(np.uint8)
    assert "no myocardium in any frame" in correct_masks(bare, truth.spacing).after.reason


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("name", ["bite", "holes", "missing_base"])
def test_single_frames_are_made_valid(truth, frames, name):
    failed = corrupt_masks(truth.masks[:frames], f"{name}:2", seed=1)
    corrected = correct_masks(failed, truth.spacing)
    assert corrected.after.certified
    assert corrected.masks.shape == failed.shape


@pytest.mark.parametrize("scale", [(2, 1), (1, 2), (4, 4)])
def test_any_grid_will_do(truth, scale):
    failed = corrupt_masks(truth.masks[:12], "bite:2", seed=2)
    finer = failed.repeat(scale[0], axis=1).repeat(scale[1], axis=2)
    spacing = truth.spacing[0] / scale[0], truth.spacing[1] / scale[1]
    corrected = correct_masks(finer, spacing, INTERVAL)
    assert corrected.after.certified
    true = truth.masks[:12].repeat(scale[0], axis=1).repeat(scale[1], axis=2)
    assert overlap(corrected.masks, true) > 0.98


def test_without_calibration_or_clock_the_same_is_done():
    masks = corrupt_masks(beating(20), "leaking_atrium:2", seed=1)
    corrected = correct_masks(masks)
    assert corrected.after.certified
    assert any("no frame interval" in note for note in corrected.after.notes)
    assert any("no pixel size" in note for note in corrected.after.notes)
    assert overlap(corrected.masks, beating(20)) > 0.97


def test_what_are_no_masks_is_refused(truth):
    with pytest.raises(InvalidPixelsError):
        correct_masks(np.full((3, 16, 16), 4))
    with pytest.raises(InvalidPixelsError):
        correct_masks(np.full((3, 16, 16), 0.5))
    with pytest.raises(GeometryError):
        correct_masks(np.zeros((2, 3, 16, 16), np.uint8))
    for weights in (np.ones(3), np.full(len(truth.masks), 2.0)):
        with pytest.raises(SettingsError):
            correct_masks(truth.masks, truth.spacing, INTERVAL, weights=weights)
    floats = truth.masks.astype(float)
    assert (correct_masks(floats, truth.spacing, INTERVAL).masks == truth.masks).all()


@given(st.integers(0, 10_000))
@settings(max_examples=8)
def test_noise_is_never_certified_wrongly(seed):
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 4, (4, 40, 40)).astype(np.uint8)
    corrected = correct_masks(noise, (1.0, 1.0), INTERVAL)
    again = certify(corrected.masks, (1.0, 1.0), INTERVAL, atrium=corrected.after.atrium)
    assert corrected.after.certified <= again.certified
