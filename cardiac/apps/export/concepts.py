"""Every index with its codes; pre-coordinated ones are of CID 12300 "Core Echo Measurement"."""

from __future__ import annotations

from cardiac.apps.export.concept import Concept
from cardiac.apps.export.dicom.codes import Code
from cardiac.apps.export.vocabulary import (
    AREA,
    AREA_LENGTH,
    ATRIUM,
    CHANGE,
    CYCLE,
    EJECTION,
    END_SYSTOLE,
    INDEXED,
    LENGTH,
    MEASURED,
    PLANIMETRY,
    RATE,
    SURFACE,
    THICKNESS,
    UNITS,
    VENTRICLE,
    VOLUME,
    WALL,
)


def _loinc(**codes: tuple[str, str]) -> dict[str, Code]:
    return {view: Code(value, "LN", meaning) for view, (value, meaning) in codes.items()}


CONCEPTS: dict[str, Concept] = {
    "lv_edv_ml": Concept(
        "LV end diastolic volume",
        "LVEDV",
        UNITS["ml"],
        VENTRICLE,
        VOLUME,
        discs=True,
        core=_loinc(
            A4C=("79999-9", "Left ventricular end diastolic volume single plane 4C (MOD)"),
            A2C=("79998-1", "Left ventricular end diastolic volume single plane 2C (MOD)"),
            biplane=("79996-5", "Left ventricular end diastolic volume biplane (MOD)"),
        ),
        public=Code("18026-5", "LN", "Left Ventricular End Diastolic Volume"),
    ),
    "lv_esv_ml": Concept(
        "LV end systolic volume",
        "LVESV",
        UNITS["ml"],
        VENTRICLE,
        VOLUME,
        phase=END_SYSTOLE,
        discs=True,
        core=_loinc(
            A4C=("80004-5", "Left ventricular end systolic volume single plane 4C (MOD)"),
            A2C=("80003-7", "Left ventricular end systolic volume single plane 2C (MOD)"),
            biplane=("80001-1", "Left ventricular end systolic volume biplane (MOD)"),
        ),
        public=Code("18148-7", "LN", "Left Ventricular End Systolic Volume"),
    ),
    "lv_ef_percent": Concept(
        "LV ejection fraction",
        "LVEF",
        UNITS["percent"],
        VENTRICLE,
        EJECTION,
        phase=CYCLE,
        discs=True,
        core=_loinc(
            A4C=("79993-2", "Left ventricular ejection fraction single plane 4C (MOD)"),
            A2C=("79992-4", "Left ventricular ejection fraction single plane 2C (MOD)"),
            biplane=("79991-6", "Left ventricular ejection fraction biplane (MOD)"),
        ),
        public=Code("18043-0", "LN", "Left Ventricular Ejection Fraction by US"),
    ),
    "lv_fac_percent": Concept(
        "LV fractional area change",
        "LVFAC",
        UNITS["percent"],
        VENTRICLE,
        AREA,
        CHANGE,
        CYCLE,
        PLANIMETRY,
        public=Code("399287000", "SCT", "Left Ventricular Fractional Area Change"),
    ),
    "lv_area_ed_cm2": Concept(
        "LV end diastolic area",
        "LVAED",
        UNITS["cm2"],
        VENTRICLE,
        AREA,
        MEASURED,
        method=PLANIMETRY,
        public=Code("399109006", "SCT", "Left Ventricular Diastolic Area"),
    ),
    "lv_area_es_cm2": Concept(
        "LV end systolic area",
        "LVAES",
        UNITS["cm2"],
        VENTRICLE,
        AREA,
        MEASURED,
        END_SYSTOLE,
        PLANIMETRY,
        public=Code("399030000", "SCT", "Left Ventricular Systolic Area"),
    ),
    "lv_length_ed_mm": Concept(
        "LV end diastolic length",
        "LVLED",
        UNITS["mm"],
        VENTRICLE,
        LENGTH,
        MEASURED,
        core=_loinc(A4C=("79994-0", "Left ventricular end diastolic length 4C")),
        public=Code("18077-8", "LN", "Left Ventricle diastolic major axis"),
    ),
    "lv_length_es_mm": Concept(
        "LV end systolic length",
        "LVLES",
        UNITS["mm"],
        VENTRICLE,
        LENGTH,
        MEASURED,
        END_SYSTOLE,
        public=Code("18076-0", "LN", "Left Ventricle systolic major axis"),
    ),
    "lv_length_change_percent": Concept(
        "Change of LV length, ED to ES",
        "LVDLEN",
        UNITS["percent"],
        VENTRICLE,
        LENGTH,
        CHANGE,
        CYCLE,
    ),
    "la_area_es_cm2": Concept(
        "LA end systolic area",
        "LAAES",
        UNITS["cm2"],
        ATRIUM,
        AREA,
        MEASURED,
        END_SYSTOLE,
        PLANIMETRY,
        core=_loinc(
            A4C=("79974-2", "Left atrial end systolic area 4C"),
            A2C=("79973-4", "Left atrial end systolic area 2C"),
        ),
    ),
    "la_length_es_mm": Concept(
        "LA end systolic length",
        "LALES",
        UNITS["mm"],
        ATRIUM,
        LENGTH,
        MEASURED,
        END_SYSTOLE,
        core=_loinc(
            A4C=("79980-9", "Left atrial end systolic length 4C"),
            A2C=("79979-1", "Left atrial end systolic length 2C"),
        ),
    ),
    "la_volume_es_ml": Concept(
        "LA end systolic volume",
        "LAVES",
        UNITS["ml"],
        ATRIUM,
        VOLUME,
        phase=END_SYSTOLE,
        discs=True,
        core=_loinc(
            A4C=("79986-6", "Left atrial end systolic volume single plane 4C (MOD)"),
            A2C=("79985-8", "Left atrial end systolic volume single plane 2C (MOD)"),
            biplane=("79983-3", "Left atrial end systolic volume biplane (MOD)"),
        ),
        public=Code("399235004", "SCT", "Left Atrium Systolic Volume"),
    ),
    "myo_area_ed_cm2": Concept(
        "LV myocardial area at ED", "MYOAED", UNITS["cm2"], WALL, AREA, MEASURED, method=PLANIMETRY
    ),
    "wall_thickness_ed_mm": Concept(
        "LV mean wall thickness at ED", "WTED", UNITS["mm"], WALL, THICKNESS, MEASURED
    ),
    "wall_thickness_left_ed_mm": Concept(
        "LV wall thickness at ED, image left", "WTLED", UNITS["mm"], WALL, THICKNESS, MEASURED
    ),
    "wall_thickness_right_ed_mm": Concept(
        "LV wall thickness at ED, image right", "WTRED", UNITS["mm"], WALL, THICKNESS, MEASURED
    ),
    # Never under the code of a vendor's strain: it is no speckle tracking.
    "gls_contour_percent": Concept(
        "Change of LV contour length (no tracking)",
        "LVDCON",
        UNITS["percent"],
        VENTRICLE,
        LENGTH,
        CHANGE,
        CYCLE,
    ),
    "ef_area_length_uncalibrated": Concept(
        "LV ejection fraction by area-length",
        "LVEFAL",
        UNITS["percent"],
        VENTRICLE,
        EJECTION,
        phase=CYCLE,
        method=AREA_LENGTH,
    ),
    "lv_edv_index_ml_m2": Concept(
        "LV end diastolic volume / BSA",
        "LVEDVI",
        UNITS["ml/m2"],
        VENTRICLE,
        VOLUME,
        INDEXED,
        discs=True,
        divisor=SURFACE,
        core=_loinc(
            biplane=("79997-3", "Left ventricular end diastolic volume biplane (MOD) / BSA")
        ),
    ),
    "lv_esv_index_ml_m2": Concept(
        "LV end systolic volume / BSA",
        "LVESVI",
        UNITS["ml/m2"],
        VENTRICLE,
        VOLUME,
        INDEXED,
        END_SYSTOLE,
        discs=True,
        divisor=SURFACE,
        core=_loinc(
            biplane=("80002-9", "Left ventricular end systolic volume biplane (MOD) / BSA")
        ),
    ),
    "la_volume_index_ml_m2": Concept(
        "LA end systolic volume / BSA",
        "LAVI",
        UNITS["ml/m2"],
        ATRIUM,
        VOLUME,
        INDEXED,
        END_SYSTOLE,
        discs=True,
        divisor=SURFACE,
        core=_loinc(biplane=("79984-1", "Left atrial end systolic volume biplane (MOD) / BSA")),
    ),
    "heart_rate_bpm": Concept(
        "Heart rate", "HR", UNITS["rate"], VENTRICLE, RATE, MEASURED, CYCLE, public=RATE
    ),
    "long_axis_discordance_percent": Concept(
        "Difference of the views' long axes",
        "LVAXDIF",
        UNITS["percent"],
        VENTRICLE,
        LENGTH,
        phase=CYCLE,
    ),
}
"""Every index of ``indices.csv``."""
