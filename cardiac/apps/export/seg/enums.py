"""Defined terms of the Segmentation object (PS3.3 C.8.20)."""

from __future__ import annotations

from enum import StrEnum

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"


class SegmentationType(StrEnum):
    """How the pixels of a segment are stored."""

    BINARY = "BINARY"
    FRACTIONAL = "FRACTIONAL"


class FractionalType(StrEnum):
    """What a fraction means."""

    PROBABILITY = "PROBABILITY"
    OCCUPANCY = "OCCUPANCY"


class AlgorithmType(StrEnum):
    """Who drew a segment."""

    AUTOMATIC = "AUTOMATIC"
    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    MANUAL = "MANUAL"
