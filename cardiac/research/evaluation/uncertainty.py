"""Every method held against the truth: on experts' stills and on cines that were made harder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cardiac.clinical import Indices, sequence_indices
from cardiac.geometry import Mask
from cardiac.research.evaluation.uncertainty_measures import Tally, mean_dice, overlap
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.evidence import Evidence
from cardiac.uncertainty.intervals import Intervals, index_intervals
from cardiac.uncertainty.result import foreground_scores
from cardiac.uncertainty.samples import beats_of, draw_beats

Array = npt.NDArray[np.float64]
Row = dict[str, Any]
"""Plain numbers, lists and texts: what a file can keep."""
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


@dataclass(frozen=True, eq=False)
class Look:
    """A case after the network: what every method gets to judge.

    Attributes:
        case: The case.
        segmentation: What the network said.
        masks: (T, H, W) written labels.
        indices: Measured on them.
        frames: Which frames are looked at.
        evidence: Of these frames.
        truth: Their true labels on the canonical grid.
        seconds: What the network took, by frame.
    """

    case: Case
    segmentation: Segmentation
    masks: Mask
    indices: Indices
    frames: npt.NDArray[np.intp]
    evidence: Evidence
    truth: Mask
    seconds: float

    @classmethod
    def at(cls, case: Case, segment: Segment, stride: int = 6) -> Look:
        """Segment a case.

        Args:
            case: What to look at.
            segment: Network and what follows it, up to the written masks.
            stride: Of a cine every so many frames are looked at, and ED and ES.
        """
        started = time.perf_counter()
        segmentation, masks = segment(case.sequence)
        seconds = (time.perf_counter() - started) / len(masks)
        indices = sequence_indices(case.sequence, masks)
        frames = _frames(len(masks), indices, stride)
        evidence = _part(case.sequence, segmentation, masks, frames)
        truth = segmentation.grid.nearest_labels(case.truth[frames], evidence.labels.shape[-1])
        return cls(case, segmentation, masks, indices, frames, evidence, truth, seconds)


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
    labels = segmentation.grid.nearest_labels(masks[frames], segmentation.logits.shape[-1])
    return Evidence(seen, labels, segmentation.logits[frames], segmentation.grid)


def judge_case(look: Look, name: str, estimator: Estimator) -> Row:
    """What one method says of a case, beside the truth."""
    # Each method pays for what it looks at itself.
    e = look.evidence
    fresh = Evidence(e.sequence, e.labels, e.logits, e.grid)
    started = time.perf_counter()
    found = estimator.judge(fresh)
    seconds = time.perf_counter() - started
    threshold = estimator.calibration.thresholds.get(name, 0.5) if estimator.weights else 0.5
    tally, overlaps = _pixels(found.planes, e.labels, look.truth, threshold)
    dice = [mean_dice(a, b) for a, b in zip(e.labels, look.truth, strict=True)]
    plain = foreground_scores(found.planes.astype(np.float32), e.labels)
    return _head(look) | {
        "method": name,
        "scores": found.scores.tolist(),
        "dice": dice,
        "plain": plain.tolist(),
        "ef_error": _ef_error(look),
        "tally": tally.numbers(),
        "overlaps": overlaps,
        "seconds": seconds,
        "network_s": look.seconds * len(look.frames),
        "out_of_bank": found.out_of_bank,
    }


def interval_case(look: Look, estimator: Estimator) -> Row:
    """The intervals of a case's indices beside the truth, by the estimator's method."""
    found = _intervals(look, estimator, estimator.judge(look.evidence).scores)
    return _head(look) | {"intervals": interval_rows(look, found)}


def _head(look: Look) -> Row:
    return {"case": look.case.name, "group": look.case.group, "patient": look.case.patient}


def _ef_error(look: Look) -> float | None:
    ef, true = look.indices.lv_ef_percent, look.case.true_values.get("lv_ef_percent")
    return None if ef is None or true is None else abs(ef - true)


def _pixels(
    planes: npt.NDArray[np.float16], labels: Mask, truth: Mask, threshold: float
) -> tuple[Tally, list[float]]:
    """Counts of the pixels near the heart, and the Dice of errors and thresholded map by frame."""
    tally, overlaps = Tally(), []
    for plane, ours, theirs in zip(planes, labels, truth, strict=True):
        wrong = ours != theirs
        near = ndimage.binary_dilation((ours > 0) | (theirs > 0), iterations=NEAR)
        tally.add(plane[near], wrong[near])
        value = overlap(plane, wrong, threshold)
        if value is not None:
            overlaps.append(value)
    return tally, overlaps


def _intervals(look: Look, estimator: Estimator, scores: Array) -> Intervals:
    s, known = estimator.settings, estimator.calibration
    full = np.full(len(look.masks), np.nan)
    full[look.frames] = scores
    beats = draw_beats(
        look.masks, look.segmentation.grid, full, beats_of(look.indices),
        model=estimator.shape, calibration=known, law=known.laws[str(s.method)],
        draws=s.draws, seed=s.seed,
    )  # fmt: skip
    # A patient's own error must not help to calibrate its interval.
    return index_intervals(look.indices, beats, known, s.level, without=(look.case.patient,))


def interval_rows(look: Look, found: Intervals) -> list[Row]:
    """One row for every index with a true value: its value, its interval, and the truth."""
    rows = []
    for name, truth in look.case.true_values.items():
        low, high = found.bounds.get(name, (None, None))
        value = getattr(look.indices, name)
        rows.append({"index": name, "value": value, "low": low, "high": high, "truth": truth})
    return rows


def judge_all(
    case: Case, segment: Segment, estimators: Mapping[str, Estimator], stride: int = 6
) -> list[Row]:
    """Every method's row of one case, and the intervals by the first method."""
    look = Look.at(case, segment, stride)
    rows = [judge_case(look, name, estimator) for name, estimator in estimators.items()]
    return [*rows, interval_case(look, next(iter(estimators.values())))]
