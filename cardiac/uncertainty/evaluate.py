"""Every method held against the truth: on experts' stills and on cines that were made harder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cardiac.clinical import Indices, sequence_indices
from cardiac.geometry import Mask
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.evidence import Evidence
from cardiac.uncertainty.grid import labels_on_grid
from cardiac.uncertainty.intervals import Intervals, index_intervals
from cardiac.uncertainty.measures import Tally, mean_dice, overlap
from cardiac.uncertainty.result import foreground_scores
from cardiac.uncertainty.samples import beats_of, draw_beats

Array = npt.NDArray[np.float64]
NEAR = 8
"""Samples around prediction and truth whose pixels count: beyond, everything is easy."""
Segment = Callable[[EchoSequence], tuple[Segmentation, Mask]]
"""From a sequence to what the network says and the masks that are written."""


@dataclass(frozen=True, eq=False)
class Case:
    """One sequence with its truth.

    Attributes:
        name: Its name.
        group: What it is reported under.
        patient: Whose it is.
        sequence: What is read.
        truth: (T, H, W) true labels.
        true_values: True value of each index that has one.
    """

    name: str
    group: str
    patient: str
    sequence: EchoSequence
    truth: Mask
    true_values: dict[str, float]


@dataclass(eq=False)
class MethodRecord:
    """What one method said of the cases of one group.

    Attributes:
        scores, dice: Of the frames that were looked at.
        plain: Means of the maps over the whole predicted foreground, for comparison.
        case_scores, case_dice, ef_errors: Of the cases; the error is NaN where there is none.
        tally: Counts of the map's pixels against errors.
        overlaps: Dice between thresholded map and errors, of the frames.
        seconds, frames: What it cost.
    """

    scores: list[float] = field(default_factory=list)
    dice: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    case_scores: list[float] = field(default_factory=list)
    case_dice: list[float] = field(default_factory=list)
    ef_errors: list[float] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    overlaps: list[float] = field(default_factory=list)
    seconds: float = 0.0
    frames: int = 0


@dataclass(eq=False)
class Record:
    """Everything measured, by group and method.

    Attributes:
        methods: By (group, method).
        intervals: One row per case and index: value, low, high, truth.
        strange: One row per case: whether it was called out of bank.
        network_s, network_frames: Time of the network itself.
    """

    methods: dict[tuple[str, str], MethodRecord] = field(default_factory=dict)
    intervals: list[dict[str, Any]] = field(default_factory=list)
    strange: list[dict[str, Any]] = field(default_factory=list)
    network_s: float = 0.0
    network_frames: int = 0


def measure_cases(
    cases: Iterable[Case], segment: Segment, estimators: dict[str, Estimator], stride: int = 6
) -> Record:
    """Segment every case and let every method judge the masks.

    Args:
        cases: Sequences with their truth.
        segment: Network and what follows it, up to the written masks.
        estimators: By name of the method; the first one also makes the intervals.
        stride: Of a cine every so many frames are looked at, and ED and ES.
    """
    record = Record()
    for case in cases:
        started = time.perf_counter()
        segmentation, masks = segment(case.sequence)
        record.network_s += time.perf_counter() - started
        record.network_frames += len(case.sequence)
        indices = sequence_indices(case.sequence, masks)
        frames = _frames(len(case.sequence), indices, stride)
        evidence = _part(case.sequence, segmentation, masks, frames)
        truth = labels_on_grid(case.truth[frames], segmentation.grid, evidence.labels.shape[-1])
        for number, (name, estimator) in enumerate(estimators.items()):
            scores = _judge(
                record, case, name, estimator, evidence=evidence, truth=truth, indices=indices
            )
            if number == 0 and estimator.weights is not None:
                full = np.full(len(masks), np.nan)
                full[frames] = scores
                _intervals(
                    record, case, estimator, masks, segmentation, scores=full, indices=indices
                )
    return record


def _frames(count: int, indices: Indices, stride: int) -> npt.NDArray[np.intp]:
    chosen = {*range(0, count, stride), *indices.ed_frames, *indices.es_frames}
    return np.array(sorted(chosen) if count > 2 else range(count))


def _part(
    sequence: EchoSequence,
    segmentation: Segmentation,
    masks: Mask,
    frames: npt.NDArray[np.intp],
) -> Evidence:
    seen = replace(sequence, frames=sequence.frames[frames].copy(), times=None)
    labels = labels_on_grid(masks[frames], segmentation.grid, segmentation.logits.shape[-1])
    return Evidence(seen, labels, segmentation.logits[frames], segmentation.grid)


def _judge(
    record: Record,
    case: Case,
    name: str,
    estimator: Estimator,
    *,
    evidence: Evidence,
    truth: Mask,
    indices: Indices,
) -> Array:
    # Each method pays for what it looks at itself.
    fresh = Evidence(evidence.sequence, evidence.labels, evidence.logits, evidence.grid)
    started = time.perf_counter()
    found = estimator.judge(fresh)
    seconds = time.perf_counter() - started
    into = record.methods.setdefault((case.group, name), MethodRecord())
    into.seconds += seconds
    into.frames += len(evidence)
    dice = [mean_dice(a, b) for a, b in zip(evidence.labels, truth, strict=True)]
    into.scores += found.scores.tolist()
    into.dice += dice
    into.plain += foreground_scores(found.planes.astype(np.float32), evidence.labels).tolist()
    into.case_scores.append(found.score)
    into.case_dice.append(float(np.mean(dice)))
    ef, true = indices.lv_ef_percent, case.true_values.get("lv_ef_percent")
    into.ef_errors.append(float("nan") if ef is None or true is None else abs(ef - true))
    threshold = estimator.calibration.thresholds.get(name, 0.5) if estimator.weights else 0.5
    for plane, labels, expert in zip(found.planes, evidence.labels, truth, strict=True):
        wrong = labels != expert
        near = ndimage.binary_dilation((labels > 0) | (expert > 0), iterations=NEAR)
        into.tally.add(plane[near], wrong[near])
        value = overlap(plane, wrong, threshold)
        if value is not None:
            into.overlaps.append(value)
    if found.familiarity is not None and not any(r["case"] == case.name for r in record.strange):
        record.strange.append(
            {"case": case.name, "group": case.group, "out_of_bank": bool(found.out_of_bank)}
        )
    return found.scores


def _intervals(
    record: Record,
    case: Case,
    estimator: Estimator,
    masks: Mask,
    segmentation: Segmentation,
    *,
    scores: Array,
    indices: Indices,
) -> None:
    s, known = estimator.settings, estimator.calibration
    beats = draw_beats(
        masks, segmentation.grid, scores, beats_of(indices),
        model=estimator.shape, calibration=known, law=known.laws[str(s.method)],
        draws=s.draws, seed=s.seed,
    )  # fmt: skip
    # A patient's own error must not help to calibrate its interval.
    factors = known.factors(s.level, without=(case.patient,))
    found = index_intervals(indices, beats, factors, s.level, known.typical)
    record.intervals += interval_rows(case, indices, found)


def interval_rows(case: Case, indices: Indices, found: Intervals) -> list[dict[str, Any]]:
    """One row for every index with a true value: its value, its interval, and the truth."""
    rows = []
    for name, truth in case.true_values.items():
        low, high = found.bounds.get(name, (None, None))
        rows.append(
            {
                "case": case.name,
                "group": case.group,
                "patient": case.patient,
                "index": name,
                "value": getattr(indices, name),
                "low": low,
                "high": high,
                "truth": truth,
            }
        )
    return rows
