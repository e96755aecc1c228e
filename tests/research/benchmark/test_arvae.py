from dataclasses import replace

import numpy as np
import pytest

from cardiac.anatomy.overlap import dice
from cardiac.errors import WeightsError
from cardiac.geometry import CanonicalGrid, Region
from cardiac.research.benchmark import BenchmarkSettings, choose
from cardiac.research.benchmark.arvae import draw_on_image, fingerprint
from cardiac.research.benchmark.failure import failed
from cardiac.research.benchmark.lagrangian import descend, smooth_trajectories
from cardiac.research.benchmark.settings import LagrangianSettings
from cardiac.shape import draw, load_shape_model
from cardiac.temporal import consistency


def overlap(a, b, *labels):
    return dice(np.isin(a, labels), np.isin(b, labels))


def bends(x):
    return np.abs(x[1:-1] - (x[:-2] + x[2:]) / 2).max(axis=0)


@pytest.fixture(scope="module")
def model():
    return load_shape_model().model


@pytest.fixture(scope="module")
def methods():
    chosen = choose(BenchmarkSettings(), ["arvae", "lagrangian"])
    return [method.build(None, lambda _: None) for method in chosen]


def test_a_heart_comes_back_from_its_code(beat, answer, methods):
    for correct in methods:
        masks = correct(answer.masks, beat.sequence, answer)
        assert masks.dtype == np.uint8
        assert overlap(masks, beat.masks, 1) > 0.95
        assert overlap(masks, beat.masks, 1, 2) > 0.95
        assert overlap(masks, beat.masks, 3) > 0.9


def test_a_bite_is_put_back(beat, answer, methods):
    broken = failed(answer, ["bite:3"], 3)
    wrong = (broken.masks != beat.masks).any(axis=(1, 2))
    mended = methods[0](broken.masks, beat.sequence, broken)
    assert overlap(mended[wrong], beat.masks[wrong], 1, 2) > overlap(
        broken.masks[wrong], beat.masks[wrong], 1, 2
    )


def test_smoothing_takes_a_jump_out_that_reconstruction_keeps(beat, answer, methods):
    jumped = failed(answer, ["jump:2"], 4)
    wrong = (jumped.masks != beat.masks).any(axis=(1, 2))
    kept, smooth = (m(jumped.masks, beat.sequence, jumped)[wrong] for m in methods)
    assert overlap(smooth, beat.masks[wrong], 1) > overlap(kept, beat.masks[wrong], 1) + 0.01


def test_a_frame_without_a_ventricle_keeps_what_the_network_said(beat, answer, methods):
    masks = answer.masks.copy()
    masks[7][masks[7] != 3] = 0
    for correct in methods:
        assert np.array_equal(correct(masks, beat.sequence, answer)[7], masks[7])
    nothing = np.zeros_like(masks)
    assert np.array_equal(methods[1](nothing, beat.sequence, answer), nothing)


def test_outlines_are_drawn_where_a_mask_of_the_canonical_grid_would_come_to_lie(model):
    outlines = model.outlines(model.density.codes[:3])
    whole = CanonicalGrid.fit((256, 256))
    assert np.array_equal(draw_on_image(outlines, whole), draw(outlines))
    shape, region = (300, 420), Region(20, 60, 300, 400)
    grid = CanonicalGrid.fit(shape, (0.4, 0.5), region)
    drawn = draw_on_image(outlines, grid)
    assert drawn.shape == (3, *shape)
    for label in (1, 2, 3):
        back = grid.to_image((draw(outlines) == label).astype(np.float32)) > 0.5
        assert dice(drawn == label, back) > 0.97


def test_every_frame_is_measured_in_the_units_that_bounds_have(beat, answer, model):
    """A bound in latent units is that of the attribute in mm."""
    from cardiac.research.benchmark.arvae import _spans

    grid = replace(answer.grid, size=256)
    codes = model.encode(np.repeat(np.repeat(beat.masks, 2, axis=1), 2, axis=2)).mean
    values = model.attributes(codes)
    mm = beat.spacing[1] / 2
    physical = values * [mm**2, mm, mm, 1, mm**2, mm, mm]
    true = consistency(physical, 0.02).deviation[1:-1]
    ours = (values[1:-1] - (values[:-2] + values[2:]) / 2) / _spans(values, beat.sequence, grid)
    assert np.allclose(ours, true)


def test_a_trajectory_within_its_bounds_is_left_as_it_is():
    y = np.cos(np.linspace(0, 6, 40))[:, None] * [1.0, 2.0]
    assert np.array_equal(smooth_trajectories(y, bends(y) * 1.01, LagrangianSettings()), y)


def test_noise_is_smoothed_until_it_keeps_its_bound_and_no_further():
    rng = np.random.default_rng(0)
    y = np.cos(np.linspace(0, 6, 40))[:, None] + rng.normal(0, 0.05, (40, 3))
    bound = np.array([0.05, 0.1, 1.0])
    x = smooth_trajectories(y, bound, LagrangianSettings())
    assert (bends(x) <= bound).all()
    moved = np.linalg.norm(x - y, axis=0)
    assert moved[0] > moved[1] > moved[2] == 0


def test_the_largest_weight_is_the_end_of_it():
    y = np.zeros((30, 1))
    y[15] = 100
    settings = LagrangianSettings(most=4)
    x = smooth_trajectories(y, np.array([1e-3]), settings)
    assert np.array_equal(x, descend(y, np.array([4.0]), settings.iterations))
    assert bends(x) > 1e-3


def test_the_descent_arrives_at_the_minimum():
    rng = np.random.default_rng(1)
    y, weight = rng.normal(size=(25, 2)), np.array([3.0, 40.0])
    matrix = (np.eye(25) - (np.eye(25, k=1) + np.eye(25, k=-1)) / 2)[1:-1]
    exact = [
        np.linalg.solve(np.eye(25) + w * matrix.T @ matrix, column)
        for w, column in zip(weight, y.T, strict=True)
    ]
    assert np.allclose(descend(y, weight, 20_000), np.transpose(exact), atol=5e-3)


def test_weights_that_are_not_there_are_named(tmp_path):
    missing = tmp_path / "none.safetensors"
    assert fingerprint(missing) == "missing"
    (method,) = choose(BenchmarkSettings(arvae={"weights": missing}), ["arvae"])
    with pytest.raises(WeightsError):
        method.build(None, lambda _: None)


def test_what_changes_the_masks_is_in_the_settings(tmp_path):
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"other")
    plain = choose(BenchmarkSettings(), ["arvae", "lagrangian"])
    changed = choose(BenchmarkSettings(arvae={"weights": other}), ["arvae", "lagrangian"])
    assert all(a.settings != b.settings for a, b in zip(plain, changed, strict=True))
    (fewer,) = choose(BenchmarkSettings(lagrangian={"iterations": 3}), ["lagrangian"])
    assert fewer.settings != plain[1].settings
