from .calibration import Calibration, ErrorModel
from .estimate import Estimator
from .intervals import Intervals
from .result import Uncertainty
from .settings import MethodName, UncertaintySettings
from .triage import TriageResult
from .weights import UncertaintyWeights, load_uncertainty

__all__ = [
    "Calibration",
    "ErrorModel",
    "Estimator",
    "Intervals",
    "MethodName",
    "TriageResult",
    "Uncertainty",
    "UncertaintySettings",
    "UncertaintyWeights",
    "load_uncertainty",
]
