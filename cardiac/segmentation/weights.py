"""Trained weights as safetensors: found, hashed, checked, loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.errors import WeightsError
from cardiac.io.files import read_tensors
from cardiac.segmentation.network import NetworkSettings, build_network, unique_state

if TYPE_CHECKING:
    import torch

SHIPPED = Path(__file__).parent.parent / "weights" / "segmentation.safetensors"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A weights file whose content is known by its hash.

    Attributes:
        path: The safetensors file.
        sha256: Hash of its bytes.
        metadata: The strings in its header: network settings and provenance.
    """

    path: Path
    sha256: str
    metadata: dict[str, str]

    @property
    def network_settings(self) -> NetworkSettings:
        """Shape of the network that the weights fit."""
        return NetworkSettings.model_validate_json(self.metadata["network"])

    @property
    def activation_ranges(self) -> dict[str, tuple[float, float]]:
        """Range of every convolution's input by its name, for eight-bit inference; or empty."""
        ranges = json.loads(self.metadata.get("ranges", "{}"))
        return {name: (float(low), float(high)) for name, (low, high) in ranges.items()}


@lru_cache(maxsize=8)
def open_weights(path: Path = SHIPPED) -> WeightsFile:
    """Read the header and the hash of a weights file.

    Raises:
        WeightsError: The file is missing, not safetensors, or of another kind of model.
    """
    digest, metadata, _ = read_tensors(
        path,
        "the weights cannot be read",
        "Install the package again, or name another file with --weights.",
        texts_only=True,
    )
    if "network" not in metadata:
        raise WeightsError("these are not the weights of a segmentation network", path=path)
    return WeightsFile(path, digest, metadata)


def load_network(weights: WeightsFile) -> torch.nn.Module:
    """The network with its weights in float32, ready to predict.

    Raises:
        WeightsError: Names or shapes do not fit the network.
    """
    from safetensors.torch import load_file

    network = build_network(weights.network_settings)
    state = {
        name: value.float() if value.is_floating_point() else value
        for name, value in load_file(weights.path).items()
    }
    expected = unique_state(network)
    if {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in expected.items()}:
        raise WeightsError("the weights do not fit the network", path=weights.path)
    network.load_state_dict(state, strict=False)
    return network.eval()
