"""Overlap (Dice) of masks, over the regions that are compared: cavity, epicardium, atrium."""

from __future__ import annotations

import numpy as np

from cardiac.geometry import Mask
from cardiac.labels import Label
from cardiac.types import BoolArray

REGIONS: dict[str, tuple[Label, ...]] = {
    "lv": (Label.LV,),
    "epicardium": (Label.LV, Label.MYOCARDIUM),
    "la": (Label.LA,),
}
"""Labels of the LV cavity, of the epicardium (cavity and wall) and of the left atrium."""


def region(masks: Mask, name: str) -> BoolArray:
    """Pixels of ``lv``, ``epicardium`` or ``la`` in label maps of any shape."""
    first, *more = REGIONS[name]
    found = masks == int(first)
    for label in more:
        found |= masks == int(label)
    return np.asarray(found)


def dice(first: BoolArray, second: BoolArray) -> float | None:
    """Dice coefficient of two regions, or None where both are empty."""
    total = int(np.count_nonzero(first)) + int(np.count_nonzero(second))
    return 2 * int(np.count_nonzero(first & second)) / total if total else None


def region_dice(first: Mask, second: Mask, *, empty: float = 1.0) -> tuple[float, float, float]:
    """Dice of cavity, epicardium and atrium of two label maps; ``empty`` where both lack one."""
    found = (dice(region(first, name), region(second, name)) for name in REGIONS)
    lv, epicardium, la = (empty if score is None else score for score in found)
    return lv, epicardium, la
