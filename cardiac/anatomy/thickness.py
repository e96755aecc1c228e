"""How thin a wall gets, against how thick it is (criterion 11)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.frame import BoolArray
from cardiac.anatomy.topology import count_pieces, erode, euler


def erosion_ratio(wall: BoolArray, *, solid: bool) -> float:
    """3×3 erosions that a wall survives in one piece ÷ its largest distance to the outside.

    Args:
        wall: (H, W), one piece with an empty rim.
        solid: Whether it is known to have no holes; erosion makes none, so its pieces
            are then counted by the Euler number.

    Source: Painchaud et al., IEEE TMI 41(10), 2022 (the ratio of least to largest thickness).
    """
    count = euler if solid else count_pieces
    survived: int | None = None
    levels = [wall]
    while True:
        thinner = erode(levels[-1])
        if not thinner.any():
            break
        levels.append(thinner)
        if survived is None and count(thinner) > 1:
            survived = len(levels) - 2
    if survived is None:
        survived = len(levels) - 1
    return survived / largest_distance(levels)


def largest_distance(levels: list[BoolArray]) -> float:
    """Largest Euclidean distance of a pixel of a region to the nearest pixel outside it.

    Args:
        levels: The region (H, W) with an empty rim, and its successive 3×3 erosions.

    A pixel that survives n erosions but not n + 1 lies n + 1 to (n + 1) √2 from the outside,
    which leaves few pixels to measure. The measure is exact.
    """
    region, deepest = levels[0], len(levels)
    reach = int(deepest * np.sqrt(2)) + 1
    vertical = _vertical_distance(region, reach)
    depth = int(np.ceil(deepest / np.sqrt(2))) - 1
    inner = vertical[depth : vertical.shape[0] - depth, depth : vertical.shape[1] - depth]
    rows, columns = np.nonzero(levels[depth] & (inner >= deepest))
    across = np.arange(-reach, reach + 1)
    # Beyond the sides everything is outside: there the clipped column, whose rim is
    # outside too, only ever overstates the distance.
    near = np.clip(columns[:, None] + (across + depth), 0, vertical.shape[1] - 1)
    height = vertical[rows[:, None] + depth, near].astype(np.int32)
    return float(np.sqrt((height * height + across * across).min(axis=1).max()))


def _vertical_distance(region: BoolArray, reach: int) -> npt.NDArray[np.uint16]:
    """Rows (H, W) from each pixel to the nearest one outside, counted up to ``reach``."""
    distance = region.astype(np.uint16)
    inner = region
    for step in range(1, min(reach, (region.shape[0] - 1) // 2)):
        inner = inner[1:-1] & inner[:-2] & inner[2:]
        distance[step:-step] += inner.view(np.uint8)
    return distance
