"""Plausible shape: experts' hearts are, what is no heart is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cardiac.shape import load_shape_model
from cardiac.shape.plausibility import BOUND, plausibility
from tests.shapes import Apical


@pytest.fixture(scope="module")
def shipped():
    return load_shape_model()


@pytest.fixture(scope="module")
def experts(shipped):
    """Hearts of both views as experts draw them, one in fifty."""
    density = shipped.model.density
    return {view: shipped.model.labels(density.codes_of(view)[::50]) for view in ("A4C", "A2C")}


@pytest.mark.parametrize("view", ["A4C", "A2C"])
def test_experts_hearts_are_plausible_on_either_side(experts, view):
    masks = experts[view]
    for known in (view, None):
        assert (plausibility(masks, view=known, mirrored=False) <= BOUND).mean() >= 0.95
        turned = np.ascontiguousarray(masks[:, :, ::-1])
        assert (plausibility(turned, view=known) <= BOUND).mean() >= 0.95


@pytest.mark.parametrize("view", ["A4C", "A2C"])
def test_hearts_upside_down_are_not(experts, view):
    assert (plausibility(experts[view][:, ::-1].copy()) > BOUND).all()


@pytest.mark.parametrize("angle", [-60, 60, 90, 180])
def test_turned_hearts_are_not(experts, angle):
    turned = np.stack(
        [ndimage.rotate(mask, angle, reshape=False, order=0) for mask in experts["A4C"]]
    )
    assert (plausibility(turned, view="A4C", mirrored=False) > BOUND).all()


@pytest.mark.parametrize("order", [(1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)])
def test_hearts_whose_parts_changed_places_are_not(experts, order):
    masks = np.array([0, *order], np.uint8)[experts["A4C"]]
    assert (plausibility(masks) > BOUND).all()


def test_blobs_of_noise_are_not():
    rng = np.random.default_rng(0)
    blobs = ndimage.gaussian_filter(rng.normal(size=(12, 4, 256, 256)), (0, 0, 20, 20))
    assert (plausibility(blobs.argmax(axis=1).astype(np.uint8)) > BOUND).all()


def test_an_atrium_apart_from_the_ventricle_is_not(experts):
    masks = experts["A4C"]
    apart = np.where(masks == 3, 0, masks)
    apart[:, :, 60:] = np.where(masks[:, :, :-60] == 3, 3, apart[:, :, 60:])
    assert (plausibility(apart) > BOUND).all()


def test_a_wall_that_runs_to_the_corner_of_the_picture_is_not(experts):
    masks = experts["A4C"].copy()
    corner = np.add.outer(np.arange(256), np.arange(256)) < 150
    masks[:, corner] = np.where(masks[:, corner] == 0, 2, masks[:, corner])
    assert (plausibility(masks) > BOUND).all()


def test_size_and_place_do_not_matter_where_the_pixel_size_is_unknown(shipped):
    heart = Apical(tilt=-8)
    fine = heart.with_(size=(512, 512), spacing=(0.35, 0.35)).mask()
    moved = heart.with_(annulus=(125.0, 60.0)).mask()
    ours = plausibility(heart.mask(), shapes=shipped)
    np.testing.assert_allclose(plausibility(moved, shapes=shipped), ours, atol=0.05)
    np.testing.assert_allclose(plausibility(fine, shapes=shipped), ours, atol=0.05)


def test_a_heart_as_large_as_a_head_is_not(experts):
    masks = experts["A4C"][:3]
    assert (plausibility(masks, (0.7, 0.7), "A4C") <= BOUND).all()
    assert (plausibility(masks, (7.0, 7.0), "A4C") > BOUND).all()


def test_oblong_pixels_are_taken_as_they_are(experts):
    masks = experts["A2C"][:3]
    squeezed = np.ascontiguousarray(masks[:, ::2])
    assert (plausibility(squeezed, (1.4, 0.7), "A2C") <= BOUND).all()


def test_frames_do_not_know_of_one_another_and_nothing_is_not_a_heart(experts):
    masks = np.concatenate([np.zeros((1, 256, 256), np.uint8), experts["A4C"][:3]])
    scores = plausibility(masks)
    assert np.isinf(scores[0])
    alone = np.concatenate([plausibility(mask) for mask in masks[1:]])
    np.testing.assert_allclose(scores[1:], alone)


def test_any_label_map_gets_a_score():
    rng = np.random.default_rng(1)
    for _ in range(200):
        height, width = rng.integers(2, 40, size=2)
        coarse = rng.integers(0, 4, size=(height, width)).astype(np.uint8)
        mask = np.kron(coarse, np.ones((int(rng.integers(1, 6)),) * 2, np.uint8))
        assert not np.isnan(plausibility(mask)).any()
