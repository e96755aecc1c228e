"""Pieces, holes and gaps of regions. A region is 8-connected, what surrounds it 4-connected.

Labelling every region of every frame is what makes a check slow. The Euler number is
cheap, and pieces − holes = Euler number, so most frames are proven sound without it.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cardiac.anatomy import bits
from cardiac.anatomy.frame import BoolArray

_EIGHT = np.ones((3, 3), dtype=np.int8)


def euler(region: BoolArray) -> int:
    """Number of pieces less number of holes of an (H, W) region with an empty rim."""
    return bits.euler(bits.pack(region), region.shape[1])


def hangs_together(region: BoolArray) -> bool:
    """Whether a region (H, W) with an empty rim is shown to be one piece at a glance."""
    return bits.hangs_together(bits.pack(region), region.shape[1])


def is_whole(region: BoolArray) -> bool:
    """Whether a region (H, W) with an empty rim is shown to be one piece without holes."""
    return bits.is_whole(bits.pack(region), region.shape[1])


def largest_piece(region: BoolArray) -> tuple[BoolArray, int]:
    """The largest piece of a region, and how many pieces there are (the first of equals)."""
    labels, pieces = ndimage.label(region, _EIGHT)
    if pieces <= 1:
        return region, int(pieces)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax()), int(pieces)


def count_pieces(region: BoolArray) -> int:
    """Number of 8-connected pieces."""
    return int(ndimage.label(region, _EIGHT)[1])


def enclosed(region: BoolArray) -> BoolArray:
    """Pixels outside a region from which no 4-connected way leads out (needs an empty rim)."""
    labels, _ = ndimage.label(~region)
    return np.asarray((labels > 0) & (labels != labels[0, 0]))


def enclosed_by(first: BoolArray, second: BoolArray) -> tuple[int, int]:
    """Pixels enclosed by two regions together, by which of them their rim consists of.

    Returns:
        (pixels of the holes that touch both regions, of those that touch only ``second``).
        Holes within ``first`` alone are in neither.
    """
    holes, count = ndimage.label(enclosed(first | second))
    if count == 0:
        return 0, 0
    sizes = np.bincount(holes.ravel(), minlength=count + 1)[1:]
    meets_first = _rim(holes, first, count)
    meets_second = _rim(holes, second, count)
    both = int(sizes[meets_first & meets_second].sum())
    return both, int(sizes[meets_second & ~meets_first].sum())


def _rim(holes: np.ndarray, region: BoolArray, count: int) -> BoolArray:
    """Which of the numbered holes have a 4-neighbour in the region."""
    found = np.zeros(count + 1, dtype=bool)
    for ours, theirs in (
        (np.s_[1:], np.s_[:-1]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[:, :-1], np.s_[:, 1:]),
    ):
        found[holes[ours][region[theirs]]] = True
    return found[1:]


def dilate(region: BoolArray) -> BoolArray:
    """A region and its 8-neighbours."""
    tall = region.copy()
    tall[1:] |= region[:-1]
    tall[:-1] |= region[1:]
    wide = tall.copy()
    wide[:, 1:] |= tall[:, :-1]
    wide[:, :-1] |= tall[:, 1:]
    return wide


def erode(region: BoolArray) -> BoolArray:
    """3×3 erosion of an (H, W) region with an empty rim; the result, (H − 2, W − 2), has one."""
    tall = region[1:-1] & region[:-2] & region[2:]
    return tall[:, 1:-1] & tall[:, :-2] & tall[:, 2:]
