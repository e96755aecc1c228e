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
        box = _bounding_box(frame)
        if box is None:
            continue
        if not _is_whole(box):
            _repair(box)
    return repaired


def _bounding_box(frame: Mask) -> Mask | None:
    """View of the part of a frame that holds all labels, or None where there is none."""
    rows, columns = (np.flatnonzero(frame.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return frame[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _is_whole(box: Mask) -> bool:
    """Whether every label of a crop, the background around it included, is one piece.

    There is then neither an island nor a hole, and one pass over the pixels has told so.
    """
    from skimage.measure import label

    _, pieces = label(np.pad(box, 1), background=-1, return_num=True, connectivity=1)
    return int(pieces) == np.unique(box).size + int((box != Label.BACKGROUND).all())


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
