"""The five figures on spaces whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.errors import GeometryError
from cardiac.research.evaluation.disentangle import disentanglement


@pytest.fixture
def attributes():
    return np.random.default_rng(0).uniform(-1, 1, size=(5000, 3))


def test_a_space_that_is_its_attributes_is_perfect(attributes):
    figures = disentanglement(-3 * attributes[:, ::-1] + 1, attributes)
    assert figures.best.tolist() == [2, 1, 0]
    np.testing.assert_allclose(figures.interpretability, 1)
    np.testing.assert_allclose(figures.scc, 1)
    assert figures.mig.min() > 0.9
    assert figures.sap.min() > 0.95
    assert figures.modularity > 0.99


def test_an_order_without_scale_keeps_scc_only(attributes):
    figures = disentanglement(np.exp(4 * attributes), attributes)
    np.testing.assert_allclose(figures.scc, 1)
    assert figures.interpretability.max() < 0.8


def test_two_dimensions_that_know_the_same_leave_no_gap(attributes):
    figures = disentanglement(np.hstack([attributes, attributes]), attributes)
    assert np.abs(figures.mig).max() < 1e-9
    assert np.abs(figures.sap).max() < 1e-9
    assert figures.modularity > 0.99


def test_a_mixed_space_is_not_modular(attributes):
    mixed = attributes @ np.array([[1.0, 1, 1], [1, -1, 1], [1, 1, -1]])
    assert disentanglement(mixed, attributes).modularity < 0.5


def test_noise_knows_nothing(attributes):
    noise = np.random.default_rng(1).normal(size=(5000, 4))
    figures = disentanglement(noise, attributes)
    assert figures.interpretability.max() < 0.01
    assert figures.scc.max() < 0.1


def test_missing_numbers_and_other_lengths_are_refused(attributes):
    with pytest.raises(GeometryError):
        disentanglement(attributes[:10], attributes)
    with pytest.raises(GeometryError):
        disentanglement(np.where(attributes > 0.9, np.nan, attributes), attributes)
