"""The latent space: what goes in comes out, and its first seven dimensions are the attributes."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import check, measure
from cardiac.errors import GeometryError, MeasurementError
from cardiac.labels import STRUCTURES
from cardiac.research.evaluation.disentangle import disentanglement
from cardiac.research.evaluation.shape import evaluate, markdown
from cardiac.shape import ShapeModel
from tests.shape.conftest import dice
from tests.shapes import Apical


@pytest.fixture(scope="module")
def model(trained):
    return trained.model


def test_it_is_a_shape_model(model):
    assert isinstance(model, ShapeModel)
    assert model.dimensions == 16


def test_a_heart_comes_back(model, hearts):
    codes = model.encode(hearts)
    assert codes.found.all()
    assert set(codes.reasons) == {""}
    decoded = model.labels(codes.mean)
    for ours, truth in zip(decoded, hearts, strict=True):
        assert all(dice(ours == s, truth == s) > 0.95 for s in STRUCTURES)
    assert check(decoded).valid.all()


def test_the_first_seven_dimensions_are_the_attributes(model, hearts):
    codes = model.encode(hearts)
    measured = measure(hearts).values
    figures = disentanglement(codes.mean, measured)
    assert (figures.scc > 0.99).all()
    assert (figures.interpretability > 0.98).all()
    assert figures.best.tolist() == list(range(7))
    decoded = measure(model.labels(codes.mean)).values
    assert (np.abs(decoded - model.attributes(codes.mean)) < 0.15 * measured.std(axis=0)).all()


def test_the_grid_does_not_matter(model):
    heart = Apical()
    fine = heart.with_(size=(512, 512), spacing=(0.35, 0.35)).mask()
    coarse, ours = (model.encode(mask[None]).mean[0] for mask in (fine, heart.mask()))
    np.testing.assert_allclose(coarse[:7], ours[:7], atol=0.1)


def test_batches_do_not_matter(model, hearts):
    together = model.encode(hearts[:5]).mean
    alone = np.concatenate([model.encode(mask[None]).mean for mask in hearts[:5]])
    np.testing.assert_allclose(together, alone, atol=1e-9)


def test_a_mask_without_ventricle_has_no_code_and_says_why(model):
    codes = model.encode(np.zeros((1, 256, 256), np.uint8))
    assert not codes.found[0]
    assert np.isnan(codes.sd).all()
    assert "no left ventricle" in codes.reasons[0]


@pytest.mark.parametrize(("label", "name"), [(2, "myocardium"), (3, "left atrium")])
def test_an_absent_structure_is_guessed_and_said_so(model, hearts, label, name):
    whole = hearts[0]
    without = np.where(whole == label, 0, whole).astype(np.uint8)
    codes = model.encode(without[None])
    assert f"guessed: {name}" in codes.reasons[0]
    assert dice(model.labels(codes.mean)[0] == label, whole == label) > 0.5


def test_a_mask_that_no_heart_has_is_less_certain(model, hearts):
    whole = hearts[0]
    bitten = whole.copy()
    rows, columns = np.nonzero(whole == 2)
    far = columns > np.quantile(columns, 0.8)
    bitten[rows[far], columns[far]] = 0
    sure, unsure = model.encode(np.stack([whole, bitten])).sd.mean(axis=1)
    assert unsure > 1.5 * sure


def test_draws_are_the_same_for_a_seed_and_likely(model):
    draws = model.sample(50, seed=4)
    assert draws.tobytes() == model.sample(50, seed=4).tobytes()
    far = draws + 20
    assert model.log_density(draws).min() > model.log_density(far).max()


def test_the_phase_is_linear_in_the_code(model, hearts):
    codes = model.encode(hearts[:2]).mean
    middle = model.phase(codes.mean(axis=0))
    assert middle[0] == pytest.approx(model.phase(codes).mean())


def test_wrong_shapes_are_refused(model):
    with pytest.raises(GeometryError):
        model.decode(np.zeros((2, 5)))
    with pytest.raises(GeometryError):
        model.encode(np.zeros((1, 64, 32), np.uint8))


def test_the_card_tells_overlap_validity_and_the_five_figures(model, hearts):
    figures = evaluate(model, hearts, draws=20)
    table = figures.table()
    assert table["dice_lv"] > 0.95
    assert table["decoded_valid"] == 1
    assert len([name for name in table if name.startswith("scc_")]) == 7
    text = markdown({"one": figures, "other": figures})
    assert text.count("| lv_area |") == 2
    assert f"{table['dice_lv']:.4f}" in text
    with pytest.raises(MeasurementError):
        evaluate(model, np.zeros((1, 256, 256), np.uint8))


def test_the_heart_behind_a_leak_is_recovered(model, hearts):
    whole = hearts[3]
    broken = whole.copy()
    rows, columns = np.nonzero(whole == 3)
    leak = columns > columns.mean()
    broken[rows[leak], columns[leak]] = 1
    codes = model.encode(np.stack([whole, broken]))
    assert codes.reasons[0] == ""
    assert codes.reasons[1].startswith("recovered")
    decoded = model.labels(codes.mean[1])[0]
    assert check(decoded).valid.all()
    assert dice(decoded == 1, whole == 1) > dice(broken == 1, whole == 1)
    assert (codes.sd[1] > codes.sd[0]).all()


def test_a_heart_of_disagreeing_pieces_still_gives_finite_numbers(model):
    noise = np.random.default_rng(0).integers(0, 4, size=(2, 256, 256)).astype(np.uint8)
    codes = model.encode(noise)
    assert np.isfinite(codes.mean[codes.found]).all()
    assert check(model.labels(codes.mean[codes.found])).values.shape[1] == 12
