"""Walks through the latent space: every shape that is shown is a heart."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import ATTRIBUTES, check, measure
from cardiac.errors import GeometryError, MeasurementError, SettingsError
from cardiac.shape import (
    dimension_index,
    expert_range,
    fit_pca,
    interpolate,
    sample_valid,
    traverse,
)
from tests.shape.conftest import random_hearts


@pytest.fixture(scope="module")
def model(trained):
    return trained.model


@pytest.mark.parametrize("dimension", range(7))
def test_a_traversal_moves_its_attribute_and_hardly_another(model, dimension):
    sheet = traverse(model, dimension, model.density.codes.mean(axis=0), steps=5)
    assert sheet.valid.all()
    assert (np.diff(sheet.attributes[:, dimension]) > 0).all()
    travelled = np.ptp(sheet.attributes, axis=0) / model.attribute_sd
    others = np.delete(travelled, dimension)
    assert others.max() < 0.2 * travelled[dimension]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_every_shape_of_a_usual_traversal_is_valid_and_in_order(model, name):
    sheet = traverse(model, name, steps=7)
    at = ATTRIBUTES.index(name)
    low, high = expert_range(model, name)
    assert sheet.valid.all()
    assert (np.diff(sheet.attributes[:, at]) > 0).all()
    assert low - 1e-9 <= sheet.codes[0, at] < sheet.codes[-1, at] <= high + 1e-9


def test_a_small_ventricle_gets_the_length_of_small_ventricles(model):
    small = traverse(model, "lv_area", steps=5).attributes[0]
    area, length = model.attributes(model.density.codes)[:, :2].T
    usual = np.interp(small[0], np.sort(area), length[np.argsort(area)])
    spread = np.abs(length - np.polyval(np.polyfit(area, length, 1), area)).max()
    assert abs(small[1] - usual) < 2 * spread
    assert small[1] < length.mean()


def test_ends_that_are_given_are_kept(model):
    sheet = traverse(model, 3, low=-0.5, high=0.5, steps=3)
    np.testing.assert_allclose(sheet.codes[:, 3], [-0.5, 0, 0.5])


def test_the_free_end_is_a_valid_heart_and_not_one_without_area(model):
    centre = model.density.codes.mean(axis=0)
    at = ATTRIBUTES.index("lv_area")
    no_area = -model.attribute_mean[at] / model.attribute_sd[at]
    free = traverse(model, at, centre, high=2.0)
    assert free.valid.all()
    assert free.codes[0, at] > no_area


def test_names_and_numbers_of_dimensions(model):
    assert dimension_index(model, "lv_orientation") == dimension_index(model, "3") == 3
    for wrong in (-1, 16, "lv_volume"):
        with pytest.raises(SettingsError, match="no dimension"):
            traverse(model, wrong)
    with pytest.raises(SettingsError, match="two steps"):
        traverse(model, 0, steps=1)


def test_interpolation_starts_and_ends_at_the_two_hearts(model, hearts):
    way = interpolate(model, hearts[0], hearts[1], steps=5)
    ends = measure(hearts[:2]).values
    tolerance = 0.2 * model.attribute_sd
    assert (np.abs(way.attributes[[0, -1]] - ends) < tolerance).all()
    middle = ends.mean(axis=0)
    assert (np.abs(way.attributes[2] - middle) < tolerance).all()


def test_an_interpolation_needs_two_hearts_and_two_steps(model, hearts):
    with pytest.raises(MeasurementError, match="second mask has no code"):
        interpolate(model, hearts[0], np.zeros((256, 256), np.uint8))
    with pytest.raises(GeometryError):
        interpolate(model, hearts[0][:, :100], hearts[1])
    with pytest.raises(SettingsError):
        interpolate(model, hearts[0], hearts[1], steps=1)


def test_sampled_hearts_are_valid_and_acceptance_is_told(model):
    few, more = sample_valid(model, 3, seed=0), sample_valid(model, 6, seed=0)
    assert check(more.masks).valid.all()
    assert few.masks.tobytes() == more.masks[:3].tobytes()
    assert 0.3 < more.acceptance <= 1
    with pytest.raises(SettingsError):
        sample_valid(model, 0, seed=0)


def test_the_linear_baseline_is_walked_through_alike():
    pca = fit_pca(random_hearts(20, seed=3), 6)
    assert len(traverse(pca, 0, steps=3).masks) == 3
    with pytest.raises(SettingsError, match="0 to 5"):
        traverse(pca, "lv_area")
