from .arvae import ArVae
from .bank import Bank, build_bank, valid_codes
from .compose import draw, from_maps, mask_distance_maps
from .density import Density
from .explore import (
    Draws,
    Walk,
    dimension_index,
    expert_range,
    interpolate,
    sample_valid,
    traverse,
    walk,
)
from .model import Codes, ShapeModel
from .pca import PcaModel, fit_pca
from .weights import ShapeBundle, load_shape_model

__all__ = [
    "ArVae",
    "Bank",
    "Codes",
    "Density",
    "Draws",
    "PcaModel",
    "ShapeBundle",
    "ShapeModel",
    "Walk",
    "build_bank",
    "dimension_index",
    "draw",
    "expert_range",
    "fit_pca",
    "from_maps",
    "interpolate",
    "load_shape_model",
    "mask_distance_maps",
    "sample_valid",
    "traverse",
    "valid_codes",
    "walk",
]
