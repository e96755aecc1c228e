"""Sampling, mixing, and distances that give the mask back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cardiac.research.phantom.texture import label_layers, mix_pictures, pick_labels, sample


@given(st.integers(0, 10_000), st.floats(0.5, 4))
def test_distances_give_any_mask_back_exactly(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.standard_normal((4, 40, 40)), (0, scale, scale))
    mask = fields.argmax(axis=0).astype(np.uint8)
    layers = label_layers(mask)
    assert np.array_equal(pick_labels(layers.reshape(-1, 4)).reshape(mask.shape), mask)


def test_sampling_at_the_pixels_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    layers = rng.standard_normal((20, 20, 3)).astype(np.float32)
    rows, columns = np.indices((19, 19), dtype=np.float32).reshape(2, -1)
    assert np.allclose(sample(layers, rows, columns), layers[:19, :19].reshape(-1, 3), atol=1e-5)


def test_mixing_two_speckles_keeps_their_contrast() -> None:
    rng = np.random.default_rng(0)
    first, second = np.zeros((2, 5000, 2), np.float32)
    first[:, 1], second[:, 1] = rng.standard_normal((2, 5000))
    for share in (0.0, 0.3, 0.5, 1.0):
        assert abs(mix_pictures(first, second, share).std() - 1) < 0.05


def test_parting_opens_a_gap_between_wall_and_atrium_only() -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[5:20, 5:35], mask[5:20, 12:28] = 2, 1
    mask[20:35, 8:32] = 3
    layers = label_layers(mask).reshape(-1, 4)
    parted = pick_labels(layers, 12.0).reshape(mask.shape)
    changed = parted != mask
    assert changed.any()
    assert (parted[changed] == 0).all()
    assert not changed[mask == 1].any()
