"""Attributes can be taken out of an outline, put back, and set one at a time."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import measure
from cardiac.shape.normal import REFERENCE, attributes_of, from_normal, to_normal
from cardiac.shape.outline import extract
from tests.shapes import Apical


@pytest.fixture(scope="module")
def outlines(hearts):
    return np.stack([extract(mask) for mask in hearts])


def test_there_and_back_is_the_same_outline(outlines):
    np.testing.assert_allclose(from_normal(*to_normal(outlines)), outlines, atol=1e-8)


def test_attributes_of_an_outline_are_those_of_its_mask(outlines, hearts):
    ours, measured = attributes_of(outlines), measure(hearts).values
    np.testing.assert_allclose(ours[:, [0, 4]], measured[:, [0, 4]], rtol=0.01)
    np.testing.assert_allclose(ours[:, [1, 2, 3, 5, 6]], measured[:, [1, 2, 3, 5, 6]], atol=0.3)


def test_every_normal_form_has_the_same_cavity(outlines):
    normal, _ = to_normal(outlines)
    upright = np.stack([-normal[..., 1], normal[..., 0]], axis=-1)
    values = attributes_of(upright)
    np.testing.assert_allclose(values[:, :3], np.tile(REFERENCE[:3], (len(values), 1)), rtol=1e-6)
    np.testing.assert_allclose(values[:, 3], 0, atol=1e-6)


@pytest.mark.parametrize("column", range(7))
def test_setting_one_attribute_leaves_the_others(outlines, column):
    normal, values = to_normal(outlines)
    wanted = values.copy()
    wanted[:, column] += 0.05 * np.abs(values[:, column]) + 1
    np.testing.assert_allclose(attributes_of(from_normal(normal, wanted)), wanted, rtol=1e-7)


def test_place_size_and_tilt_are_no_part_of_the_normal_form():
    plain, _ = to_normal(extract(Apical().mask())[None])
    moved, _ = to_normal(extract(Apical(tilt=17, annulus=(120.0, 88.0)).mask())[None])
    small, _ = to_normal(extract(Apical().scaled(0.8).mask())[None])
    for other in (moved, small):
        assert np.sqrt(((plain - other) ** 2).sum(axis=-1).mean()) < 0.8


def test_sizes_that_no_heart_has_are_drawn_all_the_same(outlines):
    normal, values = to_normal(outlines[:1])
    for wanted in (-values, 0 * values, values * 10):
        assert np.isfinite(from_normal(normal, wanted)).all()
