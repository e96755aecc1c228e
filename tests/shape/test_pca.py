"""The linear baseline."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.errors import GeometryError, SettingsError
from cardiac.shape import ShapeModel, fit_pca
from tests.shape.conftest import dice, random_hearts


@pytest.fixture(scope="module")
def pca():
    return fit_pca(random_hearts(60, seed=0), 12)


def test_it_is_a_shape_model_that_gives_its_hearts_back(pca):
    assert isinstance(pca, ShapeModel)
    hearts = random_hearts(60, seed=0)[:8]
    decoded = pca.labels(pca.encode(hearts).mean)
    assert np.mean([dice(a == 1, b == 1) for a, b in zip(decoded, hearts, strict=True)]) > 0.93


def test_codes_of_the_training_masks_are_standardised(pca):
    codes = pca.encode(random_hearts(60, seed=0)).mean
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(codes.std(axis=0), 1, atol=1e-3)


def test_encoding_what_was_decoded_gives_the_code_back(pca):
    flat = pca.mean + np.float32([1] + [0] * 11) @ pca.components
    again = (flat - pca.mean) @ pca.components.T / (pca.components**2).sum(axis=1)
    np.testing.assert_allclose(again, [1] + [0] * 11, atol=1e-3)


def test_an_empty_mask_has_no_code(pca):
    codes = pca.encode(np.zeros((1, 256, 256), np.uint8))
    assert not codes.found[0]
    assert codes.reasons[0]


def test_bad_input_is_refused(pca):
    with pytest.raises(SettingsError):
        fit_pca(random_hearts(3, seed=0), 3)
    with pytest.raises(GeometryError):
        pca.encode(np.zeros((1, 64, 64), np.uint8))
