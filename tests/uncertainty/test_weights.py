"""Weights that were made for something else are refused, whatever they would have said."""

from dataclasses import replace

import pytest

from cardiac.errors import WeightsError
from cardiac.uncertainty import Estimator, MethodName, UncertaintySettings, load_uncertainty
from cardiac.uncertainty import weights as module
from cardiac.uncertainty.weights import SHIPPED, save


def test_weights_come_back_as_they_were_written(weights, tmp_path):
    again = load_uncertainty(save(weights, tmp_path / "w.safetensors"))
    assert (again.references.packed == weights.references.packed).all()
    assert again.calibration.numbers() == weights.calibration.numbers()
    assert again.segmentation_sha256 == weights.segmentation_sha256


def test_what_is_shipped_is_small_and_fits_what_it_is_shipped_with(segmenter):
    assert SHIPPED.stat().st_size < 8e6
    known = Estimator.load(segmenter=segmenter).calibration
    assert known.of_view("A4C").half_width("lv_ef_percent", 0.9) > 0


def test_another_segmentation_or_shape_model_is_refused(weights, answer):
    weights.require(weights.segmentation_sha256)
    with pytest.raises(WeightsError, match="segmentation"):
        weights.require("0" * 64)
    settings = UncertaintySettings(method=MethodName.LATENT)
    latent = Estimator(settings, replace(weights, shape_sha256="0" * 64))
    with pytest.raises(WeightsError, match="shape"):
        latent.estimate(*answer)


def test_a_file_that_was_written_over_is_read_again(weights, tmp_path):
    path = save(weights, tmp_path / "w.safetensors")
    first = load_uncertainty(path)
    assert load_uncertainty(path) is first
    other = replace(weights, calibration=weights.calibration.replace(slope=0.123456))
    assert load_uncertainty(save(other, path)).calibration.slope == 0.123456


def test_another_label_set_is_refused_by_its_hash(weights, tmp_path, monkeypatch):
    path = save(weights, tmp_path / "w.safetensors")
    monkeypatch.setattr(module, "label_set_hash", lambda: "0" * 64)
    with pytest.raises(WeightsError, match="label set"):
        load_uncertainty(path)


def test_another_version_is_refused(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    path = save(weights, tmp_path / "w.safetensors")
    monkeypatch.undo()
    with pytest.raises(WeightsError, match="version"):
        load_uncertainty(path)


def test_a_missing_file_and_another_kind_of_model_are_named(tmp_path):
    with pytest.raises(WeightsError, match="cannot be read"):
        load_uncertainty(tmp_path / "absent.safetensors")
    with pytest.raises(WeightsError, match="not the weights of an uncertainty"):
        load_uncertainty(SHIPPED.with_name("shape.safetensors"))


def test_weights_without_some_of_its_networks_does_not_fit(weights, tmp_path):
    state = {k: v for k, v in weights.state.items() if "strange" not in k}
    path = save(replace(weights, state=state), tmp_path / "w.safetensors")
    with pytest.raises(WeightsError):
        _ = Estimator(weights=load_uncertainty(path), fast=False).models.runner
