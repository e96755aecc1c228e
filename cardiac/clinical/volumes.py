"""Volumes by the method of discs and by area and length.

Source: Lang et al., "Recommendations for cardiac chamber quantification by echocardiography
in adults", J Am Soc Echocardiogr 28(1), 2015.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.landmarks import Point
from cardiac.errors import GeometryError, MeasurementError
from cardiac.geometry import Spacing
from cardiac.types import Array

DISCS = 20
MM3_PER_ML = 1000.0


class Convention(StrEnum):
    """Which height the discs have.

    ``ASE``: the long axis of the same phase, the longer of two views.
    ``CAMUS_LEGACY``: the longest axis over views and phases for both phases, as much public
    code has it; end-systole then borrows the end-diastolic axis, and EF comes out lower.
    """

    ASE = "ase"
    CAMUS_LEGACY = "camus-legacy"


def disc_diameters(
    region: npt.NDArray[np.bool_],
    base: Point,
    tip: Point,
    spacing: Spacing,
    n: int = DISCS,
) -> Array:
    """Mean diameter (n,) in mm of the slices of a region across its long axis, base first.

    A slice's diameter is the area of the region in it ÷ its height; a pixel on the border of
    two slices is parted between them, so that the diameters are not tied to the grid.

    Args:
        region: (H, W) pixels of one structure.
        base, tip: Ends (row, column) of the long axis in pixels.
        spacing: (row, column) pixel size in mm.
        n: Number of slices.

    Raises:
        MeasurementError: The long axis has no length, or the region lies beside it.
    """
    down, right = (tip[0] - base[0]) * spacing[0], (tip[1] - base[1]) * spacing[1]
    length = float(np.hypot(down, right))
    if not length > 0:
        raise MeasurementError("the long axis has no length", code="no_axis")
    rows, columns = np.nonzero(region)
    along = (rows - base[0]) * spacing[0] * (down / length)
    along += (columns - base[1]) * spacing[1] * (right / length)
    height = length / n
    # Extent of a pixel along the axis, in slices.
    extent = (abs(down) * spacing[0] + abs(right) * spacing[1]) / length / height
    start = along / height - extent / 2
    first = np.floor(start)
    share = np.minimum((first + 1 - start) / extent, 1.0)
    # Slices below the base and above the tip are counted apart, and left out.
    slot = np.clip(first.astype(np.intp) + 1, 0, n + 1)
    after = np.clip(first.astype(np.intp) + 2, 0, n + 1)
    pixels = np.bincount(slot, share, n + 2) + np.bincount(after, 1 - share, n + 2)
    diameters = pixels[1:-1] * spacing[0] * spacing[1] / height
    if not diameters.any():
        raise MeasurementError("the region lies beside its long axis", code="beside_axis")
    return np.asarray(diameters)


def single_plane_volume(diameters: npt.ArrayLike, length_mm: float) -> float:
    """Volume in mL of circular discs (n,) of a long axis of ``length_mm``."""
    return biplane_volume(diameters, diameters, length_mm)


def biplane_volume(first: npt.ArrayLike, second: npt.ArrayLike, length_mm: float) -> float:
    """Volume in mL of elliptical discs: V = π/4 Σ a_i b_i · L/n.

    Args:
        first, second: (n,) diameters in mm in two perpendicular views, base first.
        length_mm: Height of the stack: by the `ase` convention the longer of the two axes.

    Raises:
        GeometryError: The views have different numbers of discs.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape or a.ndim != 1 or a.size == 0:
        raise GeometryError(f"the two views have {a.shape} and {b.shape} discs")
    return float(np.pi / 4 * (a @ b) * length_mm / a.size / MM3_PER_ML)


def area_length_volume(area_mm2: float, length_mm: float) -> float:
    """Volume in mL by single-plane area and length: V = 8 A² / (3 π L)."""
    return float(8 * area_mm2**2 / (3 * np.pi * length_mm) / MM3_PER_ML)


def ejection_fraction(edv: float, esv: float) -> float:
    """(EDV − ESV) ÷ EDV in percent, of unrounded volumes (or areas, for FAC)."""
    if not edv > 0:
        raise MeasurementError("the end-diastolic value is not positive", code="no_end_diastole")
    return 100.0 * (edv - esv) / edv
