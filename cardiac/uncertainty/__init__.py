"""How far masks and numbers can be trusted: maps, scores, intervals, and a traffic light."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cardiac.uncertainty.calibration import Calibration, ErrorLaw
    from cardiac.uncertainty.estimate import Estimator
    from cardiac.uncertainty.result import Familiarity, Uncertainty
    from cardiac.uncertainty.settings import Method, UncertaintySettings
    from cardiac.uncertainty.weights import UncertaintyWeights, load_uncertainty

__all__ = [
    "Calibration",
    "ErrorLaw",
    "Estimator",
    "Familiarity",
    "Method",
    "Uncertainty",
    "UncertaintySettings",
    "UncertaintyWeights",
    "load_uncertainty",
]

_HOMES = {
    "Calibration": "calibration",
    "ErrorLaw": "calibration",
    "Estimator": "estimate",
    "Familiarity": "result",
    "Method": "settings",
    "Uncertainty": "result",
    "UncertaintySettings": "settings",
    "UncertaintyWeights": "weights",
    "load_uncertainty": "weights",
}


def __getattr__(name: str) -> Any:
    # The settings are read to print a help text, which must not load the models.
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
