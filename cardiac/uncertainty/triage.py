"""Triage of a sequence: accept, review or reject, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeFloat

from cardiac.clinical import INDEX, Indices
from cardiac.correction.certificate import Certificate
from cardiac.plausible_ranges import index_ranges
from cardiac.reasons import Reason
from cardiac.states import Triage
from cardiac.types import BoolArray
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.intervals import Intervals
from cardiac.uncertainty.result import Uncertainty


class TriageSettings(BaseModel):
    """Bounds of the triage.

    Attributes:
        ef_width: Widest interval of the EF in points that is accepted.
        min_dice: Least Dice between the network's masks and the written ones.
        displacement_mm: Largest displacement of a boundary by the correction.
        min_length_ratio: Least LV length ÷ √area at end-diastole; a rounder ventricle may be
            foreshortened. One in a hundred of the training patients is below.
        ood_fraction: Fraction of out-of-distribution frames above which a sequence is reviewed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ef_width: NonNegativeFloat = 25.0
    min_dice: NonNegativeFloat = 0.9
    displacement_mm: NonNegativeFloat = 8.0
    min_length_ratio: NonNegativeFloat = 1.3
    ood_fraction: NonNegativeFloat = 0.1


@dataclass(frozen=True, slots=True)
class TriageResult:
    """The triage and its reasons, the critical ones first."""

    level: Triage
    reasons: tuple[Reason, ...] = ()


def triage_sequence(
    uncertainty: Uncertainty,
    indices: Indices,
    intervals: Intervals | None = None,
    certificate: Certificate | None = None,
    *,
    calibration: Calibration | None = None,
    settings: TriageSettings | None = None,
    age_years: float | None = None,
) -> TriageResult:
    """Triage one sequence by everything that is known of it.

    Critical reasons reject, minor ones ask for a review.

    Args:
        uncertainty: Map, scores, and whether the images look like apical echo.
        indices: Clinical indices.
        intervals: Their intervals, if there are any.
        certificate: Of the written masks, with what the correction changed.
        calibration: Holds the bounds of the scores.
        settings: The other bounds.
        age_years: Of the patient: children have smaller hearts.
    """
    s = settings or TriageSettings()
    critical = [
        *_critical_scores(uncertainty, calibration),
        *_critical_phases(uncertainty, indices),
        *implausible_indices(indices, age_years),
    ]
    minor = [
        *_minor_scores(uncertainty, calibration, s),
        *_minor_certificate(certificate, s),
        *_minor_indices(indices, intervals, s),
    ]
    if critical:
        return TriageResult(Triage.REJECT, (*critical, *minor))
    return TriageResult(Triage.REVIEW if minor else Triage.ACCEPT, tuple(minor))


def implausible_indices(indices: Indices, age_years: float | None = None) -> list[Reason]:
    """Why the numbers cannot be those of a heart: of one view, or of both.

    Args:
        indices: Of a sequence, or of two views of a patient.
        age_years: Of the patient; the bounds of adults hold where it is unknown.
    """
    reasons = []
    edv, esv = indices.lv_edv_ml, indices.lv_esv_ml
    ed_area, es_area = indices.lv_area_ed_cm2, indices.lv_area_es_cm2
    grows = edv is not None and esv is not None and esv >= edv
    spreads = ed_area is not None and es_area is not None and es_area >= ed_area
    shrinks_not = indices.lv_fac_percent is not None and indices.lv_fac_percent <= 0
    if grows:
        reasons.append(
            Reason(
                "esv_above_edv",
                f"the ESV ({esv:.0f} mL) is not below the EDV ({edv:.0f} mL)",
                general="the ESV is not below the EDV",
            )
        )
    elif spreads or shrinks_not:
        reasons.append(
            Reason("no_contraction", "the ventricle is no smaller at end-systole than before")
        )
    for name, bounds in index_ranges(age_years).items():
        value = indices.values.get(name)
        if value is None or value in bounds or (reasons and name in _CONTRACTION):
            continue
        title = INDEX[name].title
        reasons.append(
            Reason(
                f"implausible_{name}",
                f"{title} of {value:.3g} cannot be: a heart has {bounds}",
                general=f"{title} cannot be that of a heart",
            )
        )
    return reasons


