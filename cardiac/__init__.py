"""Echocardiography analysis that can be trusted.

>>> import cardiac
>>> sequence = cardiac.read("a4c.dcm")      # doctest: +SKIP
>>> study = cardiac.process(sequence)       # doctest: +SKIP
>>> study.indices.lv_ef_percent            # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from cardiac.errors import CardiacError
from cardiac.labels import Label

if TYPE_CHECKING:
    from cardiac.certificate import Certificate, certify
    from cardiac.correction import Correction, correct_masks
    from cardiac.io import read
    from cardiac.segmentation.segmenter import Segmenter
    from cardiac.sequence import EchoSequence, Subject, View
    from cardiac.study import ProcessSettings, Study, process

__version__ = "0.1.0"
__all__ = [
    "CardiacError",
    "Certificate",
    "Correction",
    "EchoSequence",
    "Label",
    "ProcessSettings",
    "Segmenter",
    "Study",
    "Subject",
    "View",
    "certify",
    "correct_masks",
    "process",
    "read",
]

_HOMES = {
    "Certificate": "cardiac.certificate",
    "Correction": "cardiac.correction",
    "EchoSequence": "cardiac.sequence",
    "ProcessSettings": "cardiac.study",
    "Segmenter": "cardiac.segmentation.segmenter",
    "Study": "cardiac.study",
    "Subject": "cardiac.sequence",
    "View": "cardiac.sequence",
    "certify": "cardiac.certificate",
    "correct_masks": "cardiac.correction",
    "process": "cardiac.study",
    "read": "cardiac.io",
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    # Rooms are opened when they are entered: importing the package must cost nothing.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
