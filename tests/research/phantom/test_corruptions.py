"""Every corruption is graded, repeatable, and leaves the truth true."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import measure
from cardiac.errors import SettingsError
from cardiac.research.phantom import CORRUPTIONS, PhantomCine, corrupt

PIXELS_ONLY = [name for name in CORRUPTIONS if name not in ("jitter", "low_frame_rate")]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_seed_gives_the_same_corruption(phantom: PhantomCine, name: str) -> None:
    first, again = corrupt(phantom, name, 3), corrupt(phantom, name, 3)
    assert np.array_equal(first.frames, again.frames)
    assert np.array_equal(first.masks, again.masks)
    assert first.corruptions == (f"{name}:2",)
    if name not in ("low_frame_rate", "blur"):  # nothing about these is random
        assert not np.array_equal(first.frames, corrupt(phantom, name, 4).frames)


@pytest.mark.parametrize("name", PIXELS_ONLY)
def test_a_higher_grade_does_more_to_the_pixels_and_nothing_to_the_truth(
    phantom: PhantomCine, name: str
) -> None:
    clean = phantom.frames.astype(float)
    harm = []
    for grade in (1, 2, 3):
        hard = corrupt(phantom, f"{name}:{grade}", 1)
        assert np.array_equal(hard.masks, phantom.masks)
        assert np.array_equal(hard.volumes_ml, phantom.volumes_ml)
        assert (hard.frames.max(axis=0) > 0)[phantom.frames.max(axis=0) == 0].sum() == 0
        harm.append(np.abs(hard.frames - clean).mean())
    assert 0 < harm[0] < harm[1] < harm[2]


@pytest.mark.parametrize("grade", [1, 2, 3])
def test_probe_jitter_moves_the_truth_with_the_picture(phantom: PhantomCine, grade: int) -> None:
    moved = corrupt(phantom, f"jitter:{grade}", 2)
    found = measure(moved.masks, moved.spacing)
    before = measure(phantom.masks, phantom.spacing)
    pixel = phantom.spacing[0]
    for name in ("epi_center_x", "epi_center_y"):
        assert np.abs(moved.attributes[name] - phantom.attributes[name]).max() > 0.3 * grade
        assert np.abs(found[name] - moved.attributes[name]).max() < 0.5 * pixel
    turned = found["lv_orientation"] - before["lv_orientation"]
    true_turn = moved.attributes["lv_orientation"] - phantom.attributes["lv_orientation"]
    assert np.abs(turned - true_turn).max() < 1.5
    assert np.abs(found["lv_area"] / before["lv_area"] - 1).max() < 0.03
    assert np.array_equal(moved.attributes["lv_area"], phantom.attributes["lv_area"])
    for mask, points in zip(moved.masks, moved.landmarks, strict=True):
        cavity = np.argwhere(mask == 1)
        assert max(np.linalg.norm(cavity - p, axis=1).min() for p in points) < 2


def test_moved_masks_fit_the_moved_picture(phantom: PhantomCine) -> None:
    moved = corrupt(phantom, "jitter:3", 2)

    def contrast(masks: np.ndarray) -> float:
        return float(moved.frames[masks == 2].mean() - moved.frames[masks == 1].mean())

    assert contrast(moved.masks) > contrast(phantom.masks)


@pytest.mark.parametrize(("grade", "rate"), [(1, 25), (2, 50 / 3), (3, 12.5)])
def test_low_frame_rate_drops_frames_of_both(phantom: PhantomCine, grade: int, rate: float) -> None:
    slow = corrupt(phantom, f"low_frame_rate:{grade}")
    assert slow.frame_rate_hz == pytest.approx(rate)
    stride = round(50 / rate)
    assert np.array_equal(slow.frames, phantom.frames[::stride])
    assert np.array_equal(slow.masks, phantom.masks[::stride])
    assert np.array_equal(slow.volumes_ml, phantom.volumes_ml[::stride])
    near = np.abs(slow.times - phantom.times[phantom.es_frames[0]]).argmin()
    assert slow.es_frames == (near,)


def test_shadow_falls_on_the_wall(phantom: PhantomCine) -> None:
    for seed in range(4):
        dark = phantom.frames[0].astype(float) - corrupt(phantom, "shadow:3", seed).frames[0]
        hidden = dark > 0.4 * np.maximum(phantom.frames[0], 1)
        assert (hidden & (phantom.masks[0] == 2)).any()


def test_a_corruption_is_the_same_alone_and_combined(phantom: PhantomCine) -> None:
    both = corrupt(phantom, ["gain:1", "jitter:2"], 6)
    in_turn = corrupt(corrupt(phantom, "jitter:2", 6), "gain:1", 6)
    assert np.array_equal(both.frames, in_turn.frames)
    assert both.corruptions == ("jitter:2", "gain:1")


def test_the_clean_cine_is_never_written_to(phantom: PhantomCine) -> None:
    before = phantom.frames.copy()
    corrupt(phantom, list(CORRUPTIONS), 0)
    assert np.array_equal(before, phantom.frames)


@pytest.mark.parametrize("request_", ["fog", "blur:4", "blur:x", ["blur:1", "blur:2"]])
def test_unknown_names_and_grades_are_refused(phantom: PhantomCine, request_: str) -> None:
    with pytest.raises(SettingsError):
        corrupt(phantom, request_)
