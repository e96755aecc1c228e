"""Correction and certificate: masks in, certified masks out."""

from cardiac.correction.correct import Correction, correct_masks
from cardiac.correction.repair import remove_debris, repair_frame

__all__ = ["Correction", "correct_masks", "remove_debris", "repair_frame"]
