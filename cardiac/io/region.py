"""Where the ultrasound sector lies in a picture that has borders, text or a user interface."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.geometry import Region

_SAMPLES = 32
_BRIGHT = 12
"""Grey level above black that counts as content: above the noise of JPEG in black areas."""
_ALIVE = 1.5
"""Standard deviation over time that counts as moving speckle, in grey levels."""
_TIGHT = 0.8
"""A box that covers this share of the picture is the whole picture."""
_MIN_SHARE = 0.04
_SMALL = 128
"""A picture of this many pixels a side has been cut to the sector: no text would be legible."""


def sector_box(frames: npt.NDArray[np.uint8]) -> Region | None:
    """Bounding box of the ultrasound sector: the largest solid thing that moves or shines.

    In a cine only pixels that change count, which leaves text, scales and buttons out; in a
    still, all that is not black. Opening removes what is thin.

    Args:
        frames: (T, H, W) grey levels.

    Returns:
        The box, or None where nothing solid was found.
    """
    from scipy import ndimage

    height, width = frames.shape[1:]
    picked = frames[np.linspace(0, len(frames) - 1, min(len(frames), _SAMPLES)).astype(int)]
    active = (
        picked.std(axis=0, dtype=np.float32) > _ALIVE
        if len(picked) >= 3
        else picked.max(axis=0) > _BRIGHT + np.percentile(picked, 1)
    )
    side = min(height, width)
    solid = _opened(_closed(active, max(1, side // 60)), max(1, side // 40))
    parts, count = ndimage.label(solid)
    if count == 0:
        return None
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    if sizes.max() < _MIN_SHARE * height * width:
        return None
    rows, columns = ndimage.find_objects(parts)[sizes.argmax() - 1]
    margin = max(1, side // 50)
    return Region(
        max(0, rows.start - margin),
        max(0, columns.start - margin),
        min(height, rows.stop + margin),
        min(width, columns.stop + margin),
    )


def sector_region(frames: npt.NDArray[np.uint8]) -> Region | None:
    """The part of a picture that holds the ultrasound sector, or None for all of it.

    Args:
        frames: (T, H, W) grey levels.

    Returns:
        The sector's bounding box; None where it fills most of the picture (images cut to the
        sector, as in CAMUS and EchoNet) or cannot be told.
    """
    height, width = frames.shape[1:]
    box = sector_box(frames) if max(height, width) > _SMALL else None
    if box is None or box.height * box.width >= _TIGHT * height * width:
        return None
    return box


def overlap(a: Region, b: Region) -> float:
    """Area of the intersection over area of the union of two regions."""
    rows = min(a.bottom, b.bottom) - max(a.top, b.top)
    columns = min(a.right, b.right) - max(a.left, b.left)
    shared = max(0, rows) * max(0, columns)
    return shared / (a.height * a.width + b.height * b.width - shared)


def blank_outside(frames: npt.NDArray[np.uint8], region: Region) -> None:
    """Set everything outside the region of frames (T, H, W) to 0, in place."""
    frames[:, : region.top] = 0
    frames[:, region.bottom :] = 0
    frames[:, :, : region.left] = 0
    frames[:, :, region.right :] = 0


def _closed(active: npt.NDArray[np.bool_], radius: int) -> npt.NDArray[np.bool_]:
    from scipy import ndimage

    padded = np.pad(active, radius)
    box = 2 * radius + 1
    grown = ndimage.maximum_filter(padded, box, mode="constant")
    closed = ndimage.minimum_filter(grown, box, mode="constant")
    return np.asarray(closed[radius:-radius, radius:-radius], dtype=bool)


def _opened(active: npt.NDArray[np.bool_], radius: int) -> npt.NDArray[np.bool_]:
    from scipy import ndimage

    box = 2 * radius + 1
    shrunk = ndimage.minimum_filter(active, box, mode="nearest")
    return np.asarray(ndimage.maximum_filter(shrunk, box, mode="constant"), dtype=bool)
