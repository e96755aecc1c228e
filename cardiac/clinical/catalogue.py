"""Catalogue of the clinical indices: what each is, how it is shown, and what others call it.

An index is added by one entry here and by the function that measures it: columns of tables,
pages, intervals, and the codes of exports follow from the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from cardiac.states import Phase

BIPLANE = "biplane"
"""What the tables call two views of a patient taken together."""
Code = tuple[str, str, str]
"""Scheme (LN, SCT or DCM), value and meaning of a public code."""


class Site(StrEnum):
    """Where an index is measured."""

    VENTRICLE = "left ventricle"
    WALL = "left-ventricular myocardium"
    ATRIUM = "left atrium"


class Quantity(StrEnum):
    """What is measured there."""

    VOLUME = "volume"
    AREA = "area"
    LENGTH = "length"
    THICKNESS = "thickness"
    EJECTION = "ejection fraction"
    RATE = "rate"


class Kind(StrEnum):
    """How an index comes about."""

    MEASURED = "measured"
    CALCULATED = "calculated"
    CHANGE = "change over the cycle"
    INDEXED = "per body surface area"


class Method(StrEnum):
    """The method of measurement, where one has a name."""

    DISCS = "discs"
    PLANIMETRY = "planimetry"
    AREA_LENGTH = "area-length"


@dataclass(frozen=True, slots=True)
class Follows:
    """Which measurement of the masks the error of an index goes with.

    Attributes:
        what: volume, area, length, la_area, la_length, la_volume, wall or area_length.
        phase: For a size, whose error is a factor; None for a change between the two phases,
            whose error is in points.
        sign: −1 where a change counts a decrease as negative.
    """

    what: str
    phase: Phase | None = None
    sign: float = 1.0


@dataclass(frozen=True, slots=True)
class Index:
    """One clinical index.

    Attributes:
        name: Its column, with the unit at its end.
        title: What a reader calls it.
        unit: As it is shown.
        digits: Decimals that are shown.
        site, quantity, kind, method: What it is.
        phase: When it is measured; None where it compares both or belongs to the cycle.
        per: Where it is measured: in each beat, in a sequence, or in a patient's two views.
        dimensionless: Whether it needs no pixel size.
        base: The index that it is made from by division by the body surface area, or "".
        optional: Whether it may be missing without a reason.
        place: Place in the table of a page; None where it is not shown there.
        follows: What its interval follows; None where it has none.
        term: Its name in a structured report, and the stem ``label`` of its private code.
        core: Value and meaning of its LOINC code by view, "biplane" included.
        public: Code of another public scheme, whatever the view.
    """

    name: str
    title: str
    unit: str
    digits: int
    site: Site
    quantity: Quantity
    term: str
    label: str
    kind: Kind = Kind.MEASURED
    method: Method | None = None
    phase: Phase | None = None
    per: Literal["beat", "sequence", "patient"] = "beat"
    dimensionless: bool = False
    base: str = ""
    optional: bool = False
    place: int | None = None
    follows: Follows | None = None
    core: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    public: Code | None = None


def _discs(
    name: str,
    title: str,
    unit: str,
    site: Site,
    *,
    phase: Phase,
    place: int,
    term: str,
    label: str,
    follows: Follows | None = None,
    base: str = "",
    core: Mapping[str, tuple[str, str]],
    public: Code | None = None,
) -> Index:
    """A volume by discs, or one divided by the body surface area."""
    return Index(
        name,
        title,
        unit,
        0,
        site,
        Quantity.VOLUME,
        term,
        label,
        kind=Kind.INDEXED if base else Kind.CALCULATED,
        method=Method.DISCS,
        phase=phase,
        per="sequence" if base else "beat",
        base=base,
        place=place,
        follows=follows,
        core=core,
        public=public,
    )


CATALOGUE: tuple[Index, ...] = (
    _discs(
        "lv_edv_ml",
        "End-diastolic volume (EDV)",
        "mL",
        Site.VENTRICLE,
        phase=Phase.ED,
        place=1,
        term="LV end diastolic volume",
        label="LVEDV",
        follows=Follows("volume", Phase.ED),
        core={
            "A4C": ("79999-9", "Left ventricular end diastolic volume single plane 4C (MOD)"),
            "A2C": ("79998-1", "Left ventricular end diastolic volume single plane 2C (MOD)"),
            BIPLANE: ("79996-5", "Left ventricular end diastolic volume biplane (MOD)"),
        },
        public=("LN", "18026-5", "Left Ventricular End Diastolic Volume"),
    ),
    _discs(
        "lv_esv_ml",
        "End-systolic volume (ESV)",
        "mL",
        Site.VENTRICLE,
        phase=Phase.ES,
        place=2,
        term="LV end systolic volume",
        label="LVESV",
        follows=Follows("volume", Phase.ES),
        core={
            "A4C": ("80004-5", "Left ventricular end systolic volume single plane 4C (MOD)"),
            "A2C": ("80003-7", "Left ventricular end systolic volume single plane 2C (MOD)"),
            BIPLANE: ("80001-1", "Left ventricular end systolic volume biplane (MOD)"),
        },
        public=("LN", "18148-7", "Left Ventricular End Systolic Volume"),
    ),
    Index(
        "lv_ef_percent",
        "Ejection fraction (EF)",
        "%",
        0,
        Site.VENTRICLE,
        Quantity.EJECTION,
        "LV ejection fraction",
        "LVEF",
        kind=Kind.CALCULATED,
        method=Method.DISCS,
        place=0,
        follows=Follows("volume"),
        core={
            "A4C": ("79993-2", "Left ventricular ejection fraction single plane 4C (MOD)"),
            "A2C": ("79992-4", "Left ventricular ejection fraction single plane 2C (MOD)"),
            BIPLANE: ("79991-6", "Left ventricular ejection fraction biplane (MOD)"),
        },
        public=("LN", "18043-0", "Left Ventricular Ejection Fraction by US"),
    ),
    Index(
        "lv_fac_percent",
        "Fractional area change (FAC)",
        "%",
        0,
        Site.VENTRICLE,
        Quantity.AREA,
        "LV fractional area change",
        "LVFAC",
        kind=Kind.CHANGE,
        method=Method.PLANIMETRY,
        dimensionless=True,
        place=5,
        follows=Follows("area"),
        public=("SCT", "399287000", "Left Ventricular Fractional Area Change"),
    ),
    Index(
        "lv_area_ed_cm2",
        "LV area, ED",
        "cm²",
        1,
        Site.VENTRICLE,
        Quantity.AREA,
        "LV end diastolic area",
        "LVAED",
        method=Method.PLANIMETRY,
        phase=Phase.ED,
        place=7,
        follows=Follows("area", Phase.ED),
        public=("SCT", "399109006", "Left Ventricular Diastolic Area"),
    ),
    Index(
        "lv_area_es_cm2",
        "LV area, ES",
        "cm²",
        1,
        Site.VENTRICLE,
        Quantity.AREA,
        "LV end systolic area",
        "LVAES",
        method=Method.PLANIMETRY,
        phase=Phase.ES,
        place=8,
        follows=Follows("area", Phase.ES),
        public=("SCT", "399030000", "Left Ventricular Systolic Area"),
    ),
    Index(
        "lv_length_ed_mm",
        "LV length, ED",
        "mm",
        0,
        Site.VENTRICLE,
        Quantity.LENGTH,
        "LV end diastolic length",
        "LVLED",
        phase=Phase.ED,
        place=9,
        follows=Follows("length", Phase.ED),
        core={"A4C": ("79994-0", "Left ventricular end diastolic length 4C")},
        public=("LN", "18077-8", "Left Ventricle diastolic major axis"),
    ),
    Index(
        "lv_length_es_mm",
        "LV length, ES",
        "mm",
        0,
        Site.VENTRICLE,
        Quantity.LENGTH,
        "LV end systolic length",
        "LVLES",
        phase=Phase.ES,
        place=10,
        follows=Follows("length", Phase.ES),
        public=("LN", "18076-0", "Left Ventricle systolic major axis"),
    ),
    Index(
        "lv_length_change_percent",
        "Change of the long axis",
        "%",
        1,
        Site.VENTRICLE,
        Quantity.LENGTH,
        "Change of LV length, ED to ES",
        "LVDLEN",
        kind=Kind.CHANGE,
        dimensionless=True,
        place=11,
        follows=Follows("length", sign=-1.0),
    ),
    Index(
        "la_area_es_cm2",
        "LA area, ES",
        "cm²",
        1,
        Site.ATRIUM,
        Quantity.AREA,
        "LA end systolic area",
        "LAAES",
        method=Method.PLANIMETRY,
        phase=Phase.ES,
        place=17,
        follows=Follows("la_area", Phase.ES),
        core={
            "A4C": ("79974-2", "Left atrial end systolic area 4C"),
            "A2C": ("79973-4", "Left atrial end systolic area 2C"),
        },
    ),
    Index(
        "la_length_es_mm",
        "LA length, ES",
        "mm",
        0,
        Site.ATRIUM,
        Quantity.LENGTH,
        "LA end systolic length",
        "LALES",
        phase=Phase.ES,
        place=18,
        follows=Follows("la_length", Phase.ES),
        core={
            "A4C": ("79980-9", "Left atrial end systolic length 4C"),
            "A2C": ("79979-1", "Left atrial end systolic length 2C"),
        },
    ),
    _discs(
        "la_volume_es_ml",
        "LA volume, ES",
        "mL",
        Site.ATRIUM,
        phase=Phase.ES,
        place=19,
        term="LA end systolic volume",
        label="LAVES",
        follows=Follows("la_volume", Phase.ES),
        core={
            "A4C": ("79986-6", "Left atrial end systolic volume single plane 4C (MOD)"),
            "A2C": ("79985-8", "Left atrial end systolic volume single plane 2C (MOD)"),
            BIPLANE: ("79983-3", "Left atrial end systolic volume biplane (MOD)"),
        },
        public=("SCT", "399235004", "Left Atrium Systolic Volume"),
    ),
    Index(
        "myo_area_ed_cm2",
        "Myocardial area, ED",
        "cm²",
        1,
        Site.WALL,
        Quantity.AREA,
        "LV myocardial area at ED",
        "MYOAED",
        method=Method.PLANIMETRY,
        phase=Phase.ED,
        place=13,
        follows=Follows("wall", Phase.ED),
    ),
    Index(
        "wall_thickness_ed_mm",
        "Wall thickness, ED, mean",
        "mm",
        1,
        Site.WALL,
        Quantity.THICKNESS,
        "LV mean wall thickness at ED",
        "WTED",
        phase=Phase.ED,
        place=14,
    ),
    Index(
        "wall_thickness_left_ed_mm",
        "Wall thickness, ED, image left",
        "mm",
        1,
        Site.WALL,
        Quantity.THICKNESS,
        "LV wall thickness at ED, image left",
        "WTLED",
        phase=Phase.ED,
        place=15,
    ),
    Index(
        "wall_thickness_right_ed_mm",
        "Wall thickness, ED, image right",
        "mm",
        1,
        Site.WALL,
        Quantity.THICKNESS,
        "LV wall thickness at ED, image right",
        "WTRED",
        phase=Phase.ED,
        place=16,
    ),
    # Never under the code of a vendor's strain: it is no speckle tracking.
    Index(
        "gls_contour_percent",
        "Strain of the contour (not speckle tracking)",
        "%",
        1,
        Site.VENTRICLE,
        Quantity.LENGTH,
        "Change of LV contour length (no tracking)",
        "LVDCON",
        kind=Kind.CHANGE,
        dimensionless=True,
        place=12,
    ),
    Index(
        "ef_area_length_uncalibrated",
        "EF by area and length, uncalibrated",
        "%",
        0,
        Site.VENTRICLE,
        Quantity.EJECTION,
        "LV ejection fraction by area-length",
        "LVEFAL",
        kind=Kind.CALCULATED,
        method=Method.AREA_LENGTH,
        dimensionless=True,
        optional=True,
        place=6,
        follows=Follows("area_length"),
    ),
    _discs(
        "lv_edv_index_ml_m2",
        "EDV per body surface",
        "mL/m²",
        Site.VENTRICLE,
        phase=Phase.ED,
        place=3,
        term="LV end diastolic volume / BSA",
        label="LVEDVI",
        base="lv_edv_ml",
        core={
            BIPLANE: ("79997-3", "Left ventricular end diastolic volume biplane (MOD) / BSA"),
        },
    ),
    _discs(
        "lv_esv_index_ml_m2",
        "ESV per body surface",
        "mL/m²",
        Site.VENTRICLE,
        phase=Phase.ES,
        place=4,
        term="LV end systolic volume / BSA",
        label="LVESVI",
        base="lv_esv_ml",
        core={
            BIPLANE: ("80002-9", "Left ventricular end systolic volume biplane (MOD) / BSA"),
        },
    ),
    _discs(
        "la_volume_index_ml_m2",
        "LA volume per body surface",
        "mL/m²",
        Site.ATRIUM,
        phase=Phase.ES,
        place=20,
        term="LA end systolic volume / BSA",
        label="LAVI",
        base="la_volume_es_ml",
        core={
            BIPLANE: ("79984-1", "Left atrial end systolic volume biplane (MOD) / BSA"),
        },
    ),
    Index(
        "heart_rate_bpm",
        "Heart rate",
        "/min",
        0,
        Site.VENTRICLE,
        Quantity.RATE,
        "Heart rate",
        "HR",
        per="sequence",
        dimensionless=True,
        place=21,
        public=("LN", "8867-4", "Heart rate"),
    ),
    Index(
        "long_axis_discordance_percent",
        "Difference of the views' long axes",
        "%",
        0,
        Site.VENTRICLE,
        Quantity.LENGTH,
        "Difference of the views' long axes",
        "LVAXDIF",
        kind=Kind.CALCULATED,
        per="patient",
        optional=True,
    ),
)
"""Every index in the order of the columns of ``indices.csv``."""

INDEX: Mapping[str, Index] = {index.name: index for index in CATALOGUE}
"""Every index by its name."""
NAMES = tuple(INDEX)
PER_BEAT = tuple(index.name for index in CATALOGUE if index.per == "beat")
"""Names of the indices that are measured beat by beat."""
PER_BSA = {index.name: index.base for index in CATALOGUE if index.base}
"""Indices that are divided by the body surface area, and what they are made from."""
ON_PAGE = tuple(
    sorted(
        (index for index in CATALOGUE if index.place is not None),
        key=lambda index: index.place or 0,
    )
)
"""The indices of a page, in its order."""
