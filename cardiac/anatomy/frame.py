"""Label maps as checked arrays: their values, and the refusal of what is none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError, InvalidPixelsError
from cardiac.geometry import Mask, Spacing
from cardiac.labels import Label

# Plain numbers: comparing an array with an enum member costs more than the comparison.
BACKGROUND, LV, MYO, LA = (int(label) for label in Label)


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
