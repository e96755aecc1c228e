"""Pixel size and imaged rectangle from the ultrasound regions of a DICOM file.

DICOM PS3.3 C.8.5.5 (US Region Calibration Module). Only the two-dimensional tissue region
counts; of its units only cm is a length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import UnsupportedImageError
from cardiac.geometry import Region, Spacing
from cardiac.io.dicom_header import number, numbers
from cardiac.io.region import covered, overlap, sector_box, sector_region

_TWO_D, _M_MODE, _SPECTRAL = 1, 2, 3
_TISSUE, _FLOW = 1, 2
_CM = 3
_MIN_AGREEMENT = 0.5
_MIN_COVERED = 0.35
"""Part of the echo that a region holds at least, for it to be that of the picture."""
_REFUSED = {_M_MODE: "an M-mode strip", _SPECTRAL: "a spectral Doppler strip"}


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """One item of SequenceOfUltrasoundRegions, corners in pixels, last row and column included."""

    left: int
    top: int
    right: int
    bottom: int
    spacing: Spacing | None

    @property
    def area(self) -> int:
        """Number of pixels."""
        return (self.right - self.left + 1) * (self.bottom - self.top + 1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of the geometry: spacing (row, column) in mm, region, and how it was found."""

    spacing: Spacing | None
    region: Region | None
    notes: tuple[str, ...]


def tissue_region(dataset: Any, path: Path) -> tuple[UltrasoundRegion, ...]:
    """The two-dimensional tissue regions of a file, largest first; () where it lists none.

    Raises:
        UnsupportedImageError: M-mode, Doppler or colour flow.
    """
    found = []
    items = list(dataset.get("SequenceOfUltrasoundRegions") or [])
    for item in items:
        shape = int(number(item, "RegionSpatialFormat") or 0)
        content = int(number(item, "RegionDataType") or 0)
        if shape in _REFUSED or (shape == _TWO_D and content == _FLOW):
            what = _REFUSED.get(shape, "colour Doppler")
            raise UnsupportedImageError(
                f"holds {what}, not a plain two-dimensional cine.",
                path=path,
                hint="Give the greyscale (B-mode) cine of the view.",
            )
        if shape == _TWO_D and content == _TISSUE:
            region = _parse(item)
            if region is not None:
                found.append(region)
    return tuple(sorted(found, key=lambda r: (-r.area, r.left, r.top)))


def calibrate(
    dataset: Any, described: tuple[UltrasoundRegion, ...], frames: npt.NDArray[np.uint8]
) -> Calibration:
    """Choose region and pixel size for grey frames (T, H, W)."""
    notes: tuple[str, ...] = ()
    if len(described) > 1:
        notes = (f"the largest of {len(described)} two-dimensional regions was taken",)
    if described:
        result = _from_region(described[0], frames)
        if result is not None:
            return Calibration(result.spacing, result.region, notes + result.notes)
        notes += (
            "no pixel size: the file's ultrasound region does not fit the echo that its image "
            "shows, and the image was followed",
        )
        return Calibration(None, sector_region(frames), notes)
    spacing = _pixel_spacing(dataset)
    if spacing is None:
        notes = ("no pixel size: the file has no calibrated two-dimensional region",)
    else:
        notes = ("pixel size from PixelSpacing, not from an ultrasound region: check it",)
    return Calibration(spacing, sector_region(frames), notes)


def _parse(item: Any) -> UltrasoundRegion | None:
    corners = [
        number(item, f"RegionLocation{name}") for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")
    ]
    if any(c is None or c < 0 for c in corners):
        return None
    left, top, right, bottom = (int(c) for c in corners if c is not None)
    if right <= left or bottom <= top:
        return None
    units = (number(item, "PhysicalUnitsXDirection"), number(item, "PhysicalUnitsYDirection"))
    deltas = (number(item, "PhysicalDeltaY"), number(item, "PhysicalDeltaX"))
    spacing = None
    if units == (_CM, _CM) and all(deltas):
        # The sign tells the direction of the axis, not the size of a pixel.
        spacing = (10 * abs(deltas[0] or 0), 10 * abs(deltas[1] or 0))
    return UltrasoundRegion(left, top, right, bottom, spacing)


def _from_region(region: UltrasoundRegion, frames: npt.NDArray[np.uint8]) -> Calibration | None:
    """Region clipped to the image, or brought to its scale; None where the two do not agree."""
    height, width = frames.shape[1:]
    scale = max(math.ceil((region.right) / width), math.ceil((region.bottom) / height))
    spacing = region.spacing
    how = "pixel size from the two-dimensional ultrasound region"
    if spacing is None:
        how = "no pixel size: the ultrasound region is not calibrated in cm"
    if scale <= 1:
        box = Region(
            region.top, region.left, min(height, region.bottom + 1), min(width, region.right + 1)
        )
        seen = sector_box(frames)
        if seen is not None and covered(seen, box) < _MIN_COVERED:
            return None
        return Calibration(spacing, box, (how,))
    # Exports that shrink the picture often leave the region as it was on the screen. A whole
    # factor that makes the region fit is believed only if the moving sector lies there too.
    box = Region(
        region.top // scale,
        region.left // scale,
        min(height, -(-(region.bottom + 1) // scale)),
        min(width, -(-(region.right + 1) // scale)),
    )
    seen = sector_box(frames)
    if seen is None or overlap(seen, box) < _MIN_AGREEMENT:
        return None
    if spacing is not None:
        spacing = (spacing[0] * scale, spacing[1] * scale)
    return Calibration(
        spacing,
        box,
        (
            how,
            f"that region describes a picture {scale} times larger, so it was brought to this "
            f"image's scale and the pixel size multiplied by {scale}",
        ),
    )


def _pixel_spacing(dataset: Any) -> Spacing | None:
    stored = numbers(dataset, "PixelSpacing")
    if len(stored) != 2 or min(stored) <= 0:
        return None
    return stored[0], stored[1]
