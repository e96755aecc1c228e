"""What a correction changed: overlap and displacement of masks before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from cardiac.anatomy.overlap import REGIONS, region
from cardiac.anatomy.raster import bounding_box
from cardiac.geometry import Mask, Spacing
from cardiac.types import Array, BoolArray


@dataclass(frozen=True, eq=False, slots=True)
class Changes:
    """What a correction did to every frame.

    Attributes:
        actions: (T,) `kept`, `repaired`, `moved` or `replaced`.
        dice: (T,) overlap of the labels with those that came in; 1 where nothing changed.
        displacement: (T,) largest distance that a boundary moved, in mm (pixels without
            calibration); NaN where a structure came or went.
    """

    actions: tuple[str, ...]
    dice: Array
    displacement: Array


def changes_between(
    before: Mask, after: Mask, actions: Sequence[str], spacing: Spacing | None
) -> Changes:
    """Overlap and largest displacement of the boundaries of two mask sequences (T, H, W)."""
    dice, displacement = np.ones(len(before)), np.zeros(len(before))
    for t in np.flatnonzero([a != "kept" for a in actions]):
        dice[t], displacement[t] = _apart(before[t], after[t], spacing)
    return Changes(tuple(actions), dice, displacement)


def _apart(before: Mask, after: Mask, spacing: Spacing | None) -> tuple[float, float]:
    """Dice of all labels together, and largest distance between boundaries of one structure."""
    box = bounding_box((before | after) > 0)
    if box is None:
        return 1.0, 0.0
    around = np.s_[box[0] : box[2], box[1] : box[3]]
    before, after = np.pad(before[around], 1), np.pad(after[around], 1)
    both = np.count_nonzero((before == after) & (before > 0))
    total = np.count_nonzero(before) + np.count_nonzero(after)
    scale = np.array(spacing or (1.0, 1.0))
    farthest = [_farthest(region(before, name), region(after, name), scale) for name in REGIONS]
    return 2 * both / total, float(np.max(farthest))


def _farthest(first: BoolArray, second: BoolArray, scale: Array) -> float:
    """Largest distance between the boundaries of two regions off the edge of the array."""
    changed = first != second
    if not changed.any():
        return 0.0
    if not (first.any() and second.any()):
        return float("nan")
    edges = [_edge(region) for region in (first, second)]
    places = [np.argwhere(edge) * scale for edge in edges]
    # An edge where nothing changed lies on the other one.
    moved = [np.argwhere(edge & changed) * scale for edge in edges]
    return max(
        float(np.max(cKDTree(there).query(here)[0])) if len(here) else 0.0
        for here, there in ((moved[0], places[1]), (moved[1], places[0]))
    )


def _edge(region: BoolArray) -> BoolArray:
    """Pixels of a region with a 4-neighbour outside it."""
    inner = region.copy()
    inner[1:] &= region[:-1]
    inner[:-1] &= region[1:]
    inner[:, 1:] &= region[:, :-1]
    inner[:, :-1] &= region[:, 1:]
    return region & ~inner
