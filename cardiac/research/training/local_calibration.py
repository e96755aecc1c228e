"""Local calibration: intervals and triage bounds refitted to the cases of one laboratory.

No network has learnt from these cases, so their errors count as they are. What they are too few
for keeps the calibration that it had.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cardiac.clinical import INDEX, Indices
from cardiac.errors import CardiacError, SettingsError
from cardiac.io import InputItem
from cardiac.io.item import read_item
from cardiac.pipeline import Models, process
from cardiac.research.training.uncertainty_calibration import (
    PatientErrors,
    biplane_errors,
    conformal_scores,
    triage_bounds,
)
from cardiac.settings import ProcessSettings
from cardiac.uncertainty.calibration import BIPLANE, ConformalScores
from cardiac.uncertainty.weights import UncertaintyWeights

MIN_CASES = 20
"""Cases of a view from which on its intervals are refitted."""
MIN_FRAMES = 40
"""Frames with an expert's mask from which on the bounds of the triage are refitted."""
SHOWN = ("lv_ef_percent", "lv_edv_ml", "lv_esv_ml")


@dataclass(frozen=True, slots=True)
class CalibrationChange:
    """What a refit changed for one index of one view.

    Attributes:
        view, index: Which.
        cases: How many had both values.
        bias: By how much ours are above the reference: a fraction for sizes, points for changes.
        covered_before: Fraction of the cases that the intervals held before.
        covered_after: The same with the refitted ones, each case left out of its own.
        width_before, width_after: Mean width in the unit of the bias.
    """

    view: str
    index: str
    cases: int
    bias: float
    covered_before: float | None
    covered_after: float
    width_before: float | None
    width_after: float


def read_reference(path: Path) -> dict[str, dict[str, float]]:
    """Reference values by the id of a case: a CSV with ``id`` and columns named as indices.

    Raises:
        SettingsError: It cannot be read, lacks the id, has no index, or holds text for a number.
    """
    hint = f"It needs a column id and columns such as {', '.join(SHOWN)}."
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError("the reference cannot be read", path=path, hint=hint) from error
    names = [name for name in (rows[0] if rows else ()) if name in INDEX]
    if not names or "id" not in rows[0]:
        raise SettingsError("the reference has no id or no index", path=path, hint=hint)
    found: dict[str, dict[str, float]] = {}
    for line, row in enumerate(rows, start=2):
        try:
            values = {name: float(row[name]) for name in names if (row[name] or "").strip()}
        except ValueError as error:
            raise SettingsError(f"line {line} holds no number", path=path, hint=hint) from error
        found[row["id"]] = {k: v for k, v in values.items() if math.isfinite(v)}
    return found


def case_errors(
    items: Iterable[InputItem],
    reference: Mapping[str, Mapping[str, float]],
    models: Models,
    settings: ProcessSettings,
) -> Iterator[PatientErrors | CardiacError]:
    """Errors of the indices of cines, as ``cardiac process`` measures them.

    Args:
        items: The cines; those without reference values are passed over.
        reference: Of each id, the true values by index.
        models: The models.
        settings: How to process.

    Yields:
        The errors of a case, or why it could not be processed.
    """
    model = models.estimator(settings.uncertainty).calibration.error_model(
        str(settings.uncertainty.method)
    )
    for item in items:
        if item.id not in reference:
            continue
        try:
            study = process(read_item(item), models, settings)
        except CardiacError as error:
            yield error
            continue
        frames = [*study.indices.ed_frames, *study.indices.es_frames]
        if study.uncertainty is None or not frames:
            continue
        scale = float(model.scale(study.uncertainty.scores[frames]).mean())
        patient = item.patient or study.sequence.subject.id or item.id
        truth = Indices(values=dict(reference[item.id]), view=study.sequence.view)
        view = str(study.sequence.view)
        yield PatientErrors(patient, view, True, study.indices, truth, scale)


def refit(
    weights: UncertaintyWeights, errors: Sequence[PatientErrors], level: float = 0.9
) -> tuple[UncertaintyWeights, list[CalibrationChange], tuple[float, float] | None]:
    """Weights whose intervals and triage bounds are those of the given cases.

    Args:
        weights: As they were.
        errors: Of patients whom no network has learnt from.
        level: Fraction that the reported intervals are to hold.

    Returns:
        The weights, what changed by view and index, and the bounds of the triage (review,
        reject) if there were masks enough to refit them.

    Raises:
        SettingsError: No view has `MIN_CASES` cases.
    """
    known = weights.calibration
    everything = [*errors, *biplane_errors(errors)]
    fitted, changes = dict(known.conformal), list[CalibrationChange]()
    for view in dict.fromkeys(e.view for e in everything):
        mine = [e for e in everything if e.view == view]
        if len(mine) < MIN_CASES:
            continue
        scores = conformal_scores(mine)
        own = known.conformal.get(view, ConformalScores())
        old = own if own.patients or view == BIPLANE else known.of_view(view)
        fitted[view] = _merged(own, scores)
        for name in SHOWN:
            if name in scores.scores:
                changes.append(_change(mine, name, old, scores, level))
    if not changes:
        raise SettingsError(
            f"{len(errors)} cases are too few to calibrate with",
            hint=f"Give at least {MIN_CASES} of one view; known views are A4C and A2C.",
        )
    known = known.replace(conformal=fitted)
    dice = np.concatenate([np.zeros(0), *(e.dice for e in errors)])
    bounds = None
    if len(dice) >= MIN_FRAMES:
        bounds = triage_bounds(np.concatenate([e.scores for e in errors]), dice)
        known = known.replace(
            review={**known.review, "fused": bounds[0]}, reject={**known.reject, "fused": bounds[1]}
        )
    return replace(weights, calibration=known), changes, bounds


def _merged(old: ConformalScores, new: ConformalScores) -> ConformalScores:
    """Scores in which the new ones replace the old, index by index."""
    before, after = (None,) * len(old.patients), (None,) * len(new.patients)
    kept = {name: (*s, *after) for name, s in old.scores.items() if name not in new.scores}
    added = {name: (*before, *s) for name, s in new.scores.items()}
    bias = {name: b for name, b in old.bias.items() if name not in new.scores}
    patients = (*old.patients, *new.patients)
    return ConformalScores(patients, kept | added, bias | dict(new.bias))


def _change(
    errors: Sequence[PatientErrors],
    name: str,
    old: ConformalScores,
    new: ConformalScores,
    level: float,
) -> CalibrationChange:
    found = [(e.patient, x, e.scale) for e in errors if (x := e.error(name)) is not None]
    bias, before = new.bias.get(name, 0.0), old.half_width(name, level)
    held, widths = [], []
    for patient, error, scale in found:
        # A case must not help to calibrate its own interval.
        half = (new.half_width(name, level, (patient,)) or math.inf) * scale
        held.append(abs(error - bias) <= half)
        widths.append(2 * half)
    scales = np.array([scale for _, _, scale in found])
    off = np.abs([error - old.bias.get(name, 0.0) for _, error, _ in found])
    return CalibrationChange(
        errors[0].view,
        name,
        len(found),
        bias,
        None if before is None else float(np.mean(off <= before * scales)),
        float(np.mean(held)),
        None if before is None else float(2 * before * scales.mean()),
        float(np.mean(widths)),
    )
