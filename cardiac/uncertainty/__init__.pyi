from .calibration import Calibration, ErrorLaw
from .estimate import Estimator
from .result import Familiarity, Uncertainty
from .settings import Method, UncertaintySettings
from .weights import UncertaintyWeights, load_uncertainty

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
