"""Calibration of the intervals: how far experts' values are from where ours let expect them.

Held-out patients are few, and the tail of a distribution is a matter of numbers: so the patients
that the network has learnt from count as well. It knows them better than others; by how much is
measured on the held-out ones, and their misses are enlarged by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cardiac.clinical import Indices, measure_indices
from cardiac.geometry import Mask
from cardiac.research.training.calibrate import evidence_of, judged, pairs_of
from cardiac.research.training.uncertainty_examples import Examples
from cardiac.segmentation.segmenter import labels_on_image
from cardiac.shape.arvae import ArVae
from cardiac.uncertainty.calibration import Calibration
from cardiac.uncertainty.intervals import (
    CHANGES,
    INTERVALS,
    RELATIVE,
    TAILS,
    deviations,
    half_width,
    index_intervals,
    lean_of,
)
from cardiac.uncertainty.samples import BeatDraws, draw_beats
from cardiac.uncertainty.settings import Method
from cardiac.uncertainty.weights import UncertaintyWeights

Array = npt.NDArray[np.float64]
_DRAWS = 100
_LEAST = 8
"""Patients that a trend is fitted to at the least."""


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """Our indices of one patient beside the expert's, and the draws around ours."""

    patient: str
    held: bool
    ours: Indices
    theirs: Indices
    beats: list[BeatDraws]

    def error(self, name: str) -> float | None:
        """Ours minus the expert's: a share of ours for sizes, points for changes."""
        value, truth = getattr(self.ours, name), getattr(self.theirs, name)
        if not value or truth is None:
            return None
        return float((value - truth) / (value if name in RELATIVE else 1.0))


def with_misses(
    weights: UncertaintyWeights,
    stills: Examples,
    names: Sequence[str],
    shape: ArVae,
    seed: int = 0,
) -> UncertaintyWeights:
    """Weights that also know how far experts' values are from ours, and on which side.

    Args:
        weights: Calibrated otherwise.
        stills: Answers for patients, held out and not; only the stills as they are count, ED
            and ES.
        names: Of the patients, by number.
        shape: The latent space.
        seed: Source of the draws.
    """
    plain = stills[np.flatnonzero(stills.variant == 0)]
    answers = _answers(weights, plain, names, shape, seed)
    known = weights.calibration.replace(
        typical=_typical(answer.beats for answer in answers), leans=_leans(answers), misses={}
    )
    found = {answer.patient: misses(answer, known) for answer in answers}
    gaps = _gaps(answers, found)
    table: dict[str, dict[str, float]] = {}
    for answer in answers:
        for name, miss in found[answer.patient].items():
            enlarged = miss if answer.held else miss * gaps[name]
            table.setdefault(name, {})[answer.patient] = round(enlarged, 4)
    return replace(weights, calibration=known.replace(misses=table))


def _answers(
    weights: UncertaintyWeights, plain: Examples, names: Sequence[str], shape: ArVae, seed: int
) -> list[Answer]:
    evidence = evidence_of(plain)
    found = judged(weights, evidence, [Method.FUSED], shape)["fused"]
    known = weights.calibration
    answers = []
    for pair in pairs_of(plain):
        masks = labels_on_image(plain.logits[pair].astype(np.float32), evidence.grid)
        truth = np.repeat(np.repeat(plain.truth[pair], 2, axis=1), 2, axis=2)
        beats = draw_beats(
            masks, found.grid, found.scores[pair], [(0, 1)],
            model=shape, calibration=known, law=known.laws["fused"], draws=_DRAWS, seed=seed,
        )  # fmt: skip
        name, held = names[plain.patient[pair[0]]], bool(plain.held[pair[0]])
        answers.append(Answer(name, held, _indices(masks), _indices(truth), beats))
    return answers


def _indices(masks: Mask) -> Indices:
    return measure_indices(masks, (1.0, 1.0), ed_frames=(0,), es_frames=(1,))


def _typical(drawn: Iterable[Sequence[BeatDraws]]) -> dict[str, float]:
    """Median half width of the draws of each index, at the scale of an ordinary frame."""
    halves: dict[str, list[float]] = {}
    for beats in drawn:
        for name, sample in deviations(beats).items():
            half = half_width(sample) / float(np.mean([beat.scale for beat in beats]))
            halves.setdefault(name, []).append(half)
    return {name: float(np.median(values)) for name, values in halves.items()}


def _leans(answers: Sequence[Answer]) -> dict[str, tuple[float, float]]:
    """Mean error of each index: for changes along their value, for sizes as one share.

    High ejection fractions are measured too high and low ones too low, as by any method that
    errs. Sizes are in pixels here: their error has no trend that would hold in millimetres.
    """
    leans = {}
    for name in INTERVALS:
        pairs = [(getattr(a.ours, name), a.error(name)) for a in answers]
        found = np.array([pair for pair in pairs if pair[1] is not None], dtype=float)
        if len(found) < _LEAST:
            continue
        values, errors = found.T
        slope = 0.0
        if name in CHANGES:
            # One absurd value must not turn the line.
            kept = np.abs(errors - np.median(errors)) <= 5 * np.median(np.abs(errors)) + 1e-9
            slope = float(np.polyfit(values[kept], errors[kept], 1)[0])
        leans[name] = (float(np.median(errors - slope * values)), slope)
    return leans


def misses(answer: Answer, calibration: Calibration) -> dict[str, float]:
    """Distance of an expert's value from where it was to be expected, in units of the draws."""
    bare = Calibration(typical=calibration.typical)
    result = {}
    for name, sample in index_intervals(answer.ours, answer.beats, bare).samples.items():
        error = answer.error(name)
        if error is None:
            continue
        off = lean_of(name, getattr(answer.ours, name), calibration) - error
        low, high = np.quantile(sample[np.isfinite(sample)], TAILS)
        result[name] = abs(off) / max(high if off > 0 else -low, 1e-9)
    return result


def _gaps(answers: Sequence[Answer], found: Mapping[str, dict[str, float]]) -> dict[str, float]:
    """How much farther off held-out patients are than others; never less than 1.

    One factor for all sizes and one for all changes: twenty patients tell no more.
    """
    gaps = {}
    for kind in (RELATIVE, CHANGES):
        ratios = []
        for name in kind:
            seen, held = (
                [
                    found[a.patient][name]
                    for a in answers
                    if a.held == out and name in found[a.patient]
                ]
                for out in (False, True)
            )
            if seen and held and np.mean(seen) > 0 and np.mean(held) > 0:
                ratios.append(float(np.log(np.mean(held) / np.mean(seen))))
        gap = max(1.0, float(np.exp(np.mean(ratios)))) if ratios else 1.0
        gaps.update(dict.fromkeys(kind, gap))
    return gaps
