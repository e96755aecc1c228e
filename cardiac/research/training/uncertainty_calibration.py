"""Calibration of the uncertainty on patients held out: probabilities, bounds, conformal scores.

Held-out patients are few, and the tail of a distribution is a matter of numbers: so for the
intervals the patients that the network has learnt from count as well. It knows them better than
others; by how much is measured on the held-out ones, and their scores are enlarged by that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from cardiac.anatomy import measure
from cardiac.clinical import Indices, combine_views, measure_indices
from cardiac.correction import remove_debris
from cardiac.errors import InvalidPixelsError
from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask
from cardiac.research.data import VIEWS, LabelledStill
from cardiac.research.evaluation.uncertainty_measures import mean_dice, overlap
from cardiac.research.training.uncertainty_examples import Examples
from cardiac.segmentation.segmenter import Segmenter
from cardiac.sequence import EchoSequence, View
from cardiac.shape.arvae import ArVae
from cardiac.types import Array
from cardiac.uncertainty.calibration import BIPLANE, Calibration, ConformalScores, ErrorModel
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.intervals import BIPLANE_INDICES, INTERVALS, SIZES
from cardiac.uncertainty.method_input import MethodInput
from cardiac.uncertainty.result import Uncertainty
from cardiac.uncertainty.settings import MethodName, UncertaintySettings
from cardiac.uncertainty.weights import UncertaintyWeights

ASKING = (MethodName.AUGMENTATION, MethodName.DROPOUT)
"""Methods that ask the network again: calibrated on ordinary stills and one harder variant."""
REVIEW_BELOW, REJECT_BELOW = 0.90, 0.80
"""Dice that is expected at the scores that ask for a review, and that reject."""
FLAGGED = 0.005
"""Fraction of ordinary held-out frames that either bound may call out of distribution."""
MAX_OOD_SCORES = (0.3, 0.8)
"""Between which the bound of the OOD score lies: noise and photographs are above .85."""
CLEAR_BIAS = 2.0
"""Standard errors from which on a bias is corrected."""
MIN_PATIENTS = 8
"""Patients that a bias or a generalisation gap is told from at the least."""


@dataclass(frozen=True, eq=False, slots=True)
class PatientErrors:
    """Our indices of one patient and view beside the expert's.

    Attributes:
        patient: Whose they are.
        view: The view, or "biplane".
        held: Whether no network has learnt from the patient.
        ours, theirs: Indices of the written masks and the expert's.
        scale: Mean scale of the error model over the measured frames.
        scores, dice: (n,) of frames with an expert's mask; none where only values are known.
    """

    patient: str
    view: str
    held: bool
    ours: Indices
    theirs: Indices
    scale: float
    scores: Array = field(default_factory=lambda: np.zeros(0))
    dice: Array = field(default_factory=lambda: np.zeros(0))

    def error(self, name: str) -> float | None:
        """Ours minus the expert's: a fraction of ours for sizes, points for changes."""
        value, truth = self.ours.values.get(name), self.theirs.values.get(name)
        if value is None or truth is None or (name in SIZES and value <= 0):
            return None
        return float((value - truth) / (value if name in SIZES else 1.0))


def input_of(examples: Examples) -> MethodInput:
    """Examples as the frames of one sequence on the canonical grid."""
    size = CANONICAL_SIZE
    grid = CanonicalGrid.fit((size, size))
    sequence = None if examples.whole is None else EchoSequence(examples.whole)
    labels = examples.labels_of(np.arange(len(examples)))
    x = MethodInput(sequence, labels, examples.logits, grid)
    # Where only the half is kept there is nothing to bring onto the grid.
    x.__dict__["images"] = examples.images
    return x


def calibrate(
    weights: UncertaintyWeights,
    held: Examples,
    shape: ArVae,
    *,
    ordinary: int,
    segmenter: Segmenter | None = None,
) -> UncertaintyWeights:
    """Weights with everything that is fitted on held-out patients: all but the intervals.

    Args:
        weights: As they were trained.
        held: Examples of patients that no network was trained on.
        shape: The latent space.
        ordinary: Variants below this number are ordinary images, not made harder.
        segmenter: For the methods that ask the network again; without it they are left out.
    """
    x = input_of(held)
    weights = replace(weights, calibration=Calibration())
    raw = Estimator(weights=weights, fast=False).judge(x)
    slope, offset = _platt(raw.planes, x.labels != held.truth)
    assert raw.ood is not None
    usual = held.variant < ordinary
    bound = float(np.quantile(raw.ood.score[usual], 1 - FLAGGED))
    base = Calibration(
        slope=slope,
        offset=offset,
        max_ood_score=float(np.clip(bound, *MAX_OOD_SCORES)),
        min_cosine=float(np.quantile(raw.ood.cosine[usual], FLAGGED)) - 0.02,
    )
    weights = replace(weights, calibration=base)
    found = judged(weights, x, [m for m in MethodName if m not in ASKING], shape)
    rows = {name: np.arange(len(held)) for name in found}
    if segmenter is not None:
        few = np.flatnonzero((held.variant == 0) | (held.variant == ordinary))
        more = judged(weights, input_of(held[few]), ASKING, shape, segmenter)
        found, rows = found | more, rows | dict.fromkeys(more, few)
    base = _bounds(base, found, rows, x.labels, held.truth)
    models = error_models(found, rows, held, x.labels)
    return replace(weights, calibration=base.replace(error_models=models))


