"""The clinical indices of a sequence or a patient, each a number or a reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cardiac.clinical.volumes import Convention
from cardiac.sequence import View

Array = npt.NDArray[np.float64]

NUMBERS = (
    "lv_edv_ml",
    "lv_esv_ml",
    "lv_ef_percent",
    "lv_fac_percent",
    "lv_area_ed_cm2",
    "lv_area_es_cm2",
    "lv_length_ed_mm",
    "lv_length_es_mm",
    "lv_length_change_percent",
    "la_area_es_cm2",
    "la_length_es_mm",
    "la_volume_es_ml",
    "myo_area_ed_cm2",
    "wall_thickness_ed_mm",
    "wall_thickness_left_ed_mm",
    "wall_thickness_right_ed_mm",
    "gls_contour_percent",
    "ef_area_length_uncalibrated",
)
"""Indices that are measured beat by beat."""
PER_BSA = {
    "lv_edv_index_ml_m2": "lv_edv_ml",
    "lv_esv_index_ml_m2": "lv_esv_ml",
    "la_volume_index_ml_m2": "la_volume_es_ml",
}
"""Indices that are divided by the body surface area, and what they are made from."""


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """Discs of one structure in one phase, from which two views make a volume.

    Attributes:
        diameters: (20,) in mm, from the annulus on.
        length_mm: Long axis.
    """

    diameters: Array
    length_mm: float


@dataclass(frozen=True, eq=False, slots=True)
class BeatIndices:
    """Indices of one beat.

    Attributes:
        ed, es: Its frames, counted from 0.
        complete: Whether the clip shows the whole of it (see `Beat`).
        values: Number of each of `NUMBERS` that could be measured.
        reasons: Why each of the others could not.
        stacks: Discs by "lv_ed", "lv_es" and "la_es".
    """

    ed: int
    es: int
    complete: bool
    values: dict[str, float]
    reasons: dict[str, str]
    stacks: dict[str, Stack]


@dataclass(frozen=True, eq=False, slots=True)
class Indices:
    """Indices of a sequence (means over its beats) or of two views of a patient.

    Volumes are in mL, areas in cm², lengths in mm; EF, FAC, the change of the long axis and
    the strain are in percent. ``gls_contour_percent`` is the Lagrangian change of the length
    of the endocardial contour, not speckle tracking. ``ef_area_length_uncalibrated`` is the EF
    by area and length of a clip without pixel size, in percent. A number that is None has
    its reason in ``reasons``.

    Attributes:
        view: View, or "biplane".
        convention: How the discs were stacked.
        n_beats: Beats that were averaged.
        ed_frames, es_frames: Their frames, counted from 0.
        beats: Every beat by itself, those at the clip's ends included.
        stacks: Mean discs over the beats.
        warnings: What a reader must know before trusting a number.
        long_axis_discordance_percent: Difference of the two views' axes, biplane only.
        discordant: Whether it is above 20 %.
    """

    view: str = View.UNKNOWN
    convention: Convention = Convention.ASE
    lv_edv_ml: float | None = None
    lv_esv_ml: float | None = None
    lv_ef_percent: float | None = None
    lv_fac_percent: float | None = None
    lv_area_ed_cm2: float | None = None
    lv_area_es_cm2: float | None = None
    lv_length_ed_mm: float | None = None
    lv_length_es_mm: float | None = None
    lv_length_change_percent: float | None = None
    la_area_es_cm2: float | None = None
    la_length_es_mm: float | None = None
    la_volume_es_ml: float | None = None
    myo_area_ed_cm2: float | None = None
    wall_thickness_ed_mm: float | None = None
    wall_thickness_left_ed_mm: float | None = None
    wall_thickness_right_ed_mm: float | None = None
    gls_contour_percent: float | None = None
    ef_area_length_uncalibrated: float | None = None
    lv_edv_index_ml_m2: float | None = None
    lv_esv_index_ml_m2: float | None = None
    la_volume_index_ml_m2: float | None = None
    heart_rate_bpm: float | None = None
    n_beats: int = 0
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()
    long_axis_discordance_percent: float | None = None
    discordant: bool = False
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    beats: tuple[BeatIndices, ...] = ()
    stacks: dict[str, Stack] = field(default_factory=dict)

    @property
    def ed_frame(self) -> int | None:
        """First end-diastole."""
        return self.ed_frames[0] if self.ed_frames else None

    @property
    def es_frame(self) -> int | None:
        """First end-systole."""
        return self.es_frames[0] if self.es_frames else None

    def numbers(self) -> dict[str, float | None]:
        """Every index by name, for a table."""
        names = (*NUMBERS, *PER_BSA, "heart_rate_bpm", "long_axis_discordance_percent")
        return {name: getattr(self, name) for name in names}


def per_bsa(
    values: dict[str, float], bsa_m2: float | None
) -> tuple[dict[str, float], dict[str, str]]:
    """Indices per body surface area, and reasons for those that are missing."""
    found, reasons = {}, {}
    for name, source in PER_BSA.items():
        if bsa_m2 is None:
            reasons[name] = "height and weight are not known"
        elif source not in values:
            reasons[name] = f"{source} is missing"
        else:
            found[name] = values[source] / bsa_m2
    return found, reasons
