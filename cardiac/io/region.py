"""Where the ultrasound sector lies in a picture that has borders, text or a user interface."""

from __future__ import annotations

import numpy as np

from cardiac.errors import SettingsError
from cardiac.geometry import Region
from cardiac.sector.find import find_sector
from cardiac.sector.graphics import fill_in, still_graphics
from cardiac.sequence import EchoSequence
from cardiac.types import ByteArray

_TIGHT = 0.8
"""A box that covers this part of the picture is the whole picture."""
_SMALL = 128
"""A picture of this many pixels a side has been cut to the sector: no text would be legible."""
WHOLE = "whole"
"""Word for a region that is the whole picture."""


def sector_box(frames: ByteArray) -> Region | None:
    """Bounding box of the ultrasound sector in frames (T, H, W), or None where there is none."""
    found = find_sector(frames)
    return found.box if found else None


def sector_region(frames: ByteArray) -> Region | None:
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
    shared = _shared(a, b)
    return shared / (a.height * a.width + b.height * b.width - shared)


def covered(a: Region, b: Region) -> float:
    """Part of region ``a`` that lies in region ``b``."""
    return _shared(a, b) / (a.height * a.width)


def _shared(a: Region, b: Region) -> int:
    rows = min(a.bottom, b.bottom) - max(a.top, b.top)
    columns = min(a.right, b.right) - max(a.left, b.left)
    return max(0, rows) * max(0, columns)


def blank_outside(frames: ByteArray, region: Region) -> None:
    """Set everything outside the region of frames (T, H, W) to 0, in place."""
    frames[:, : region.top] = 0
    frames[:, region.bottom :] = 0
    frames[:, :, : region.left] = 0
    frames[:, :, region.right :] = 0


def parse_region(text: str) -> Region | str:
    """A region from words: "top,left,bottom,right" in pixels, the last two excluded, or "whole".

    Raises:
        SettingsError: Anything else.
    """
    if text.strip().lower() == WHOLE:
        return WHOLE
    try:
        top, left, bottom, right = (int(cell) for cell in text.replace(";", ",").split(","))
        if not (0 <= top < bottom and 0 <= left < right):
            raise ValueError
    except ValueError:
        raise SettingsError(
            f"{text!r} is no region.",
            hint='Give "top,left,bottom,right" in pixels (the last two excluded), or "whole".',
        ) from None
    return Region(top, left, bottom, right)


def in_sector(sequence: EchoSequence, region: Region | str | None = None) -> EchoSequence:
    """The sequence with its sector told, and everything that is no echo blanked.

    A picture with nothing but black around its sector is left as it is, to the last bit.

    Args:
        sequence: As read.
        region: What a person says the region is, which overrules the pixels; "whole" for all
            of the picture.

    Raises:
        SettingsError: The region lies outside the picture.
    """
    if region is not None:
        return _as_told(sequence, region)
    found = find_sector(sequence.frames)
    if found is None:
        return sequence
    sequence = sequence.replace(sector=found.geometry)
    if found.clean:
        return sequence
    height, width = sequence.shape
    inside = found.mask()
    frames = sequence.frames.copy()
    drawn = still_graphics(frames, inside)
    if drawn.any():
        fill_in(frames, drawn)
    frames[:, ~inside] = 0
    box = found.box
    how = "what moves" if found.moving else "one picture"
    shape = "sector" if found.geometry.is_sector else "rectangle"
    notes = [
        f"the ultrasound {shape} was found from {how} (rows {box.top} to {box.bottom - 1}, columns "
        f"{box.left} to {box.right - 1} of {height} × {width}, agreement {found.confidence:.2f}) "
        "and what lies outside was blanked"
    ]
    if drawn.any():
        notes.append("graphics that stand still within the sector were filled in")
    if (frames == frames[0, 0, 0]).all():
        return sequence
    return sequence.replace(frames=frames, region=box, notes=(*sequence.notes, *notes))


def _as_told(sequence: EchoSequence, region: Region | str) -> EchoSequence:
    height, width = sequence.shape
    if isinstance(region, str):
        note = "the region is the whole picture, as told"
        return sequence.replace(region=None, notes=(*sequence.notes, note))
    if region.bottom > height or region.right > width:
        raise SettingsError(
            f"the region reaches to row {region.bottom - 1} and column {region.right - 1}, but "
            f"the picture has {height} × {width} pixels.",
            path=sequence.source,
            hint="Count rows and columns from 0 in the picture as it is stored.",
        )
    frames = sequence.frames.copy()
    blank_outside(frames, region)
    if not np.any(frames != frames[0, 0, 0]):
        raise SettingsError(
            "the region that was told holds nothing.", path=sequence.source, hint="Correct it."
        )
    note = "the region was told, and what lies outside was blanked"
    return sequence.replace(frames=frames, region=region, notes=(*sequence.notes, note))