def judged(
    weights: UncertaintyWeights,
    x: MethodInput,
    methods: Sequence[MethodName],
    shape: ArVae,
    segmenter: Segmenter | None = None,
) -> dict[str, Uncertainty]:
    """Every method's uncertainty of the same input."""
    return {
        str(method): Estimator(
            UncertaintySettings(method=method), weights, segmenter, shape, fast=False
        ).judge(x)
        for method in methods
    }


def _platt(planes: npt.NDArray[np.float16], wrong: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset on the log odds that make probabilities most likely (Platt 1999)."""
    p = np.clip(planes[:, ::2, ::2].astype(float).ravel(), 1e-4, 1 - 1e-4)
    y = wrong[:, ::2, ::2].ravel()
    odds = np.log(p / (1 - p))

    def loss(x: Array) -> float:
        z = x[0] * odds + x[1]
        return float(np.mean(np.logaddexp(0, z) - y * z))

    best = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead", options={"maxiter": 80})
    return float(best.x[0]), float(best.x[1])


def _bounds(
    base: Calibration,
    found: Mapping[str, Uncertainty],
    rows: Mapping[str, npt.NDArray[np.intp]],
    labels: Mask,
    truth: Mask,
) -> Calibration:
    """Scores at which a Dice of `REVIEW_BELOW` and `REJECT_BELOW` is to be expected, and the
    threshold of each map that finds the errors best."""
    dice = np.array([mean_dice(a, b) for a, b in zip(labels, truth, strict=True)])
    review: dict[str, float] = {}
    reject: dict[str, float] = {}
    thresholds: dict[str, float] = {}
    for name, uncertainty in found.items():
        mine = rows[name]
        review[name], reject[name] = triage_bounds(uncertainty.scores, dice[mine])
        wrong = labels[mine] != truth[mine]
        tried = np.arange(0.05, 1, 0.05)
        kept = [overlap(uncertainty.planes, wrong, t) or 0.0 for t in tried]
        thresholds[name] = float(tried[int(np.argmax(kept))])
    return base.replace(review=review, reject=reject, thresholds=thresholds)


def triage_bounds(scores: Array, dice: Array) -> tuple[float, float]:
    """Scores at which a Dice of `REVIEW_BELOW` and of `REJECT_BELOW` is to be expected.

    Args:
        scores, dice: (N,) of frames of patients held out.
    """
    slope, offset = np.polyfit(scores, 1 - dice, 1)
    bounds = []
    for least in (REVIEW_BELOW, REJECT_BELOW):
        score = (1 - least - offset) / slope if slope > 0 else np.inf
        bounds.append(float(np.clip(score, np.median(scores), 0.999)))
    return bounds[0], bounds[1]


def error_models(
    found: Mapping[str, Uncertainty],
    rows: Mapping[str, npt.NDArray[np.intp]],
    held: Examples,
    labels: Mask,
) -> dict[str, ErrorModel]:
    """How the errors of the attributes grow with each method's score."""
    error = measure(labels).values - measure(held.truth).values
    usable = np.asarray(np.isfinite(error).all(axis=1))
    spread = np.sqrt(np.nanmedian(error[usable] ** 2, axis=0)) + 1e-9
    # A mask that lost its heart counts as far off, and no farther.
    size = np.sqrt(np.mean(np.minimum((error / spread) ** 2, 100.0), axis=1))
    models = {}
    for name, uncertainty in found.items():
        mine = usable[rows[name]]
        scores = np.maximum(uncertainty.scores[mine], 1e-6)
        plain = held.variant[rows[name]] == 0
        reference = float(np.median(uncertainty.scores[plain]))
        off = np.log(np.maximum(size[rows[name]][mine], 1e-3))
        power = float(np.polyfit(np.log(scores / reference), off, 1)[0])
        models[name] = ErrorModel(reference, float(np.clip(power, 0.0, 1.5)))
    return models


def with_conformal_scores(
    weights: UncertaintyWeights, patients: Iterable[PatientErrors]
) -> UncertaintyWeights:
    """Weights whose intervals are calibrated on the errors of patients, by view."""
    patients = list(patients)
    errors = [*patients, *biplane_errors(patients)]
    gap = generalisation_gap(errors)
    found = {
        view: conformal_scores([e for e in errors if e.view == view], gap)
        for view in dict.fromkeys(e.view for e in errors)
    }
    return replace(weights, calibration=weights.calibration.replace(conformal=found))


def biplane_errors(patients: Sequence[PatientErrors]) -> Iterator[PatientErrors]:
    """Errors of the biplane indices of every patient with both views."""
    four = {e.patient: e for e in patients if e.view == View.A4C}
    two = {e.patient: e for e in patients if e.view == View.A2C}
    for patient in four.keys() & two.keys():
        a, b = four[patient], two[patient]
        ours, theirs = combine_views(a.ours, b.ours), combine_views(a.theirs, b.theirs)
        yield PatientErrors(
            patient, BIPLANE, a.held and b.held, ours, theirs, (a.scale + b.scale) / 2
        )


def still_errors(
    stills: Iterable[LabelledStill],
    held: Collection[str],
    segmenter: Segmenter,
    estimator: Estimator,
) -> Iterator[PatientErrors]:
    """Errors of the indices of patients with an expert's masks at ED and ES, view by view.

    Args:
        stills: Those of a patient and view follow each other, ED first.
        held: Patients whom no network has learnt from.
        segmenter: The network; its masks are rid of islands, as they are written.
        estimator: Of the default method, calibrated but for the intervals.
    """
    model = estimator.calibration.error_model(str(estimator.settings.method))
    for (patient, view), group in groupby(stills, lambda still: (still.patient, still.view)):
        pair = list(group)
        if len(pair) != 2 or pair[0].image.shape != pair[1].image.shape:
            continue
        images = np.stack([still.image for still in pair])
        sequence = EchoSequence(images, pair[0].spacing, ed_frames=(0,), es_frames=(1,))
        try:
            found = segmenter.segment(sequence)
        except InvalidPixelsError:
            continue
        masks = remove_debris(found.masks, copy=False)
        scores = estimator.estimate(sequence, found, masks).scores
        truth = np.stack([still.mask for still in pair])
        ours, theirs = (
            measure_indices(m, pair[0].spacing, ed_frames=(0,), es_frames=(1,))
            for m in (masks, truth)
        )
        scale = float(model.scale(scores).mean())
        dice = np.array([mean_dice(a, b) for a, b in zip(masks, truth, strict=True)])
        yield PatientErrors(
            patient, VIEWS[view], patient in held, ours, theirs, scale, scores, dice
        )


def conformal_scores(errors: Sequence[PatientErrors], gap: float = 1.0) -> ConformalScores:
    """Nonconformity scores of one view, and the bias of its indices.

    Args:
        errors: Of patients with this view.
        gap: Factor for patients that the network has learnt from.
    """
    errors = sorted(errors, key=lambda e: e.patient)
    names = BIPLANE_INDICES if errors and errors[0].view == BIPLANE else INTERVALS
    scores: dict[str, tuple[float | None, ...]] = {}
    bias: dict[str, float] = {}
    for name in names:
        found = [e.error(name) for e in errors]
        if all(error is None for error in found):
            continue
        clear = bias_of([x for x, e in zip(found, errors, strict=True) if e.held and x is not None])
        if clear:
            bias[name] = clear
        scores[name] = tuple(
            None if x is None else round(abs(x - clear) / e.scale * (1.0 if e.held else gap), 5)
            for x, e in zip(found, errors, strict=True)
        )
    return ConformalScores(tuple(e.patient for e in errors), scores, bias)


def bias_of(errors: Sequence[float]) -> float:
    """Median of errors where it is clearly not 0, otherwise 0.

    Clear is a median of more than `CLEAR_BIAS` of its standard errors: a correction by a bias
    that is not there would cost more than it gives.
    """
    if len(errors) < MIN_PATIENTS:
        return 0.0
    values = np.asarray(errors)
    median = float(np.median(values))
    deviation = 1.4826 * float(np.median(np.abs(values - median)))
    standard_error = 1.2533 * deviation / np.sqrt(len(values))
    return median if abs(median) > CLEAR_BIAS * standard_error else 0.0


def generalisation_gap(errors: Sequence[PatientErrors]) -> float:
    """How much farther off held-out patients are than others; never less than 1.

    One factor for all indices and views: a few held-out patients tell no more.
    """
    ratios = []
    for view in dict.fromkeys(e.view for e in errors):
        for name in INTERVALS:
            mean = {}
            for held in (False, True):
                found = [
                    abs(x) / e.scale
                    for e in errors
                    if e.view == view and e.held == held and (x := e.error(name)) is not None
                ]
                if len(found) >= MIN_PATIENTS:
                    mean[held] = float(np.mean(found))
            if len(mean) == 2 and min(mean.values()) > 0:
                ratios.append(np.log(mean[True] / mean[False]))
    return max(1.0, float(np.exp(np.mean(ratios)))) if ratios else 1.0
