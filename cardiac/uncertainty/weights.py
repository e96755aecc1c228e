"""Uncertainty weights: networks, reference embeddings and calibration in one safetensors file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import WeightsError
from cardiac.geometry import CANONICAL_SIZE
from cardiac.io.files import read_tensors, write_tensors
from cardiac.labels import Label
from cardiac.sequence import View
from cardiac.uncertainty.calibration import MAP_NUMBERS, Calibration, ConformalScores, ErrorModel
from cardiac.uncertainty.networks import COARSE, UncertaintyNetworkSettings
from cardiac.uncertainty.ood import ReferenceEmbeddings

if TYPE_CHECKING:
    import torch

SHIPPED = Path(__file__).parent.parent / "weights" / "uncertainty.safetensors"
KIND = "uncertainty"
_UNREADABLE = "the weights of the uncertainty cannot be read"
_HINT = "Install the package again, or train with: cardiac train uncertainty."
VERSION = 3
"""Of the file; the one before is still read."""


def label_set_hash() -> str:
    """Hash of labels and canonical grid: what the reference embeddings depend on."""
    text = json.dumps([CANONICAL_SIZE, {label.name: int(label) for label in Label}])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class UncertaintyWeights:
    """What a weights file holds.

    Attributes:
        network: Sizes of the networks.
        state: Arrays of the networks by name, "crisp." and "fused." in front.
        references: Masks of training patients and their codes.
        calibration: Everything that was fitted on held-out patients.
        segmentation_sha256: Hash of the segmentation weights that the calibration speaks of.
        shape_sha256: Hash of the shape model that the calibration of ``latent`` speaks of.
        sha256: Hash of the file.
        path: The file.
    """

    network: UncertaintyNetworkSettings
    state: dict[str, npt.NDArray[np.generic]] = field(repr=False)
    references: ReferenceEmbeddings = field(repr=False)
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
        found.update(self.references.codes.tobytes() + self.references.packed.tobytes())
        numbers = {name: self.calibration.numbers()[name] for name in MAP_NUMBERS}
        found.update(json.dumps(numbers, sort_keys=True).encode())
        return found.hexdigest()

    def require(self, segmentation_sha256: str | None) -> None:
        """Refuse a segmentation network that these weights were not made for.

        Raises:
            WeightsError: The hash differs.
        """
        if segmentation_sha256 not in (None, self.segmentation_sha256):
            raise WeightsError(
                "references and calibration were made for other segmentation weights "
                f"({self.segmentation_sha256[:12]}, not {str(segmentation_sha256)[:12]})",
                path=self.path,
                hint="Train them again: cardiac train uncertainty.",
            )


def save(weights: UncertaintyWeights, path: Path) -> Path:
    """Write networks in half precision, reference embeddings and calibration."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for name, value in weights.state.items():
        arrays[f"network.{name}"] = (
            value.astype(np.float16) if value.dtype.kind == "f" else np.asarray(value)
        )
    arrays |= {
        "bank.codes": weights.references.codes.astype(np.float32),
        "bank.masks": weights.references.packed,
    }
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
    """Read a weights file; one that has not changed since the last time is read once.

    Raises:
        WeightsError: The file is missing, damaged, of another kind or version of model, or of
            another label set.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise WeightsError(_UNREADABLE, path=path, hint=_HINT) from error
    return _load(path, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=2)
def _load(path: Path, _: tuple[int, int]) -> UncertaintyWeights:
    digest, metadata, arrays = read_tensors(path, _UNREADABLE, _HINT)
    if metadata.get("kind") != KIND:
        raise WeightsError("these are not the weights of an uncertainty", path=path)
    version = metadata.get("version")
    if version not in {str(VERSION), "2"} or metadata.get("labels") != label_set_hash():
        raise WeightsError(
            "the reference embeddings are of another label set or version",
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
    state = {
        name.removeprefix("network."): v.astype(np.float32) if v.dtype.kind == "f" else v
        for name, v in arrays.items()
        if name.startswith("network.")
    }
    references = ReferenceEmbeddings(
        np.asarray(arrays["bank.codes"], np.float32),
        np.asarray(arrays["bank.masks"], np.uint8),
        COARSE,
    )
    numbers = json.loads(metadata["calibration"])
    old = metadata["version"] == "2"
    return UncertaintyWeights(
        UncertaintyNetworkSettings.model_validate_json(metadata["network"]),
        state,
        references,
        _from_version_2(numbers) if old else Calibration.from_numbers(numbers),
        metadata["segmentation_sha256"],
        metadata["shape_sha256"],
        digest,
        path,
    )


def _from_version_2(numbers: dict[str, Any]) -> Calibration:
    """The calibration of a file whose misses are in units of the draws' width."""
    misses, typical = numbers["misses"], numbers["typical"]
    patients = tuple(sorted({patient for found in misses.values() for patient in found}))
    scores = {
        name: tuple(found[p] * typical[name] if p in found else None for p in patients)
        for name, found in misses.items()
    }
    return Calibration(
        slope=numbers["slope"],
        offset=numbers["offset"],
        max_ood_score=numbers["strangest"],
        min_cosine=numbers["least_cosine"],
        error_models={name: ErrorModel(*law) for name, law in numbers["laws"].items()},
        conformal={View.A4C: ConformalScores(patients, scores)},
        error_correlation=numbers["coupling"],
        thresholds=numbers["thresholds"],
        review=numbers["review"],
        reject=numbers["reject"],
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
