"""A heart and its mirror image: one latent space, in which they differ by signs only."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.shape.normal import from_normal, mirror_attributes, mirror_normal, to_normal
from cardiac.shape.outline import extract, mirror_outlines
from cardiac.shape.plausibility import plausibility

PIXEL = 0.01
"""Landmarks may move by this much: they are sums over pixels in another order."""


@pytest.fixture(scope="module")
def outlines(hearts):
    return np.stack([extract(mask) for mask in hearts])


def test_the_outline_of_a_mirrored_mask_is_the_mirrored_outline(outlines, hearts):
    turned = np.stack([extract(np.ascontiguousarray(mask[:, ::-1])) for mask in hearts])
    np.testing.assert_allclose(turned, mirror_outlines(outlines), atol=PIXEL)


def test_mirroring_twice_changes_nothing(outlines):
    again = mirror_outlines(mirror_outlines(outlines))
    np.testing.assert_allclose(again, outlines, atol=1e-9)


def test_normal_forms_and_attributes_are_mirrored_with_the_outline(outlines):
    normal, attributes = to_normal(outlines)
    turned, values = to_normal(mirror_outlines(outlines))
    np.testing.assert_allclose(turned, mirror_normal(normal), atol=1e-8)
    np.testing.assert_allclose(values, mirror_attributes(attributes), atol=1e-8)
    back = from_normal(mirror_normal(normal), mirror_attributes(attributes))
    np.testing.assert_allclose(back, mirror_outlines(outlines), atol=1e-8)


def test_a_mirrored_outline_has_the_mirrored_code_and_the_same_spread(trained, outlines):
    model = trained.model
    mean, sd = model.encode_outlines(outlines)
    turned, also = model.encode_outlines(mirror_outlines(outlines))
    np.testing.assert_allclose(turned, model.mirror(mean), atol=1e-8)
    np.testing.assert_allclose(also, sd, rtol=1e-8)
    assert (np.abs(model.signs) == 1).all()
    assert (model.signs[:7] == [1, 1, 1, -1, 1, -1, 1]).all()


def test_a_mirrored_code_is_the_mirrored_heart(trained):
    model = trained.model
    codes = model.sample(20, seed=3)
    turned = model.outlines(model.mirror(codes))
    np.testing.assert_allclose(turned, mirror_outlines(model.outlines(codes)), atol=1e-8)
    masks, mirrored = model.labels(codes), model.labels(model.mirror(codes))
    assert np.mean(masks[:, :, ::-1] != mirrored) < 1e-4
    np.testing.assert_allclose(model.phase(model.mirror(codes)), model.phase(codes), atol=1e-9)


def test_what_is_missing_is_guessed_alike_on_both_sides(trained, outlines):
    partial = outlines.copy()
    partial[:, 140:] = np.where(np.arange(47)[:, None] < 44, np.nan, partial[:, 140:])
    completion = trained.model.completion
    whole = completion.complete(partial)
    turned = completion.complete(mirror_outlines(partial))
    np.testing.assert_allclose(turned, mirror_outlines(whole), atol=1e-6)


def test_density_bank_and_draws_know_both_sides(trained):
    model, bank = trained.model, trained.bank
    codes = model.sample(30, seed=1, mirrored=False)
    np.testing.assert_allclose(
        model.log_density(codes), model.log_density(model.mirror(codes)), rtol=1e-9
    )
    np.testing.assert_allclose(
        model.log_density(codes, mirrored=False),
        model.log_density(model.mirror(codes), mirrored=True),
        rtol=1e-9,
    )
    found, distance = bank.nearest(codes, k=3)
    turned, away = bank.nearest(model.mirror(codes), k=3)
    np.testing.assert_allclose(turned, found * model.signs)
    np.testing.assert_allclose(away, distance)
    np.testing.assert_array_equal(
        model.sample(9, seed=2, mirrored=True),
        model.mirror(model.sample(9, seed=2, mirrored=False)),
    )


def test_mirrored_masks_are_as_plausible(trained, hearts):
    turned = np.ascontiguousarray(hearts[:, :, ::-1])
    ours = plausibility(hearts, view="A4C", mirrored=False, shapes=trained)
    theirs = plausibility(turned, view="A4C", mirrored=True, shapes=trained)
    np.testing.assert_allclose(theirs, ours, atol=0.02)
