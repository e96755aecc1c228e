"""Local repair of a label map: what no heart has is taken away, nothing is moved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cardiac.geometry import Mask
from cardiac.labels import Label

_EIGHT = np.ones((3, 3), dtype=bool)


def remove_debris(masks: Mask) -> Mask:
    """Keep the largest part of every structure and fill its holes, frame by frame.

    Args:
        masks: (T, H, W) or (H, W) labels.

    Returns:
        A repaired copy. A frame without debris comes back unchanged.
    """
    repaired = masks.copy()
    for frame in repaired.reshape(-1, *masks.shape[-2:]):
        rows, columns = np.nonzero(frame)
        if not rows.size:
            continue
        box = frame[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        _repair(box)
    return repaired


def _repair(box: Mask) -> None:
    """Repair a crop in place: islands first, so that none of them closes a hole."""
    for label in (Label.LV, Label.MYOCARDIUM, Label.LA):
        pixels = box == label
        box[pixels & ~_largest(pixels)] = Label.BACKGROUND
    epicardium = (box == Label.LV) | (box == Label.MYOCARDIUM)
    inside = ndimage.binary_fill_holes(epicardium) & ~epicardium
    if inside.any():
        cavity = ndimage.binary_fill_holes(box == Label.LV)
        box[inside] = np.where(cavity[inside], Label.LV, Label.MYOCARDIUM)
    for label in (Label.LV, Label.LA):
        holes = ndimage.binary_fill_holes(box == label) & (box == Label.BACKGROUND)
        box[holes] = label


def _largest(pixels: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    parts, count = ndimage.label(pixels, structure=_EIGHT)
    if count <= 1:
        return pixels
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.asarray(parts == sizes.argmax())
