"""The attributes of a frame as sliders: name, unit, ends and step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiac.anatomy import ATTRIBUTE_TITLES, ATTRIBUTES
from cardiac.types import Array

RANGE = {
    "lv_area": (0.5, 1.6),
    "lv_length": (0.7, 1.35),
    "lv_base_width": (0.5, 1.6),
    "myo_area": (0.5, 1.6),
}
"""Ends as shares of the value as it was."""
TURN, SHIFT = 20.0, 20.0
"""Degrees, and pixels of a 256-pixel image, to either side."""


@dataclass(frozen=True, slots=True)
class Slider:
    """One attribute of one frame.

    Attributes:
        name: Of `cardiac.anatomy.ATTRIBUTES`.
        title: What a reader calls it.
        unit: "cm²", "mm", "°", or "px²" and "px" without calibration.
        factor: Shown value divided by the value in mm², mm or degrees.
        low, high, step: In shown units.
        value: As it is now, in shown units.
        original: As it was before any edit.
    """

    name: str
    title: str
    unit: str
    factor: float
    low: float
    high: float
    step: float
    value: float
    original: float


def sliders(original: Array, current: Array, pixel: float, *, calibrated: bool) -> list[Slider]:
    """Sliders of a frame; none for an attribute that could not be measured.

    Args:
        original, current: (7,) before any edit and now, in mm, mm² and degrees or in pixels.
        pixel: Size of a canonical pixel, in mm or in pixels of the image.
        calibrated: Whether values are in mm.
    """
    made = []
    for name, was, value in zip(ATTRIBUTES, original, current, strict=True):
        if not (np.isfinite(was) and np.isfinite(value)):
            continue
        unit, factor = _unit(name, calibrated=calibrated)
        if name in RANGE:
            low, high = (was * share for share in RANGE[name])
        else:
            side = TURN if name == "lv_orientation" else SHIFT * pixel
            low, high = was - side, was + side
        step = _step((high - low) * factor)
        ends = np.floor(low * factor / step) * step, np.ceil(high * factor / step) * step
        made.append(
            Slider(
                name,
                ATTRIBUTE_TITLES[name],
                unit,
                factor,
                float(ends[0]),
                float(ends[1]),
                step,
                float(value * factor),
                float(was * factor),
            )
        )
    return made


def _unit(name: str, *, calibrated: bool) -> tuple[str, float]:
    if name == "lv_orientation":
        return "°", 1.0
    if name.endswith("area"):
        return ("cm²", 0.01) if calibrated else ("px²", 1.0)
    return ("mm" if calibrated else "px"), 1.0


def _step(span: float) -> float:
    """A round number about a two-hundredth of a span."""
    power = 10.0 ** np.floor(np.log10(span / 200))
    return float(power * (1 if span / 200 / power < 2 else 2 if span / 200 / power < 5 else 5))