_CONTRACTION = {"lv_ef_percent", "ef_area_length_uncalibrated", "lv_fac_percent"}
"""What a missing contraction explains already."""


def _critical_scores(u: Uncertainty, calibration: Calibration | None) -> list[Reason]:
    reasons = []
    if u.out_of_distribution:
        reasons.append(Reason("out_of_distribution", "the images do not look like an apical echo"))
    empty = u.scores >= 1
    if int(empty.sum()) * 2 >= len(u):
        text = f"no heart was found in {int(empty.sum())} of {len(u)} frames"
        general = "no heart was found in half of the frames or more"
        reasons.append(Reason("no_heart", text, general=general))
    bound = calibration.reject.get(u.method) if calibration else None
    if bound is not None and u.score > bound and not reasons:
        text = f"the masks are very uncertain (score {u.score:.2f}, bound {bound:.2f})"
        reasons.append(Reason("very_uncertain", text, general="the masks are very uncertain"))
    return reasons


def _critical_phases(u: Uncertainty, indices: Indices) -> list[Reason]:
    if indices.ed_frames or len(u) == 1:
        return []
    return [Reason("no_phases", "end-diastole and end-systole were not found")]


def _minor_scores(
    u: Uncertainty, calibration: Calibration | None, s: TriageSettings
) -> list[Reason]:
    reasons = []
    bound = calibration.review.get(u.method) if calibration else None
    reject = calibration.reject.get(u.method) if calibration else None
    if bound is not None and bound < u.score and (reject is None or u.score <= reject):
        text = f"the masks are uncertain (score {u.score:.2f}, bound {bound:.2f})"
        reasons.append(Reason("uncertain", text, general="the masks are uncertain"))
    if u.ood is not None and not u.ood.sequence and u.ood.frames.mean() > s.ood_fraction:
        count = int(u.ood.frames.sum())
        text = f"{count} of {len(u)} frames do not look like an apical echo"
        general = "some frames do not look like an apical echo"
        reasons.append(Reason("frames_out_of_distribution", text, general=general))
    return reasons


def _minor_certificate(certificate: Certificate | None, s: TriageSettings) -> list[Reason]:
    if certificate is None:
        return []
    reasons = []
    if not certificate.certified:
        text = f"not certified: {certificate.reason}"
        reasons.append(Reason("not_certified", text, general="not certified"))
    if (changes := certificate.changes) is None:
        return reasons
    if changes.dice.size and changes.dice.min() < s.min_dice:
        text = f"the correction changed a mask much (Dice {changes.dice.min():.2f})"
        frames, general = _frames(changes.dice < s.min_dice), "the correction changed a mask much"
        reasons.append(Reason("correction_changed", text, frames, general))
    far = np.nan_to_num(changes.displacement, nan=0.0) > s.displacement_mm
    if certificate.attributes.units == "mm" and far.any():
        text = f"the correction moved a boundary by {changes.displacement[far].max():.0f} mm"
        general = "the correction moved a boundary far"
        reasons.append(Reason("correction_moved", text, _frames(far), general))
    return reasons


def _minor_indices(
    indices: Indices, intervals: Intervals | None, s: TriageSettings
) -> list[Reason]:
    reasons = []
    width = intervals.width("lv_ef_percent") if intervals else None
    if width is not None and width > s.ef_width:
        text = f"the interval of the EF is {width:.0f} points wide"
        reasons.append(Reason("wide_interval", text, general="the interval of the EF is wide"))
    if indices.ed_frames and indices.beats and not any(beat.complete for beat in indices.beats):
        reasons.append(Reason("no_complete_beat", "no beat is seen whole"))
    if indices.lv_ef_percent is None and indices.ef_area_length_uncalibrated is None:
        reasons.append(Reason("no_ef", "the EF could not be measured"))
    if indices.lv_length_ed_mm and indices.lv_area_ed_cm2:
        ratio = indices.lv_length_ed_mm / (100 * indices.lv_area_ed_cm2) ** 0.5
        if ratio < s.min_length_ratio:
            text = "the ventricle is short for its area: it may be foreshortened"
            reasons.append(Reason("foreshortened", text))
    if indices.discordant:
        text = "the long axes of the two views do not agree: one is foreshortened"
        reasons.append(Reason("discordant_axes", text))
    return reasons


def _frames(flags: BoolArray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(flags).tolist())
