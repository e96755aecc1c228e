"""A traffic light for a sequence: accept, review or reject, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from pydantic import BaseModel, ConfigDict

from cardiac.clinical import Indices
from cardiac.correction.certificate import Certificate
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.intervals import Intervals
from cardiac.uncertainty.result import Uncertainty


class Light(StrEnum):
    """What a reader should do with a sequence."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"


class LightSettings(BaseModel):
    """Bounds of the traffic light.

    Attributes:
        ef_width: Widest interval of the EF in points that is accepted.
        least_dice: Least Dice between the network's masks and the written ones.
        displacement_mm: Largest displacement of a boundary by the correction.
        slimness: Least length ÷ root of the area of the ventricle at end-diastole; a rounder
            one may be foreshortened. One in a hundred of the training patients is below.
        strange_share: Share of frames out of the bank from which on a sequence is reviewed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ef_width: float = 25.0
    least_dice: float = 0.9
    displacement_mm: float = 8.0
    slimness: float = 1.3
    strange_share: float = 0.1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The light and its reasons, the gravest first."""

    light: Light
    reasons: tuple[str, ...] = ()


def traffic_light(
    uncertainty: Uncertainty,
    indices: Indices,
    intervals: Intervals | None = None,
    certificate: Certificate | None = None,
    *,
    calibration: Calibration | None = None,
    settings: LightSettings | None = None,
) -> Verdict:
    """Judge one sequence by everything that is known of it.

    Args:
        uncertainty: Map, scores, and whether the images look like apical echo.
        indices: Clinical indices.
        intervals: Their intervals, if there are any.
        certificate: Of the written masks, with what the correction changed.
        calibration: Holds the bounds of the scores.
        settings: The other bounds.
    """
    s = settings or LightSettings()
    grave = _grave(uncertainty, indices, calibration)
    mild = [
        *_of_scores(uncertainty, calibration, s),
        *_of_certificate(certificate, s),
        *_of_indices(indices, intervals, s),
    ]
    if grave:
        return Verdict(Light.REJECT, (*grave, *mild))
    return Verdict(Light.REVIEW if mild else Light.ACCEPT, tuple(mild))


def _grave(u: Uncertainty, indices: Indices, calibration: Calibration | None) -> list[str]:
    reasons = []
    if u.out_of_bank:
        reasons.append("the images do not look like an apical echo")
    empty = int((u.scores >= 1).sum())
    if empty * 2 >= len(u):
        reasons.append(f"no heart was found in {empty} of {len(u)} frames")
    bound = calibration.reject.get(u.method) if calibration else None
    if bound is not None and u.score > bound and not reasons:
        reasons.append(f"the masks are very uncertain (score {u.score:.2f}, bound {bound:.2f})")
    if not indices.ed_frames and len(u) > 1:
        reasons.append("end-diastole and end-systole were not found")
    return reasons


def _of_scores(u: Uncertainty, calibration: Calibration | None, s: LightSettings) -> list[str]:
    reasons = []
    bound = calibration.review.get(u.method) if calibration else None
    reject = calibration.reject.get(u.method) if calibration else None
    if bound is not None and bound < u.score and (reject is None or u.score <= reject):
        reasons.append(f"the masks are uncertain (score {u.score:.2f}, bound {bound:.2f})")
    if u.familiarity is not None and not u.out_of_bank:
        strange = int(u.familiarity.out_of_bank.sum())
        if strange > s.strange_share * len(u):
            reasons.append(f"{strange} of {len(u)} frames do not look like an apical echo")
    return reasons


def _of_certificate(certificate: Certificate | None, s: LightSettings) -> list[str]:
    if certificate is None:
        return []
    reasons = [] if certificate.certified else [f"not certified: {certificate.reason}"]
    if (changes := certificate.changes) is not None:
        if changes.dice.size and changes.dice.min() < s.least_dice:
            reasons.append(f"the correction changed a mask much (Dice {changes.dice.min():.2f})")
        known = changes.displacement[np.isfinite(changes.displacement)]
        if certificate.attributes.units == "mm" and (known > s.displacement_mm).any():
            reasons.append(f"the correction moved a boundary by {known.max():.0f} mm")
    return reasons


def _of_indices(indices: Indices, intervals: Intervals | None, s: LightSettings) -> list[str]:
    reasons = []
    width = intervals.width("lv_ef_percent") if intervals else None
    if width is not None and width > s.ef_width:
        reasons.append(f"the interval of the EF is {width:.0f} points wide")
    if indices.ed_frames and indices.beats and not any(beat.complete for beat in indices.beats):
        reasons.append("no beat is seen whole")
    if indices.lv_ef_percent is None and indices.ef_area_length_uncalibrated is None:
        reasons.append("the EF could not be measured")
    if indices.lv_length_ed_mm and indices.lv_area_ed_cm2:
        slim = indices.lv_length_ed_mm / (100 * indices.lv_area_ed_cm2) ** 0.5
        if slim < s.slimness:
            reasons.append("the ventricle is short for its area: it may be foreshortened")
    if indices.discordant:
        reasons.append("the long axes of the two views do not agree: one is foreshortened")
    return reasons
