"""The seven attributes of a label map that are held steady in time, and the atrium's area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.frame import BACKGROUND, LA, LV, MYO, as_masks, as_spacing
from cardiac.anatomy.landmarks import Landmarks, locate
from cardiac.anatomy.raster import bounding_box, center_of_mass
from cardiac.errors import MeasurementError
from cardiac.geometry import Mask, Spacing
from cardiac.types import Array

ATTRIBUTES = (
    "lv_area",
    "lv_length",
    "lv_base_width",
    "lv_orientation",
    "myo_area",
    "epi_center_x",
    "epi_center_y",
)
"""Names of the seven attributes, in the order of the columns of every result."""
ATTRIBUTE_TITLES = {
    "lv_area": "LV area",
    "lv_length": "LV length",
    "lv_base_width": "LV base width",
    "lv_orientation": "LV orientation",
    "myo_area": "Myocardial area",
    "epi_center_x": "Heart's centre (across)",
    "epi_center_y": "Heart's centre (down)",
    "la_area": "LA area",
}
"""What a reader calls each attribute, and the atrium's area."""


_POWERS = np.array([2, 1, 1, 0, 2, 1, 1])


def length_powers(length: float) -> Array:
    """(7,) unit of each attribute for a unit of length: its square for areas, 1 for the angle."""
    return np.asarray(float(length) ** _POWERS)


@dataclass(frozen=True, eq=False, slots=True)
class Attributes:
    """What was measured on every frame.

    Attributes:
        values: (T, 7) float64 in the order of `ATTRIBUTES`: mm² for areas, mm for lengths and
            for the epicardium's centre (from the upper left corner of the image), degrees
            for the orientation. In pixels where ``units`` is "px". NaN where a structure
            is absent.
        la_area: (T,) area of the left atrium, NaN where it is absent.
        landmarks: Landmarks of each frame, or None.
        reasons: Per frame, why a number is missing; "" where none is.
        units: "mm", or "px" where the pixel size is not known.
    """

    values: Array
    la_area: Array
    landmarks: tuple[Landmarks | None, ...]
    reasons: tuple[str, ...]
    units: Literal["mm", "px"]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> Array:
        """(T,) values of the attribute of that name."""
        return self.la_area if name == "la_area" else self.values[:, ATTRIBUTES.index(name)]


def measure(masks: npt.ArrayLike, spacing: Spacing | None = None) -> Attributes:
    """Measure the attributes of label maps.

    Args:
        masks: (H, W) or (T, H, W) label maps.
        spacing: (row, column) pixel size in mm, or None where it is not known.

    Raises:
        GeometryError, InvalidPixelsError: See `as_masks` and `as_spacing`.
    """
    scale = as_spacing(spacing)
    frames = [_frame(mask, scale) for mask in as_masks(masks)]
    values, la_area, landmarks, reasons = zip(*frames, strict=True)
    return Attributes(
        np.stack(values),
        np.array(la_area),
        tuple(landmarks),
        tuple(reasons),
        "px" if spacing is None else "mm",
    )


def _frame(mask: Mask, scale: Spacing) -> tuple[Array, float, Landmarks | None, str]:
    """(values (7,), area of the atrium, landmarks, reason) of one label map."""
    values, la_area = np.full(7, np.nan), np.nan
    box = bounding_box(mask != BACKGROUND)
    if box is None:
        return values, la_area, None, "the mask is empty"
    top, left, bottom, right = box
    labels = mask[top:bottom, left:right]
    lv, myo = labels == LV, labels == MYO
    lv_pixels, myo_pixels = np.count_nonzero(lv), np.count_nonzero(myo)
    la_pixels = np.count_nonzero(labels == LA)
    pixel = scale[0] * scale[1]
    missing = []
    if la_pixels:
        la_area = la_pixels * pixel
    if myo_pixels:
        values[4] = myo_pixels * pixel
    else:
        missing.append("the mask has no myocardium")
    if lv_pixels or myo_pixels:
        row, column = center_of_mass(lv | myo)
        # Pixel centres lie half a pixel from the corner, at every resolution.
        values[5:7] = (column + left + 0.5) * scale[1], (row + top + 0.5) * scale[0]
    landmarks = None
    try:
        inner = bounding_box(lv)
        ventricle = inner and (inner[0] + top, inner[1] + left, inner[2] + top, inner[3] + left)
        landmarks = locate(mask, ventricle, scale)
        values[1] = landmarks.length(scale)
        values[2] = landmarks.base_width(scale)
        values[3] = landmarks.orientation(scale)
    except MeasurementError as error:
        missing.append(error.message)
    if lv_pixels:
        values[0] = lv_pixels * pixel
    return values, la_area, landmarks, "; ".join(missing)
