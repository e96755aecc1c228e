"""A trained shape model with its bank as one safetensors file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiac.errors import WeightsError
from cardiac.io.files import read_tensors, write_tensors
from cardiac.shape.arvae import ArVae
from cardiac.shape.bank import Bank
from cardiac.shape.density import Density
from cardiac.shape.expert_shapes import ExpertShapes, PlausibilityModel
from cardiac.shape.outline import POINTS
from cardiac.shape.recovery import ActiveShapeModel, Completion
from cardiac.shape.settings import ShapeSettings

SHIPPED = Path(__file__).parent.parent / "weights" / "shape.safetensors"
VIEWS = np.array(["A4C", "A2C"])
"""Names of the views by their number in the file."""
EXPERT_ARRAYS = ("middle", "low", "high", "mean", "precision", "side")
KIND = "shape"
"""Entry of the header that tells these weights from others."""


@dataclass(frozen=True, eq=False, slots=True)
class ShapeBundle:
    """What a weights file holds.

    Attributes:
        model: The latent space.
        bank: Codes that decode to valid masks.
        plausibility: How far outlines may be from those of experts.
        sha256: Hash of the file; "" where there is none.
    """

    model: ArVae
    bank: Bank
    plausibility: PlausibilityModel
    sha256: str = ""


def write_shape_model(bundle: ShapeBundle, path: Path, settings: ShapeSettings) -> Path:
    """Write model and bank in single precision, with the settings in the header."""
    model, bank = bundle.model, bundle.bank
    arrays = {f"network.{k}": v for k, v in model.weights.items()} | {
        "attribute_mean": model.attribute_mean,
        "attribute_sd": model.attribute_sd,
        "mean": model.mean,
        "components": model.components,
        "component_signs": model.component_signs,
        "signs": model.signs,
        "completion.mean": model.completion.mean,
        "completion.components": model.completion.components,
        "completion.noise": np.array([model.completion.noise]),
        "prior.mean": model.prior.mean,
        "prior.components": model.prior.components,
        "density.codes": model.density.codes,
        "density.bandwidth": np.array([model.density.bandwidth]),
        "density.view": _numbers(model.density.views),
        "bank.codes": bank.codes,
        "bank.scale": bank.scale,
        "fit": np.array([model.fit]),
        "plausible.limits": np.array([bundle.plausibility.fit, bundle.plausibility.remainder]),
    }
    for experts in bundle.plausibility.experts:
        for name in EXPERT_ARRAYS:
            arrays[f"plausible.{experts.view}.{name}"] = getattr(experts, name)
    single = {k: np.asarray(v, dtype=np.float32) for k, v in arrays.items()}
    head = {"points": POINTS, "network": settings.model_dump(mode="json")}
    return write_tensors(path, single, {KIND: json.dumps(head)})


def load_shape_model(path: Path = SHIPPED) -> ShapeBundle:
    """Read a model and its bank; a file that did not change is read once.

    Raises:
        WeightsError: The file is missing, damaged, or of another kind of model.
    """
    try:
        state = path.stat()
    except OSError:
        return _read(path, 0, 0)
    return _read(path.absolute(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=2)
def _read(path: Path, *_state: int) -> ShapeBundle:
    """Read a file; its time of change and size tell it from others at the same place."""
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


def _assemble(arrays: dict[str, np.ndarray], settings: ShapeSettings) -> ShapeBundle:
    network = {k.removeprefix("network."): v for k, v in arrays.items() if k.startswith("network.")}
    if network["phase.weight"].shape != (1, settings.dimensions):
        raise ValueError("length of a code")
    model = ArVae(
        network,
        arrays["attribute_mean"],
        arrays["attribute_sd"],
        arrays["mean"],
        arrays["components"],
        arrays["component_signs"],
        arrays["signs"],
        Completion(
            arrays["completion.mean"],
            arrays["completion.components"],
            float(arrays["completion.noise"][0]),
        ),
        ActiveShapeModel(arrays["prior.mean"], arrays["prior.components"]),
        Density(
            arrays["density.codes"],
            float(arrays["density.bandwidth"][0]),
            VIEWS[arrays["density.view"].astype(int)],
            arrays["signs"],
        ),
        float(arrays["fit"][0]),
    )
    experts = tuple(
        ExpertShapes(view, *(arrays[f"plausible.{view}.{name}"] for name in EXPERT_ARRAYS))
        for view in VIEWS.tolist()
        if f"plausible.{view}.mean" in arrays
    )
    fit, remainder = arrays["plausible.limits"]
    return ShapeBundle(
        model,
        Bank(arrays["bank.codes"], arrays["bank.scale"], arrays["signs"]),
        PlausibilityModel(experts, float(fit), float(remainder)),
    )


def _numbers(views: npt.NDArray[np.str_] | None) -> npt.NDArray[np.intp]:
    names = np.array([], "U3") if views is None else views
    return np.asarray(np.argmax(names[:, None] == VIEWS, axis=1))
