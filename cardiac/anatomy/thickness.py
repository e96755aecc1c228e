"""How thin a wall gets, against how thick it is (criterion 11)."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt, sqrt

from cardiac.anatomy.bitmask import erode, euler, unpack
from cardiac.anatomy.raster import count_components


def erosion_ratio(wall: int, shape: tuple[int, int], *, solid: bool) -> float:
    """3×3 erosions until a wall falls apart or is gone ÷ its largest distance to the outside.

    Args:
        wall: Bits of one component that keeps off the edge of its array.
        shape: (H, W) of the array.
        solid: Whether it is known to have no holes; erosion makes none, so its components
            are then counted by the Euler number.

    Source: Painchaud et al., IEEE TMI 41(10), 2022 (the ratio of least to largest thickness).
    """
    width = shape[1]
    levels = [wall]
    while thinner := erode(levels[-1], width):
        levels.append(thinner)
    erosions = len(levels)
    for count, level in enumerate(levels[1:], start=1):
        if (euler(level, width) if solid else count_components(unpack(level, shape))) > 1:
            erosions = count
            break
    return erosions / largest_distance(wall, width, len(levels))


def largest_distance(region: int, width: int, levels: int) -> float:
    """Largest Euclidean distance of a pixel of a region to the nearest pixel outside it.

    Args:
        region: Bits that keep off the edge of their array.
        width: Columns of the array.
        levels: 3×3 erosions that leave nothing. The distance is then from that to √2 times
            as many, and discs of the few radii in between are tried.
    """
    spans = [region]
    while spans[-1]:
        # Pixels with ever more of their row on either side.
        spans.append(spans[-1] & spans[-1] << 1 & spans[-1] >> 1)
    radii = _radii(levels)
    low, high = 0, len(radii) - 1
    while low < high:
        middle = (low + high) // 2
        if _holds_disc(spans, radii[middle], width):
            low = middle + 1
        else:
            high = middle
    return sqrt(radii[low])


@lru_cache(maxsize=256)
def _radii(levels: int) -> tuple[int, ...]:
    """Squares of the distances between pixels from ``levels`` to √2 times as much."""
    steps = range(isqrt(2 * levels**2) + 1)
    squares = {a * a + b * b for a in steps for b in steps}
    return tuple(sorted(s for s in squares if levels**2 <= s <= 2 * levels**2))


def _holds_disc(spans: list[int], square: int, width: int) -> bool:
    """Whether all pixels up to a distance around one pixel belong to a region.

    Args:
        spans: Pixels with 0, 1, 2 ... of their row on either side.
        square: The distance's square.
        width: Columns of the array.
    """
    reach = isqrt(square)
    if reach >= len(spans):
        return False
    found = spans[reach]
    for step in range(1, reach + 1):
        row = spans[isqrt(square - step * step)]
        found &= row << step * width & row >> step * width
        if not found:
            break
    return found != 0
