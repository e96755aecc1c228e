"""The border of a region as the pixel edges that it is made of, and what lies across each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.frame import Array, BoolArray
from cardiac.geometry import Mask


class Border(NamedTuple):
    """Edges between pixels of a region and its 4-neighbours outside it.

    Attributes:
        rows, columns: (n,) middle of each edge, in pixels of the array it was found in.
        down, right: (n,) outward normal: -1, 0 or 1.
        across: (n,) label of the pixel outside.
    """

    rows: Array
    columns: Array
    down: npt.NDArray[np.int8]
    right: npt.NDArray[np.int8]
    across: npt.NDArray[np.uint8]


_STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_DOWN = np.array([step[0] for step in _STEPS], np.int8)
_RIGHT = np.array([step[1] for step in _STEPS], np.int8)


def trace(region: BoolArray, labels: Mask) -> Border:
    """Border edges of a region (H, W) with an empty rim, in no particular order."""
    width = region.shape[1]
    flat, values = region.ravel(), labels.ravel()
    inside, outside = [], []
    for down, right in _STEPS:
        step = down * width + right
        # The rim is empty, so that neither end of the flat array wraps round.
        if step > 0:
            pixels = np.flatnonzero(flat[:-step] > flat[step:])
        else:
            pixels = np.flatnonzero(flat[-step:] > flat[:step]) - step
        inside.append(pixels)
        outside.append(values[pixels + step])
    counts = [len(pixels) for pixels in inside]
    downs, rights = np.repeat(_DOWN, counts), np.repeat(_RIGHT, counts)
    rows, columns = np.divmod(np.concatenate(inside), width)
    return Border(
        rows + 0.5 * downs, columns + 0.5 * rights, downs, rights, np.concatenate(outside)
    )
