"""Calibration on held-out patients: probabilities, bounds, and the law of errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask
from cardiac.research.evaluation.uncertainty_measures import mean_dice, overlap
from cardiac.research.training.uncertainty_examples import Examples
from cardiac.segmentation.segmenter import Segmenter
from cardiac.sequence import EchoSequence
from cardiac.shape.arvae import ArVae
from cardiac.uncertainty.calibration import Calibration, ErrorLaw
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.evidence import Evidence
from cardiac.uncertainty.result import Uncertainty
from cardiac.uncertainty.settings import Method, UncertaintySettings
from cardiac.uncertainty.weights import UncertaintyWeights

ASKING = (Method.AUGMENTATION, Method.DROPOUT)
"""Methods that ask the network again: calibrated on ordinary stills and one harder variant."""
REVIEW_BELOW, REJECT_BELOW = 0.90, 0.80
"""Dice that is expected at the scores that ask for a review, and that reject."""
FLAGGED = 0.005
"""Share of ordinary held-out frames that may be called strange by either bound."""
STRANGEST = (0.3, 0.5)
"""Bounds of the strangeness above which a frame is out of the bank."""
SHRINKAGE = 0.1
Array = npt.NDArray[np.float64]


def evidence_of(examples: Examples) -> Evidence:
    """Examples as the frames of one sequence on the canonical grid."""
    size = CANONICAL_SIZE
    sequence = EchoSequence(examples.whole)
    grid = CanonicalGrid.fit((size, size))
    return Evidence(sequence, examples.labels_of(np.arange(len(examples))), examples.logits, grid)


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
    evidence = evidence_of(held)
    base = Calibration()
    weights = replace(weights, calibration=base)
    raw = Estimator(weights=weights, fast=False).judge(evidence)
    slope, offset = _platt(raw.planes, evidence.labels != held.truth)
    assert raw.familiarity is not None
    usual = held.variant < ordinary
    strangest = float(np.quantile(raw.familiarity.strangeness[usual], 1 - FLAGGED))
    base = base.replace(
        slope=slope,
        offset=offset,
        strangest=float(np.clip(strangest, *STRANGEST)),
        least_cosine=float(np.quantile(raw.familiarity.cosine[usual], FLAGGED)) - 0.02,
    )
    weights = replace(weights, calibration=base)
    found = judged(weights, evidence, [m for m in Method if m not in ASKING], shape)
    rows = {name: np.arange(len(held)) for name in found}
    if segmenter is not None:
        few = np.flatnonzero((held.variant == 0) | (held.variant == ordinary))
        more = judged(weights, evidence_of(held[few]), ASKING, shape, segmenter)
        found, rows = found | more, rows | dict.fromkeys(more, few)
    base = _bounds(base, found, rows, evidence.labels, held.truth)
    base = _errors(base, found, rows, held, shape)
    return replace(weights, calibration=base)


def judged(
    weights: UncertaintyWeights,
    evidence: Evidence,
    methods: Sequence[Method],
    shape: ArVae,
    segmenter: Segmenter | None = None,
) -> dict[str, Uncertainty]:
    """Every method's uncertainty of the same evidence."""
    return {
        str(method): Estimator(
            UncertaintySettings(method=method), weights, segmenter, shape, fast=False
        ).judge(evidence)
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
    found: dict[str, Uncertainty],
    rows: dict[str, npt.NDArray[np.intp]],
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
        slope, offset = np.polyfit(uncertainty.scores, 1 - dice[mine], 1)
        for bound, into in ((REVIEW_BELOW, review), (REJECT_BELOW, reject)):
            score = (1 - bound - offset) / slope if slope > 0 else np.inf
            into[name] = float(np.clip(score, np.median(uncertainty.scores), 0.999))
        wrong = labels[mine] != truth[mine]
        tried = np.arange(0.05, 1, 0.05)
        kept = [overlap(uncertainty.planes, wrong, t) or 0.0 for t in tried]
        thresholds[name] = float(tried[int(np.argmax(kept))])
    return base.replace(review=review, reject=reject, thresholds=thresholds)


def _errors(
    base: Calibration,
    found: dict[str, Uncertainty],
    rows: dict[str, npt.NDArray[np.intp]],
    held: Examples,
    shape: ArVae,
) -> Calibration:
    """Law, covariance and coupling of the errors of the network's masks in the latent space."""
    labels = held.labels_of(np.arange(len(held)))
    ours, theirs = shape.encode(labels), shape.encode(held.truth)
    usable = ours.found & theirs.found
    error = ours.mean - theirs.mean
    spread = np.sqrt(np.nanmedian(error[usable] ** 2, axis=0))
    # What moves an outline: the seven attributes. A code that lost its heart counts as far off.
    size = np.sqrt(np.mean(np.minimum((error / spread)[:, :7] ** 2, 100.0), axis=1))
    laws = {}
    for name, uncertainty in found.items():
        mine = usable[rows[name]]
        scores = np.maximum(uncertainty.scores[mine], 1e-6)
        # Ordinary stills are at one: their intervals are stretched to fit.
        plain = held.variant[rows[name]] == 0
        reference = float(np.median(uncertainty.scores[plain]))
        off = np.log(np.maximum(size[rows[name]][mine], 1e-3))
        power = float(np.polyfit(np.log(scores / reference), off, 1)[0])
        laws[name] = ErrorLaw(reference, float(np.clip(power, 0.0, 1.5)))
    scale = laws["fused"].scale(found["fused"].scores)
    unit = np.clip(error / scale[:, None], -8 * spread, 8 * spread)
    square = unit[usable].T @ unit[usable] / usable.sum()
    square = (1 - SHRINKAGE) * square + SHRINKAGE * np.diag(np.diag(square))
    factor = np.linalg.cholesky(square + 1e-9 * np.eye(len(square)))
    unit[~usable] = np.nan
    return base.replace(laws=laws, error_factor=factor, coupling=_coupling(unit, held))


def _coupling(unit: Array, held: Examples) -> float:
    """Correlation between the errors at ED and at ES of one patient, mean over the dimensions."""
    pairs = pairs_of(held)
    first, second = unit[pairs[:, 0]], unit[pairs[:, 1]]
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    first, second = first[known], second[known]
    both = (first * second).mean(axis=0)
    each = np.sqrt((first**2).mean(axis=0) * (second**2).mean(axis=0))
    # The seven attributes are what the indices depend on.
    return float(np.clip((both / np.maximum(each, 1e-9))[:7].mean(), 0, 0.95))


def pairs_of(held: Examples) -> npt.NDArray[np.intp]:
    """(n, 2) ED and ES of one patient in one variant."""
    rows: dict[tuple[int, int], list[int]] = {}
    for index, key in enumerate(zip(held.patient.tolist(), held.variant.tolist(), strict=True)):
        rows.setdefault(key, []).append(index)
    return np.array([pair for pair in rows.values() if len(pair) == 2])
