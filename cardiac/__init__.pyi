from . import (
    anatomy,
    clinical,
    correction,
    errors,
    geometry,
    io,
    report,
    results,
    segmentation,
    shape,
    temporal,
    uncertainty,
)
from .correction import Correction, correct_masks
from .correction.certificate import Certificate
from .correction.certify import certify
from .errors import CardiacError
from .io import read
from .labels import Label
from .pipeline import Models, process
from .segmentation.segmenter import Segmenter
from .sequence import EchoSequence, Subject, View
from .settings import ProcessSettings
from .study import Study

__version__: str
__all__ = [
    "CardiacError",
    "Certificate",
    "Correction",
    "EchoSequence",
    "Label",
    "Models",
    "ProcessSettings",
    "Segmenter",
    "Study",
    "Subject",
    "View",
    "anatomy",
    "certify",
    "clinical",
    "correct_masks",
    "correction",
    "errors",
    "geometry",
    "io",
    "process",
    "read",
    "report",
    "results",
    "segmentation",
    "shape",
    "temporal",
    "uncertainty",
]
