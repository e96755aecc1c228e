"""Raster operations: components, holes and neighbours of regions, bounding boxes and crops.

A region is 8-connected, what surrounds it 4-connected. Labelling the components of every region
of every frame is what makes a check slow. The Euler number is cheap, and components − holes =
Euler number, so most frames are proven sound without it.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cardiac.anatomy import bitmask
from cardiac.geometry import Mask
from cardiac.types import BoolArray

OUTSIDE = 255
"""Value of the pixels of a window that lie beyond the edge of the image."""
_EIGHT = np.ones((3, 3), dtype=np.int8)


def is_connected(region: BoolArray) -> bool:
    """Whether a region (H, W) off the edge of the array is quickly shown to be one component."""
    return bitmask.is_connected(bitmask.pack(region), region.shape[1])


def is_solid(region: BoolArray) -> bool:
    """Whether a region (H, W) off the edge is quickly shown to be one component without holes."""
    return bitmask.is_solid(bitmask.pack(region), region.shape[1])


def largest_component(region: BoolArray) -> tuple[BoolArray, int]:
    """The largest component of a region (the first of equals), and the number of components."""
    labels, count = ndimage.label(region, _EIGHT)
    if count <= 1:
        return region, int(count)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax()), int(count)


def keep_largest(region: BoolArray) -> BoolArray:
    """The largest component of a region (H, W) off the edge of the array."""
    return region if is_connected(region) else largest_component(region)[0]


def count_components(region: BoolArray) -> int:
    """Number of 8-connected components."""
    return int(ndimage.label(region, _EIGHT)[1])


def enclosed(region: BoolArray) -> BoolArray:
    """Holes of a region that keeps off the edge: no 4-connected way leads out of them."""
    labels, _ = ndimage.label(~region)
    return np.asarray((labels > 0) & (labels != labels[0, 0]))


def fill_holes(region: BoolArray) -> BoolArray:
    """A region that keeps off the edge of the array, without its holes."""
    # As many components as the Euler number says have no holes.
    return region if is_solid(region) else region | enclosed(region)


def enclosed_by(first: BoolArray, second: BoolArray) -> tuple[int, int]:
    """Pixels enclosed by two regions together, by which of them surrounds them.

    Returns:
        (pixels of the holes that touch both regions, of those that touch only ``second``).
        Holes within ``first`` alone are in neither.
    """
    holes, count = ndimage.label(enclosed(first | second))
    if count == 0:
        return 0, 0
    sizes = np.bincount(holes.ravel(), minlength=count + 1)[1:]
    meets_first = _touching(holes, first, count)
    meets_second = _touching(holes, second, count)
    both = int(sizes[meets_first & meets_second].sum())
    return both, int(sizes[meets_second & ~meets_first].sum())


def _touching(holes: np.ndarray, region: BoolArray, count: int) -> BoolArray:
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
    """3×3 erosion (H − 2, W − 2) of an (H, W) region that keeps off the edge, as it does again."""
    tall = region[1:-1] & region[:-2] & region[2:]
    return tall[:, 1:-1] & tall[:, :-2] & tall[:, 2:]


def bounding_box(region: BoolArray) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right), half open, of the pixels of a region; None without any."""
    flat = region.ravel()
    first = int(flat.argmax())
    if not flat[first]:
        return None
    width = region.shape[1]
    top, bottom = first // width, (flat.size - 1 - int(flat[::-1].argmax())) // width + 1
    columns = np.logical_or.reduce(region[top:bottom], axis=0)
    return top, int(columns.argmax()), bottom, width - int(columns[::-1].argmax())


def center_of_mass(region: BoolArray) -> tuple[float, float]:
    """(row, column) of a region's centre of mass."""
    rows = np.count_nonzero(region, axis=1)
    columns = np.count_nonzero(region, axis=0)
    total = int(rows.sum())
    down, right = rows @ np.arange(rows.size), columns @ np.arange(columns.size)
    return float(down / total), float(right / total)


def window(mask: Mask, top: int, left: int, height: int, width: int) -> Mask:
    """Copy of a rectangle that may reach beyond the image, where it is `OUTSIDE`."""
    rows, columns = mask.shape
    r0, r1 = max(top, 0), min(top + height, rows)
    c0, c1 = max(left, 0), min(left + width, columns)
    if r1 - r0 == height and c1 - c0 == width:
        return mask[r0:r1, c0:c1].copy()
    piece = np.full((height, width), OUTSIDE, np.uint8)
    if r0 < r1 and c0 < c1:
        piece[r0 - top : r1 - top, c0 - left : c1 - left] = mask[r0:r1, c0:c1]
    return piece


def crop(mask: Mask, box: tuple[int, int, int, int], margin: int = 1) -> Mask:
    """Copy of a box (top, left, bottom, right) with a margin, `OUTSIDE` beyond the image."""
    top, left, bottom, right = box
    return window(
        mask, top - margin, left - margin, bottom - top + 2 * margin, right - left + 2 * margin
    )
