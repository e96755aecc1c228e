from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from cardiac.errors import WeightsError
from cardiac.segmentation.weights import SHIPPED, load_network, open_weights


def test_shipped_weights_are_small_and_have_a_card():
    assert SHIPPED.stat().st_size <= 8 * 1024**2
    card = SHIPPED.with_suffix(".md").read_text()
    assert open_weights(SHIPPED).sha256 in card
    for word in ("CC BY-NC-SA 4.0", "not for clinical use", "Seed", "Command"):
        assert word.lower() in card.lower()


def test_every_convolution_has_a_range():
    weights = open_weights(SHIPPED)
    assert weights.activation_ranges
    assert all(low < 0 < high for low, high in weights.activation_ranges.values())


def test_missing_weights_say_so(tmp_path: Path):
    with pytest.raises(WeightsError, match="cannot be read"):
        open_weights(tmp_path / "none.safetensors")


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"\x80\x04 a pickle, perhaps")
    with pytest.raises(WeightsError):
        open_weights(path)


def test_weights_of_another_model_are_refused(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    save_file({"a": np.zeros(3, np.float32)}, path, {"network": "{}"})
    with pytest.raises(WeightsError, match="do not fit"):
        load_network(open_weights(path))
    other = tmp_path / "other.safetensors"
    save_file({"a": np.zeros(3, np.float32)}, other)
    with pytest.raises(WeightsError, match="segmentation"):
        open_weights(other)
