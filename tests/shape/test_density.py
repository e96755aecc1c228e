"""The density: normalised, and its draws spread as the codes do."""

from __future__ import annotations

import numpy as np

from cardiac.shape.density import Density, fit_density


def test_it_integrates_to_one():
    density = Density(np.random.default_rng(0).normal(size=(40, 2)), 0.5)
    grid = np.linspace(-8, 8, 161)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    assert abs(np.exp(density.log_density(points)).sum() * 0.01 - 1) < 1e-3


def test_draws_have_mean_and_covariance_of_the_codes():
    rng = np.random.default_rng(1)
    codes = rng.normal(size=(300, 3)) @ np.array([[2, 0, 0], [1, 1, 0], [0, 0.5, 0.1]]) + 5
    draws = fit_density(codes).sample(20_000, seed=0)
    np.testing.assert_allclose(draws.mean(axis=0), codes.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(draws.T), np.cov(codes.T), atol=0.2)


def test_two_clusters_ask_for_a_narrow_kernel_and_one_for_a_wide():
    rng = np.random.default_rng(2)
    one = rng.normal(size=(200, 2))
    two = one * 0.1 + np.where(np.arange(200) % 2, 3, -3)[:, None] * [1, 0]
    assert fit_density(two).bandwidth < fit_density(one).bandwidth


def test_few_codes_still_make_a_density():
    assert np.isfinite(fit_density(np.eye(4)).log_density(np.zeros(4))).all()


def test_what_goes_with_a_value_is_the_regression_on_it():
    rng = np.random.default_rng(3)
    first = rng.normal(size=400)
    codes = np.stack([first, 2 * first + 1, first**2], axis=1)
    usual = fit_density(codes + 0.01 * rng.normal(size=codes.shape)).given(0, [-1.0, 0.0, 1.5])
    np.testing.assert_allclose(usual[:, 0], [-1, 0, 1.5])
    np.testing.assert_allclose(usual[:, 1], [-1, 1, 4], atol=0.5)
    np.testing.assert_allclose(usual[:, 2], [1, 0, 2.25], atol=0.5)
