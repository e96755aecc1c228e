"""A step of the history of edits, and what a slider shows while it is dragged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cardiac.clinical import Indices
from cardiac.correction.certificate import Certificate, Measured
from cardiac.geometry import Mask
from cardiac.types import Array


@dataclass(frozen=True, slots=True)
class Key:
    """Attributes that a person set on a frame.

    Attributes:
        wanted: Value in mm, mm² or degrees (pixels without calibration) by attribute.
        alone: Whether the neighbours stay as they are.
    """

    wanted: Mapping[str, float]
    alone: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class State:
    """A step of the history.

    Attributes:
        keys: What was set, by frame.
        drawn: Label maps of the frames that are not the original's.
        measured: Of all frames.
        certificate: Of all frames.
        told: What was done, in words.
    """

    keys: Mapping[int, Key]
    drawn: Mapping[int, Mask]
    measured: Measured
    certificate: Certificate
    told: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Preview:
    """What a slider shows while it is dragged.

    Attributes:
        frame: Which.
        mask: (H, W) labels of it.
        values: (T, 7) attributes: of that frame as drawn, of its neighbours as they will be.
        certificate: As far as it can be told: neighbours are not drawn yet.
        indices: As they will be.
    """

    frame: int
    mask: Mask
    values: Array
    certificate: Certificate
    indices: Indices
