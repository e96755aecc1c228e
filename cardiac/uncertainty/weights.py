"""Encoders, bank and calibration as one safetensors file, tied to what they were made for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiac.errors import WeightsError
from cardiac.geometry import CANONICAL_SIZE
from cardiac.io.files import read_tensors, write_tensors
from cardiac.labels import Label
from cardiac.uncertainty.bank import Bank
from cardiac.uncertainty.calibration import MAP_NUMBERS, Calibration
from cardiac.uncertainty.networks import COARSE, UncertaintyNetworkSettings

if TYPE_CHECKING:
    import torch

SHIPPED = Path(__file__).parent.parent / "weights" / "uncertainty.safetensors"
KIND = "uncertainty"
VERSION = 2


def label_set_hash() -> str:
    """Hash of the labels' numbers and names and of the canonical grid: what a bank depends on."""
    text = json.dumps([CANONICAL_SIZE, {label.name: int(label) for label in Label}])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class UncertaintyWeights:
    """What a weights file holds.

    Attributes:
        network: Sizes of the networks.
        state: Arrays of the networks by name, "crisp." and "fused." in front.
        bank: The masks of training patients.
        calibration: Everything that was fitted on held-out patients.
        segmentation_sha256: Hash of the segmentation weights that the calibration speaks of.
        shape_sha256: Hash of the shape model that the error law speaks of.
        sha256: Hash of the file.
        path: The file.
    """

    network: UncertaintyNetworkSettings
    state: dict[str, npt.NDArray[np.generic]] = field(repr=False)
    bank: Bank = field(repr=False)
    calibration: Calibration
    segmentation_sha256: str
    shape_sha256: str
    sha256: str = ""
    path: Path | None = None

    @cached_property
    def map_hash(self) -> str:
        """Hash of all that maps and scores depend on: the intervals may change without it."""
        found = hashlib.sha256(label_set_hash().encode())
        for name in sorted(self.state):
            found.update(name.encode() + np.ascontiguousarray(self.state[name]).tobytes())
        found.update(self.bank.codes.tobytes() + self.bank.packed.tobytes())
        numbers = {name: self.calibration.numbers()[name] for name in MAP_NUMBERS}
        found.update(json.dumps(numbers, sort_keys=True).encode())
        return found.hexdigest()

    def require(
        self, segmentation_sha256: str | None = None, shape_sha256: str | None = None
    ) -> None:
        """Refuse models that these weights were not made for.

        Raises:
            WeightsError: A hash differs.
        """
        for name, ours, theirs in (
            ("segmentation", self.segmentation_sha256, segmentation_sha256),
            ("shape", self.shape_sha256, shape_sha256),
        ):
            if theirs is not None and theirs != ours:
                raise WeightsError(
                    f"bank and calibration were made for other {name} weights "
                    f"({ours[:12]}, not {theirs[:12]})",
                    path=self.path,
                    hint="Train them again: cardiac train uncertainty.",
                )


def save(weights: UncertaintyWeights, path: Path) -> Path:
    """Write networks in half precision, bank and calibration."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for name, value in weights.state.items():
        arrays[f"network.{name}"] = (
            value.astype(np.float16) if value.dtype.kind == "f" else np.asarray(value)
        )
    arrays |= {
        "bank.codes": weights.bank.codes.astype(np.float32),
        "bank.masks": weights.bank.packed,
    }
    arrays |= {f"calibration.{k}": v for k, v in weights.calibration.arrays().items()}
    metadata = {
        "kind": KIND,
        "version": str(VERSION),
        "labels": label_set_hash(),
        "network": weights.network.model_dump_json(),
        "calibration": json.dumps(weights.calibration.numbers(), sort_keys=True),
        "segmentation_sha256": weights.segmentation_sha256,
        "shape_sha256": weights.shape_sha256,
    }
    return write_tensors(path, arrays, metadata)


def load_uncertainty(path: Path = SHIPPED) -> UncertaintyWeights:
    """Read a weights file.

    Raises:
        WeightsError: The file is missing, damaged, of another kind or version of model, or of
            another label set.
    """
    digest, metadata, arrays = read_tensors(
        path,
        "the weights of the uncertainty cannot be read",
        "Install the package again, or train with: cardiac train uncertainty.",
    )
    if metadata.get("kind") != KIND:
        raise WeightsError("these are not the weights of an uncertainty", path=path)
    if metadata.get("version") != str(VERSION) or metadata.get("labels") != label_set_hash():
        raise WeightsError(
            "the bank is of another label set or version",
            path=path,
            hint="Train it again: cardiac train uncertainty.",
        )
    try:
        return _assemble(arrays, metadata, digest, path)
    except (KeyError, ValueError) as error:
        raise WeightsError("the weights do not fit the uncertainty", path=path) from error


def _assemble(
    arrays: dict[str, npt.NDArray[np.generic]], metadata: dict[str, str], digest: str, path: Path
) -> UncertaintyWeights:
    def under(prefix: str) -> dict[str, npt.NDArray[np.generic]]:
        return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}

    state = {
        k: v.astype(np.float32) if v.dtype.kind == "f" else v for k, v in under("network.").items()
    }
    bank = Bank(
        np.asarray(arrays["bank.codes"], np.float32),
        np.asarray(arrays["bank.masks"], np.uint8),
        COARSE,
    )
    return UncertaintyWeights(
        UncertaintyNetworkSettings.model_validate_json(metadata["network"]),
        state,
        bank,
        Calibration.of(under("calibration."), json.loads(metadata["calibration"])),
        metadata["segmentation_sha256"],
        metadata["shape_sha256"],
        digest,
        path,
    )


def load_state(
    network: torch.nn.Module, state: dict[str, npt.NDArray[np.generic]], prefix: str
) -> torch.nn.Module:
    """Put arrays whose names start with ``prefix`` into a network.

    Raises:
        WeightsError: Names or shapes do not fit.
    """
    import torch

    chosen = {
        k.removeprefix(prefix): torch.from_numpy(np.array(v))
        for k, v in state.items()
        if k.startswith(prefix)
    }
    try:
        network.load_state_dict(chosen)
    except RuntimeError as error:
        raise WeightsError("the weights do not fit the networks of the uncertainty") from error
    return network.eval()
