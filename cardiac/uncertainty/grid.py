"""Where uncertainty lives: the canonical square at half its resolution, as the network answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask

SIDE = CANONICAL_SIZE // 2
BoolArray = npt.NDArray[np.bool_]


def labels_on_grid(masks: Mask, grid: CanonicalGrid, side: int = SIDE) -> Mask:
    """Label maps (T, side, side): the label of the image's pixel at each sample's centre.

    Args:
        masks: (T, H, W) on the image.
        grid: The canonical grid over the image.
        side: Samples along the square.
    """
    places = [_nearest(grid, axis, side) for axis in (0, 1)]
    inside = [(p >= 0) & (p < n) for p, n in zip(places, masks.shape[1:], strict=True)]
    result = np.zeros((len(masks), side, side), np.uint8)
    cut = masks[:, places[0][inside[0]]][:, :, places[1][inside[1]]]
    result[np.ix_(np.arange(len(masks)), np.flatnonzero(inside[0]), np.flatnonzero(inside[1]))] = (
        cut
    )
    return result


def imaged(grid: CanonicalGrid, side: int = SIDE) -> BoolArray:
    """(side, side) samples whose centre lies in the imaged region."""
    region = grid.region
    rows, columns = (_nearest(grid, axis, side) for axis in (0, 1))
    return np.asarray(
        ((rows >= region.top) & (rows < region.bottom))[:, None]
        & ((columns >= region.left) & (columns < region.right))
    )


def labels_on_image(labels: Mask, grid: CanonicalGrid) -> Mask:
    """Labels (T, H, W) of the image's pixels: those of the sample that each one's centre is in.

    Args:
        labels: (T, side, side) on the canonical square.
        grid: The canonical grid over the image.
    """
    region, side = grid.region, labels.shape[-1]
    result = np.zeros((len(labels), *grid.shape), np.uint8)
    cells, inside = [], []
    for axis, (first, last) in enumerate(
        ((region.top, region.bottom), (region.left, region.right))
    ):
        pixels = np.arange(first, last)
        middle = (first + last) / 2 - 0.5
        cell = (pixels - middle) / (grid.pitch[axis] * grid.size / side) + side / 2
        cell = np.floor(cell).astype(np.intp)
        there = (cell >= 0) & (cell < side)
        cells.append(cell[there])
        inside.append(pixels[there])
    result[np.ix_(np.arange(len(labels)), *inside)] = labels[:, cells[0]][:, :, cells[1]]
    return result


def _nearest(grid: CanonicalGrid, axis: int, side: int) -> npt.NDArray[np.intp]:
    """Index of the image's pixel under each of ``side`` samples along an axis."""
    region = grid.region
    middle = (region.top + region.bottom, region.left + region.right)[axis] / 2 - 0.5
    step = grid.pitch[axis] * grid.size / side
    place = middle + (np.arange(side) + 0.5 - side / 2) * step
    return np.asarray(np.rint(place), dtype=np.intp)
