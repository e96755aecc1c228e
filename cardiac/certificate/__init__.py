"""Certificates: what masks were measured to be, and which bounds they keep."""

from cardiac.certificate.certificate import Certificate
from cardiac.certificate.changes import Changes, changes_between
from cardiac.certificate.judge import Measured, certify, judge, measure_masks

__all__ = [
    "Certificate",
    "Changes",
    "Measured",
    "certify",
    "changes_between",
    "judge",
    "measure_masks",
]
