"""Where uncertainty lives: the canonical square at half its resolution, as the network answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid

SIDE = CANONICAL_SIZE // 2
BoolArray = npt.NDArray[np.bool_]


def imaged(grid: CanonicalGrid, side: int = SIDE) -> BoolArray:
    """(side, side) samples whose centre lies in the imaged region."""
    region = grid.region
    rows, columns = (_nearest(grid, axis, side) for axis in (0, 1))
    return np.asarray(
        ((rows >= region.top) & (rows < region.bottom))[:, None]
        & ((columns >= region.left) & (columns < region.right))
    )


def _nearest(grid: CanonicalGrid, axis: int, side: int) -> npt.NDArray[np.intp]:
    """Index of the image's pixel under each of ``side`` samples along an axis."""
    region = grid.region
    middle = (region.top + region.bottom, region.left + region.right)[axis] / 2 - 0.5
    step = grid.pitch[axis] * grid.size / side
    place = middle + (np.arange(side) + 0.5 - side / 2) * step
    return np.asarray(np.rint(place), dtype=np.intp)
