"""Bounds of the anatomical criteria."""

from cardiac.anatomy.profiles.profile import PUBLISHED, Profile, calibrate, load_profile

__all__ = ["PUBLISHED", "Profile", "calibrate", "load_profile"]
