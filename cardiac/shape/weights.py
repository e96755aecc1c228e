"""A trained shape model with its bank as one safetensors file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cardiac.errors import WeightsError
from cardiac.io.files import read_tensors, write_tensors
from cardiac.shape.arvae import ArVae
from cardiac.shape.bank import Bank
from cardiac.shape.completion import Completion
from cardiac.shape.density import Density
from cardiac.shape.outline import POINTS
from cardiac.shape.prior import Prior
from cardiac.shape.settings import ShapeSettings

SHIPPED = Path(__file__).parent.parent / "weights" / "shape.safetensors"
KIND = "shape"
"""Entry of the header that tells these weights from others."""


@dataclass(frozen=True, eq=False, slots=True)
class Shipped:
    """What a weights file holds.

    Attributes:
        model: The latent space.
        bank: Codes that decode to valid masks.
        sha256: Hash of the file; "" where there is none.
    """

    model: ArVae
    bank: Bank
    sha256: str = ""


def write_shape_model(shipped: Shipped, path: Path, settings: ShapeSettings) -> Path:
    """Write model and bank in single precision, with the settings in the header."""
    model, bank = shipped.model, shipped.bank
    arrays = {f"network.{k}": v for k, v in model.weights.items()} | {
        "attribute_mean": model.attribute_mean,
        "attribute_sd": model.attribute_sd,
        "mean": model.mean,
        "components": model.components,
        "completion.mean": model.completion.mean,
        "completion.components": model.completion.components,
        "completion.noise": np.array([model.completion.noise]),
        "prior.mean": model.prior.mean,
        "prior.components": model.prior.components,
        "density.codes": model.density.codes,
        "density.bandwidth": np.array([model.density.bandwidth]),
        "bank.codes": bank.codes,
        "bank.scale": bank.scale,
        "fit": np.array([model.fit]),
    }
    single = {k: np.asarray(v, dtype=np.float32) for k, v in arrays.items()}
    head = {"points": POINTS, "network": settings.model_dump(mode="json")}
    return write_tensors(path, single, {KIND: json.dumps(head)})


def load_shape_model(path: Path = SHIPPED) -> Shipped:
    """Read a model and its bank.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind of model.
    """
    digest, metadata, tensors = read_tensors(
        path,
        "the weights of the shape model cannot be read.",
        "Install the package again, or train with: cardiac train shape.",
    )
    arrays = {name: value.astype(float) for name, value in tensors.items()}
    if KIND not in metadata:
        raise WeightsError("these are not the weights of a shape model", path=path)
    try:
        head = json.loads(metadata[KIND])
        if head["points"] != POINTS:
            raise ValueError("number of points of an outline")
        settings = ShapeSettings.model_validate(head["network"])
        return replace(_assemble(arrays, settings), sha256=digest)
    except (KeyError, ValueError) as error:
        raise WeightsError("the weights do not fit the shape model", path=path) from error


def _assemble(arrays: dict[str, np.ndarray], settings: ShapeSettings) -> Shipped:
    network = {k.removeprefix("network."): v for k, v in arrays.items() if k.startswith("network.")}
    if network["phase.weight"].shape != (1, settings.dimensions):
        raise ValueError("length of a code")
    model = ArVae(
        network,
        arrays["attribute_mean"],
        arrays["attribute_sd"],
        arrays["mean"],
        arrays["components"],
        Completion(
            arrays["completion.mean"],
            arrays["completion.components"],
            float(arrays["completion.noise"][0]),
        ),
        Prior(arrays["prior.mean"], arrays["prior.components"]),
        Density(arrays["density.codes"], float(arrays["density.bandwidth"][0])),
        float(arrays["fit"][0]),
    )
    return Shipped(model, Bank(arrays["bank.codes"], arrays["bank.scale"]))
