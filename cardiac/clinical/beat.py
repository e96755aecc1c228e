"""Everything that is measured on the end-diastolic and end-systolic frame of one beat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cardiac.anatomy.atrium import Atrium, find_atrium
from cardiac.anatomy.contours import endocardium, wall_thickness
from cardiac.anatomy.frame import LA, LV, MYO
from cardiac.anatomy.landmarks import Landmarks
from cardiac.anatomy.outlines import contour_length
from cardiac.clinical.catalogue import INDEX, PER_BEAT
from cardiac.clinical.indices import BeatIndices, Stack
from cardiac.clinical.phases import Beat
from cardiac.clinical.volumes import (
    Convention,
    area_length_volume,
    disc_diameters,
    ejection_fraction,
    single_plane_volume,
)
from cardiac.errors import MeasurementError
from cardiac.geometry import Mask, Spacing
from cardiac.reasons import Reason

UNCALIBRATED = Reason("not_calibrated", "the pixel size is not known")
CALIBRATED = Reason("calibrated", "the clip is calibrated: see lv_ef_percent")


class _Measurements:
    """Numbers as they come in, and reasons for those that fail."""

    def __init__(self, calibrated: bool) -> None:
        self.values: dict[str, float] = {}
        self.reasons: dict[str, Reason] = {}
        self._calibrated = calibrated

    def put(self, name: str, measure: Callable[[], float]) -> None:
        """Keep the number, or the reason that its measurement gives."""
        if not INDEX[name].dimensionless and not self._calibrated:
            self.reasons[name] = UNCALIBRATED
            return
        try:
            self.values[name] = float(measure())
        except MeasurementError as error:
            self.reasons[name] = error.reason


def measure_beat(
    masks: Mask,
    landmarks: tuple[Landmarks | None, ...],
    beat: Beat,
    spacing: Spacing | None,
    convention: Convention = Convention.ASE,
) -> BeatIndices:
    """Measure one beat.

    Args:
        masks: (T, H, W) checked label maps.
        landmarks: Landmarks of each frame.
        beat: Which frames.
        spacing: (row, column) pixel size in mm; None leaves only ratios.
        convention: Height of the discs.
    """
    ed = _Phase(masks[beat.ed], landmarks[beat.ed], spacing)
    es = _Phase(masks[beat.es], landmarks[beat.es], spacing)
    found = _Measurements(spacing is not None)
    _ventricle(found, ed, es, convention)
    _wall_and_atrium(found, ed, es)
    stacks: dict[str, Stack] = {}
    if spacing is not None:
        for name, make in (("lv_ed", ed.stack), ("lv_es", es.stack), ("la_es", es.la_stack)):
            try:
                stacks[name] = make()
            except MeasurementError:
                continue
    ordered = {name: found.values[name] for name in PER_BEAT if name in found.values}
    return BeatIndices(beat.ed, beat.es, beat.complete, ordered, found.reasons, stacks)


def _ventricle(found: _Measurements, ed: _Phase, es: _Phase, convention: Convention) -> None:
    def volume(phase: _Phase) -> float:
        stack = phase.stack()
        height = stack.length_mm
        if convention is Convention.CAMUS_LEGACY:
            height = max(ed.length(), es.length())
        return single_plane_volume(stack.diameters, height)

    found.put("lv_edv_ml", lambda: volume(ed))
    found.put("lv_esv_ml", lambda: volume(es))
    found.put("lv_ef_percent", lambda: ejection_fraction(volume(ed), volume(es)))
    found.put("lv_fac_percent", lambda: ejection_fraction(ed.area(LV), es.area(LV)))
    found.put("lv_area_ed_cm2", lambda: ed.area(LV) / 100)
    found.put("lv_area_es_cm2", lambda: es.area(LV) / 100)
    found.put("lv_length_ed_mm", ed.length)
    found.put("lv_length_es_mm", es.length)
    found.put("lv_length_change_percent", lambda: -ejection_fraction(ed.length(), es.length()))
    found.put("gls_contour_percent", lambda: -ejection_fraction(ed.contour(), es.contour()))
    if ed.spacing is None:
        found.put(
            "ef_area_length_uncalibrated",
            lambda: ejection_fraction(
                area_length_volume(ed.area(LV), ed.length()),
                area_length_volume(es.area(LV), es.length()),
            ),
        )
    else:
        found.reasons["ef_area_length_uncalibrated"] = CALIBRATED


def _wall_and_atrium(found: _Measurements, ed: _Phase, es: _Phase) -> None:
    found.put("myo_area_ed_cm2", lambda: ed.area(MYO) / 100)
    found.put("wall_thickness_ed_mm", lambda: ed.wall(0))
    found.put("wall_thickness_left_ed_mm", lambda: ed.wall(1))
    found.put("wall_thickness_right_ed_mm", lambda: ed.wall(2))

    def atrial_area() -> float:
        es.whole_atrium()
        return es.area(LA) / 100

    def atrial_volume() -> float:
        stack = es.la_stack()
        return single_plane_volume(stack.diameters, stack.length_mm)

    found.put("la_area_es_cm2", atrial_area)
    found.put("la_length_es_mm", lambda: es.whole_atrium().length(es.spacing))
    found.put("la_volume_es_ml", atrial_volume)


class _Phase:
    """One frame, measured at most once; each method raises MeasurementError with its reason."""

    def __init__(self, mask: Mask, landmarks: Landmarks | None, spacing: Spacing | None) -> None:
        self.mask = mask
        self.spacing = spacing
        self._landmarks = landmarks
        self._wall: tuple[float, ...] | None = None

    @property
    def landmarks(self) -> Landmarks:
        if self._landmarks is None:
            raise MeasurementError("the left ventricle has no landmarks", code="no_landmarks")
        return self._landmarks

    def area(self, label: int) -> float:
        """Area of a structure in mm² (pixels)."""
        pixels = int(np.count_nonzero(self.mask == label))
        if pixels == 0:
            names = {LV: "left ventricle", MYO: "myocardium", LA: "left atrium"}
            raise MeasurementError(f"the mask has no {names[label]}", code="structure_missing")
        return pixels * (1.0 if self.spacing is None else self.spacing[0] * self.spacing[1])

    def length(self) -> float:
        return self.landmarks.length(self.spacing)

    def contour(self) -> float:
        return contour_length(endocardium(self.mask, self.landmarks, self.spacing))

    def wall(self, part: int) -> float:
        if self._wall is None:
            assert self.spacing is not None  # lengths are only asked of calibrated frames
            self._wall = tuple(wall_thickness(self.mask, self.landmarks, self.spacing))
        if np.isnan(self._wall[part]):
            raise MeasurementError("the mask has no wall on this side", code="no_wall")
        return self._wall[part]

    def stack(self) -> Stack:
        return self._stack(LV, self.landmarks.apex, self.length())

    def whole_atrium(self) -> Atrium:
        atrium = find_atrium(self.mask, self.landmarks, self.spacing)
        if atrium.cut_off:
            raise MeasurementError(
                "the left atrium is cut off by the edge of the image", code="atrium_cut_off"
            )
        return atrium

    def la_stack(self) -> Stack:
        atrium = self.whole_atrium()
        return self._stack(LA, atrium.roof, atrium.length(self.spacing))

    def _stack(self, label: int, tip: tuple[float, float], length: float) -> Stack:
        assert self.spacing is not None
        region = np.asarray(self.mask == label)
        return Stack(disc_diameters(region, self.landmarks.middle, tip, self.spacing), length)
