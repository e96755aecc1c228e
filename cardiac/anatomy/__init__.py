"""Landmarks, attributes and criteria: pure functions of a label map."""

from cardiac.anatomy.attributes import ATTRIBUTE_TITLES, ATTRIBUTES, Attributes, measure
from cardiac.anatomy.criteria import ATRIAL, CRITERIA, TITLES, Check, check, measure_criteria
from cardiac.anatomy.landmarks import Landmarks, find_landmarks
from cardiac.anatomy.profiles import PUBLISHED, Profile, calibrate, load_profile

__all__ = [
    "ATRIAL",
    "ATTRIBUTES",
    "ATTRIBUTE_TITLES",
    "CRITERIA",
    "PUBLISHED",
    "TITLES",
    "Attributes",
    "Check",
    "Landmarks",
    "Profile",
    "calibrate",
    "check",
    "find_landmarks",
    "load_profile",
    "measure",
    "measure_criteria",
]
