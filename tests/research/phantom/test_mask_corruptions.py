"""Failures of a network break what they are named after, in some frames, repeatably."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import check, measure
from cardiac.errors import GeometryError, SettingsError
from cardiac.research.phantom import MASK_CORRUPTIONS, PhantomCine, corrupt_masks
from cardiac.temporal.consistency import consistency


@pytest.mark.parametrize("name", MASK_CORRUPTIONS)
def test_failures_are_graded_and_repeatable(phantom: PhantomCine, name: str) -> None:
    harm = []
    for grade in (1, 2, 3):
        failed = corrupt_masks(phantom.masks, f"{name}:{grade}", 2)
        again = corrupt_masks(phantom.masks, f"{name}:{grade}", 2)
        assert np.array_equal(failed, again)
        assert failed.dtype == np.uint8
        assert set(np.unique(failed)) <= {0, 1, 2, 3}
        changed = failed != phantom.masks
        frames = changed.any(axis=(1, 2)).mean()
        assert 0 < frames <= 0.52
        harm.append(changed.sum())
    assert 0 < harm[0] < harm[1] < harm[2]


@pytest.mark.parametrize(
    ("name", "criteria"),
    [
        ("holes", (1, 2, 3)),
        ("islands", (6, 7, 8)),
        ("missing_base", (9,)),
        ("bite", (9, 11, 7, 12)),
    ],
)
def test_failures_break_their_own_criterion(
    phantom: PhantomCine, name: str, criteria: tuple[int, ...]
) -> None:
    assert check(phantom.masks).valid.all()
    failed = corrupt_masks(phantom.masks, f"{name}:3", 0)
    broken = ~check(failed).valid.all(axis=0)
    assert broken[[number - 1 for number in criteria]].any()


@pytest.mark.parametrize("name", ["jump", "missing_base", "leaking_atrium"])
def test_failures_in_single_frames_break_consistency(phantom: PhantomCine, name: str) -> None:
    failed = corrupt_masks(phantom.masks, f"{name}:2", 1)
    values = measure(failed, phantom.spacing).values
    assert not consistency(values, 0.02).frames.all()


def test_a_leak_trades_ventricle_for_atrium(phantom: PhantomCine) -> None:
    failed = corrupt_masks(phantom.masks, "leaking_atrium:2", 1)
    changed = failed != phantom.masks
    assert (phantom.masks[changed] == 1).all()
    assert (failed[changed] == 3).all()


def test_failures_combine_in_one_order(phantom: PhantomCine) -> None:
    one = corrupt_masks(phantom.masks, ["holes:1", "jump:2"], 3)
    other = corrupt_masks(phantom.masks, ["jump:2", "holes:1"], 3)
    assert np.array_equal(one, other)


def test_empty_masks_stay_empty_and_nonsense_is_refused() -> None:
    empty = np.zeros((4, 32, 32), np.uint8)
    assert not corrupt_masks(empty, "bite:3").any()
    with pytest.raises(GeometryError):
        corrupt_masks(empty[0], "bite:1")
    with pytest.raises(SettingsError):
        corrupt_masks(empty, "teeth:1")
