"""Graphics that a machine draws over the echo: they stand still while the speckle moves."""

from __future__ import annotations

import cv2
import numpy as np

from cardiac.sector.evidence import square
from cardiac.types import BoolArray, ByteArray

_SAMPLES = 12
_STILL = 8
"""Grey levels that a graphic changes by at most over a cine: the noise of compression."""
_ABOVE = 40
"""Grey levels that it is above its surroundings by at least."""


def still_graphics(frames: ByteArray, inside: BoolArray) -> BoolArray:
    """(H, W) pixels of thin bright lines and letters that stand still in a cine.

    Args:
        frames: (T, H, W) uint8; one that is too short to tell has none.
        inside: (H, W) where to look.
    """
    found = np.zeros(inside.shape, dtype=bool)
    count = min(len(frames), _SAMPLES)
    if count < 6:
        return found
    low = high = frames[0]
    for frame in frames[np.linspace(0, len(frames) - 1, count).astype(int)]:
        low, high = np.asarray(cv2.min(low, frame)), np.asarray(cv2.max(high, frame))
    still = (high - low) <= _STILL
    moving = float((~still[inside]).mean()) if inside.any() else 0.0
    if moving < 0.25:
        # Where the echo itself hardly moves, standing still tells nothing.
        return found
    side = max(2, min(inside.shape) // 60)
    around = cv2.medianBlur(low, 2 * side + 1 if side <= 3 else 7)
    bright = low.astype(np.int16) - np.minimum(around, cv2.blur(low, (4 * side + 1, 4 * side + 1)))
    found = still & (bright >= _ABOVE) & inside
    # What is broad and does not move is an echo that is brighter than the scale.
    broad = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, square(side))
    broad = cv2.dilate(broad, square(side))
    found &= broad == 0
    return np.asarray(found, dtype=bool)


def fill_in(frames: ByteArray, drawn: BoolArray) -> None:
    """Give drawn pixels (H, W) the level of the nearest pixel that is not, frame by frame.

    The fringe that compression gives to graphics goes with them. ``frames`` (T, H, W) is changed
    in place.
    """
    grown = cv2.dilate(drawn.astype(np.uint8), square(1))
    if not grown.any() or grown.all():
        return
    _, labels = cv2.distanceTransformWithLabels(
        grown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(grown == 0)
    place = np.zeros(int(labels.max()) + 1, dtype=np.intp)
    place[labels[rows, columns]] = np.arange(len(rows))
    at = np.nonzero(grown)
    nearest = place[labels[at]]
    frames[:, at[0], at[1]] = frames[:, rows[nearest], columns[nearest]]
