"""Cutting a label map down to what must be looked at, and refusing what is not one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError, InvalidPixelsError
from cardiac.geometry import Mask, Spacing
from cardiac.labels import Label

# Plain numbers: comparing an array with an enum member costs more than the comparison.
BACKGROUND, LV, MYO, LA = (int(label) for label in Label)
OUTSIDE = 255
"""Value of the pixels of a window that lie beyond the edge of the image."""
BoolArray = npt.NDArray[np.bool_]
Array = npt.NDArray[np.float64]


def as_masks(masks: npt.ArrayLike) -> Mask:
    """Bring label maps to uint8 (T, H, W), or say why they are none.

    Args:
        masks: (H, W) or (T, H, W); integers, booleans, or floats that hold whole numbers.

    Raises:
        GeometryError: Not two or three axes, or nothing along one of them.
        InvalidPixelsError: Values that are not whole or not a label of `Label`.
    """
    array = np.asarray(masks)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or 0 in array.shape:
        raise GeometryError(f"masks must be (H, W) or (T, H, W), not {np.shape(masks)}")
    if array.dtype == np.uint8:
        highest = int(array.max())
        if highest > max(Label):
            raise _unknown(highest)
        return array
    if array.dtype.kind not in "biuf":
        raise InvalidPixelsError(f"masks must hold numbers, not {array.dtype}")
    labels = np.unique(array)
    for value in labels:
        if value not in tuple(Label):
            raise _unknown(value)
    return array.astype(np.uint8)


def _unknown(value: object) -> InvalidPixelsError:
    return InvalidPixelsError(
        f"the mask holds the value {value}, which is no label",
        hint="Labels are 0 background, 1 LV cavity, 2 myocardium, 3 left atrium.",
    )


def as_spacing(spacing: Spacing | None) -> Spacing:
    """(row, column) pixel size; 1 by 1 where it is not known, so that lengths are in pixels.

    Raises:
        GeometryError: A size that is not a positive number.
    """
    if spacing is None:
        return 1.0, 1.0
    rows, columns = float(spacing[0]), float(spacing[1])
    if not (0 < rows < np.inf and 0 < columns < np.inf):
        raise GeometryError(f"a pixel of {rows:g} × {columns:g} mm is not possible")
    return rows, columns


def bounds(region: BoolArray) -> tuple[int, int, int, int] | None:
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
