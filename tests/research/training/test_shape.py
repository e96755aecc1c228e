"""Training: reproducible, resumable, and its losses are what they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from cardiac.errors import SettingsError
from cardiac.research.training.shape import fit
from cardiac.research.training.shape_build import mirror_components
from cardiac.research.training.shape_data import shapes_of
from cardiac.research.training.shape_losses import attribute_loss, divergence
from cardiac.research.training.shape_network import build_network
from cardiac.shape.arvae import TIED_SIGNS, apply
from cardiac.shape.settings import ShapeSettings
from tests.shape.conftest import SETTINGS

SIGNS = np.where(np.arange(24) % 3, 1.0, -1.0)


class _StopError(Exception):
    pass


def test_a_run_cut_short_ends_as_an_unbroken_one(shapes, tmp_path):
    short = SETTINGS.model_copy(update={"epochs": 52, "draws": 0})
    whole = fit(short.model_copy(update={"out": tmp_path / "whole"}), shapes)

    def stop(row: dict[str, float]) -> None:
        if row["epoch"] == 51:
            raise _StopError

    broken = short.model_copy(update={"out": tmp_path / "broken"})
    with pytest.raises(_StopError):
        fit(broken, shapes, stop)
    resumed = fit(broken, shapes)
    first, second = load_file(whole), load_file(resumed)
    assert all((first[name] == second[name]).all() for name in first)


def test_the_network_in_plain_arrays_is_the_network():
    torch.manual_seed(0)
    network = build_network(SETTINGS.network, SIGNS)
    torch.nn.init.normal_(network.decoder.last.weight)
    torch.nn.init.normal_(network.decoder.skip.weight)
    codes = torch.randn(5, 16)
    state = {k: v.numpy() for k, v in network.state_dict().items()}
    with torch.no_grad():
        expected = network.decoder(codes).numpy()
    ours = apply(state, "decoder", codes.numpy().astype(float))
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_a_mirrored_heart_has_the_mirrored_code_while_training_too():
    torch.manual_seed(1)
    network = build_network(SETTINGS.network, SIGNS)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    signs = torch.from_numpy(SIGNS).float()
    tied, components = torch.randn(5, 7), torch.randn(5, 24)
    mean, log_variance = network(tied, components)
    tied_signs = torch.from_numpy(TIED_SIGNS).float()
    turned, also = network(tied_signs * tied, signs * components)
    torch.testing.assert_close(turned, network.code_signs * mean)
    torch.testing.assert_close(also, log_variance)
    torch.testing.assert_close(network.decode(turned), signs * network.decode(mean))
    torch.testing.assert_close(network.guess_phase(turned), network.guess_phase(mean))


def test_components_of_hearts_and_their_mirror_images_are_even_or_odd():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(40, 6)) + 3
    found = mirror_components(data, data[:, ::-1])
    np.testing.assert_allclose(found.axes[:, ::-1], found.signs[:, None] * found.axes, atol=1e-9)
    both = np.concatenate([data, data[:, ::-1]])
    plain = np.linalg.eigvalsh(np.cov(both.T, bias=True))[::-1]
    np.testing.assert_allclose(found.spread[:6] ** 2 * 39 / 40, plain, rtol=1e-6)


def test_order_costs_nothing_when_right_and_most_when_reversed():
    attributes = torch.tensor([[0.0], [1.0], [2.0], [2.0]])
    right = attribute_loss(attributes * 10, attributes, delta=16)
    wrong = attribute_loss(-attributes * 10, attributes, delta=16)
    assert float(right) == pytest.approx(0, abs=1e-6)
    assert float(wrong) == pytest.approx(2 * 10 / 16)


def test_a_standard_normal_does_not_diverge():
    assert float(divergence(torch.zeros(3, 4), torch.zeros(3, 4))) == 0
    assert float(divergence(torch.ones(3, 4), torch.zeros(3, 4))) == 2


def test_masks_without_a_whole_heart_cannot_be_learnt_from():
    with pytest.raises(SettingsError):
        shapes_of([np.zeros((64, 64), np.uint8)], [0.0], ["nobody"])


def test_fewer_shapes_than_components_are_refused(shapes, tmp_path):
    wide = ShapeSettings(dimensions=16, components=300, width=8)
    with pytest.raises(SettingsError, match="components"):
        fit(SETTINGS.model_copy(update={"out": tmp_path, "network": wide}), shapes)


def test_an_unfinished_run_of_another_network_is_not_resumed(shapes, tmp_path):
    short = SETTINGS.model_copy(update={"out": tmp_path, "epochs": 1, "draws": 0})
    fit(short, shapes)
    other = ShapeSettings(dimensions=16, components=24, width=8)
    with pytest.raises(SettingsError, match="another size"):
        fit(short.model_copy(update={"network": other, "epochs": 2}), shapes)
