"""What is shipped: a small file with a card, and a model that keeps what the card says."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from cardiac.anatomy import ATTRIBUTES, check
from cardiac.errors import WeightsError
from cardiac.labels import STRUCTURES
from cardiac.research.data import labelled_stills, patients_of
from cardiac.research.training.shape_data import canonical_mask
from cardiac.segmentation.weights import SHIPPED as SEGMENTATION
from cardiac.shape import load_shape_model, sample_valid, traverse, valid_codes
from cardiac.shape.weights import SHIPPED
from tests.conftest import ROOT
from tests.shape.conftest import dice


@pytest.fixture(scope="module")
def shipped():
    return load_shape_model()


def test_shipped_weights_are_small_and_have_a_card(shipped):
    assert SHIPPED.stat().st_size <= 3 * 1024**2
    card = SHIPPED.with_suffix(".md").read_text()
    assert shipped.sha256 in card
    for word in (
        "CC BY-NC-SA 4.0", "not for clinical use", "Seed", "Command", "Split", "Dice",
        "interpretability", "SCC", "modularity", "MIG", "SAP", "PCA", *ATTRIBUTES,
    ):  # fmt: skip
        assert word.lower() in card.lower(), word


def test_the_shipped_model_has_few_dimensions(shipped):
    assert shipped.model.dimensions <= 32


def test_codes_of_the_bank_are_valid(shipped):
    assert valid_codes(shipped.model, shipped.bank.codes[:: len(shipped.bank) // 50]).all()


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_every_shape_on_the_sheet_is_valid_and_in_order(shipped, name):
    sheet = traverse(shipped.model, name, steps=5)
    assert sheet.valid.all()
    assert (np.diff(sheet.attributes[:, ATTRIBUTES.index(name)]) > 0).all()


def test_most_draws_are_valid(shipped):
    assert sample_valid(shipped.model, 40, seed=1).acceptance >= 0.9


def test_experts_hearts_come_back(shipped, data):
    folder = data / "camus"
    if not folder.exists():
        pytest.skip(f"no CAMUS patients in {folder}")
    patients = patients_of("train", ROOT / "data_manifests" / "camus.csv")[::100]
    stills = labelled_stills(folder, patients)
    masks = np.stack([canonical_mask(still.mask, still.spacing) for still in stills])
    decoded = shipped.model.labels(shipped.model.encode(masks).mean)
    assert check(decoded).valid.all()
    for label in STRUCTURES:
        overlap = [dice(a == label, b == label) for a, b in zip(decoded, masks, strict=True)]
        assert np.mean(overlap) > 0.95


def test_weights_of_another_kind_are_refused(trained, tmp_path):
    with pytest.raises(WeightsError, match="cannot be read"):
        load_shape_model(tmp_path / "absent.safetensors")
    other = tmp_path / "other.safetensors"
    with pytest.raises(WeightsError, match="not the weights"):
        load_shape_model(SEGMENTATION)
    for head in ("rubbish", "{}", '{"points": 3, "network": {}}'):
        save_file({"x": np.zeros(1, np.float32)}, other, {"shape": head})
        with pytest.raises(WeightsError, match="do not fit"):
            load_shape_model(other)
    other.write_bytes(b"\x80\x04 a pickle, perhaps")
    with pytest.raises(WeightsError):
        load_shape_model(other)
