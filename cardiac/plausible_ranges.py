"""What a heart, a probe and a cine can be: the one table of bounds for calibration and results.

Outside of these bounds a number is not an unusual patient but a wrong pixel size, a wrong tag or
a wrong mask. They are wide on purpose: normal ranges are another matter.
"""

from __future__ import annotations

from dataclasses import dataclass

from cardiac.geometry import Spacing

ADULT_YEARS = 18.0
"""Age from which the bounds of adults hold; they hold for an unknown age, too."""


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval with its unit."""

    low: float
    high: float
    unit: str = ""

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class HeartRanges:
    """Bounds that depend on the size of the patient.

    Attributes:
        depth_cm: Depth of the imaged sector.
        lv_length_cm: Long axis of the left ventricle at any phase.
        edv_ml: End-diastolic volume of the left ventricle.
    """

    depth_cm: Range
    lv_length_cm: Range
    edv_ml: Range


ADULT = HeartRanges(Range(4, 35, "cm"), Range(3, 15, "cm"), Range(5, 600, "mL"))
CHILD = HeartRanges(Range(2, 35, "cm"), Range(1, 15, "cm"), Range(1, 600, "mL"))
EF_PERCENT = Range(5, 90, "%")
FAC_PERCENT = Range(2, 90, "%")
HEART_RATE_BPM = Range(20, 300, "beats/min")
FRAME_INTERVAL_S = Range(0.0005, 0.3, "s")
"""Of a cine that can show a beat: 2000 to 3.3 frames/s."""
PIXEL_MM = Range(0.005, 10, "mm")
PIXEL_ASPECT = Range(0.2, 5)
"""Height of a pixel over its width."""


def heart_ranges(age_years: float | None) -> HeartRanges:
    """The bounds for a patient of this age in years; those of adults where it is unknown."""
    return CHILD if age_years is not None and age_years < ADULT_YEARS else ADULT


def index_ranges(age_years: float | None) -> dict[str, Range]:
    """Bounds of the clinical indices by name, each in its own unit, at this age in years."""
    bounds = heart_ranges(age_years)
    length = Range(10 * bounds.lv_length_cm.low, 10 * bounds.lv_length_cm.high, "mm")
    return {
        "lv_edv_ml": bounds.edv_ml,
        "lv_esv_ml": Range(bounds.edv_ml.low / 10, bounds.edv_ml.high, "mL"),
        "lv_length_ed_mm": length,
        "lv_length_es_mm": length,
        "lv_area_ed_cm2": Range(length.low**2 / 500, length.high**2 / 200, "cm²"),
        "lv_area_es_cm2": Range(length.low**2 / 1000, length.high**2 / 200, "cm²"),
        "la_area_es_cm2": Range(0.2, 110, "cm²"),
        "la_volume_es_ml": Range(0.1, 800, "mL"),
        "myo_area_ed_cm2": Range(length.low**2 / 500, length.high**2 / 200, "cm²"),
        "lv_ef_percent": EF_PERCENT,
        "ef_area_length_uncalibrated": EF_PERCENT,
        "lv_fac_percent": FAC_PERCENT,
        "heart_rate_bpm": HEART_RATE_BPM,
    }


def calibration_fault(
    spacing: Spacing, rows: int, age_years: float | None = None, *, stated: bool = False
) -> str | None:
    """Why a pixel size cannot be that of an echo, in words; None where it can.

    Args:
        spacing: (row, column) in mm.
        rows: Height of the imaged sector in pixels.
        age_years: Of the patient, if known.
        stated: Whether a person gave it, who may mean 1 mm; a converter's 1 is its default.
    """
    row, column = spacing
    if not all(size in PIXEL_MM for size in spacing):
        return f"a pixel of {row:g} × {column:g} mm is not possible in echo"
    if not stated and abs(row - 1) < 1e-6 and abs(column - 1) < 1e-6:
        return "1 mm is what converters write where they know none"
    if row / column not in PIXEL_ASPECT:
        return f"a pixel of {row:g} × {column:g} mm is too oblong"
    depth = rows * row / 10
    bounds = heart_ranges(age_years).depth_cm
    if depth not in bounds:
        return f"a pixel of {row:g} mm makes the image {depth:.3g} cm deep, and echo has {bounds}"
    return None
