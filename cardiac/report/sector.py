"""A picture of where the ultrasound sector was found, beside what is used of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cardiac.io.files import replacing
from cardiac.sequence import EchoSequence
from cardiac.types import ByteArray

_SECTOR, _BOX, _LOST = (80, 220, 120), (70, 150, 255), (150, 60, 60)


def sector_picture(stored: EchoSequence, used: EchoSequence) -> ByteArray:
    """(H, 2 W + gap, 3) RGB: the middle frame as stored, and as used.

    On the left the sector's outline is green, its box blue, and what was blanked is red.

    Args:
        stored: The cine as its file has it.
        used: The same with its sector told.
    """
    middle = len(stored) // 2
    before, after = stored.frames[middle], used.frames[middle]
    left = np.repeat(before[..., None], 3, axis=2)
    lost = (before > 0) & (after == 0)
    left[lost] = (left[lost] // 2 + np.array(_LOST) // 2).astype(np.uint8)
    scale = max(1, round(480 / before.shape[0]))
    left, right = (
        np.ascontiguousarray(picture.repeat(scale, axis=0).repeat(scale, axis=1))
        for picture in (left, np.repeat(after[..., None], 3, axis=2))
    )
    if used.sector is not None:
        outline = (used.sector.outline()[:, ::-1] + 0.5) * scale - 0.5
        cv2.polylines(left, [np.rint(outline).astype(np.int32)], True, _SECTOR, scale)
    if used.region is not None:
        box = used.region
        corner = (box.right * scale - 1, box.bottom * scale - 1)
        cv2.rectangle(left, (box.left * scale, box.top * scale), corner, _BOX, scale)
    gap = np.full((left.shape[0], 4 * scale, 3), 90, np.uint8)
    return np.hstack([left, gap, right])


def save_sector_picture(path: Path, stored: EchoSequence, used: EchoSequence) -> Path:
    """Write :func:`sector_picture` as a PNG, making its folder.

    Raises:
        OutputError: The file cannot be written.
    """
    from PIL import Image

    with replacing(path) as temporary:
        Image.fromarray(sector_picture(stored, used)).save(temporary, format="PNG")
    return path
