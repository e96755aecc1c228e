"""Latent spaces of hearts: masks to codes and back, with attributes that can be set."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cardiac.shape.arvae import ArVae
    from cardiac.shape.bank import Bank, build_bank, valid_codes
    from cardiac.shape.compose import draw, from_maps
    from cardiac.shape.density import Density
    from cardiac.shape.disentangle import Disentanglement, disentanglement
    from cardiac.shape.distance import mask_distance_maps
    from cardiac.shape.explore import (
        Draws,
        Walk,
        dimension_index,
        expert_range,
        interpolate,
        sample_valid,
        traverse,
        walk,
    )
    from cardiac.shape.figures import ShapeFigures, evaluate, markdown
    from cardiac.shape.model import Codes, ShapeModel
    from cardiac.shape.pca import PcaModel, fit_pca
    from cardiac.shape.weights import Shipped, load_shape_model

__all__ = [
    "ArVae",
    "Bank",
    "Codes",
    "Density",
    "Disentanglement",
    "Draws",
    "PcaModel",
    "ShapeFigures",
    "ShapeModel",
    "Shipped",
    "Walk",
    "build_bank",
    "dimension_index",
    "disentanglement",
    "draw",
    "evaluate",
    "expert_range",
    "fit_pca",
    "from_maps",
    "interpolate",
    "load_shape_model",
    "markdown",
    "mask_distance_maps",
    "sample_valid",
    "traverse",
    "valid_codes",
    "walk",
]

_HOMES = {
    "ArVae": "arvae",
    "Bank": "bank",
    "Codes": "model",
    "Density": "density",
    "Disentanglement": "disentangle",
    "Draws": "explore",
    "PcaModel": "pca",
    "ShapeFigures": "figures",
    "ShapeModel": "model",
    "Shipped": "weights",
    "Walk": "explore",
    "build_bank": "bank",
    "dimension_index": "explore",
    "disentanglement": "disentangle",
    "draw": "compose",
    "evaluate": "figures",
    "expert_range": "explore",
    "fit_pca": "pca",
    "from_maps": "compose",
    "interpolate": "explore",
    "load_shape_model": "weights",
    "markdown": "figures",
    "mask_distance_maps": "distance",
    "sample_valid": "explore",
    "traverse": "explore",
    "valid_codes": "bank",
    "walk": "explore",
}


def __getattr__(name: str) -> Any:
    # Rooms are opened when they are entered: the settings alone must cost nothing.
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
