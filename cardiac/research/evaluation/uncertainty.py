"""Evaluation of uncertainty: every method on experts' stills and on cines made harder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cardiac.clinical import Indices, combine_views, sequence_indices
from cardiac.geometry import Mask
from cardiac.research.evaluation.uncertainty_measures import (
    CalibrationHistogram,
    mean_dice,
    overlap,
)
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence
from cardiac.types import Array, Data
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.intervals import Intervals, combined_intervals, index_intervals
from cardiac.uncertainty.method_input import MethodInput
from cardiac.uncertainty.result import foreground_scores

BIPLANE_GROUP = "stills biplane"
INDICES = (
    "lv_ef_percent", "lv_edv_ml", "lv_esv_ml", "lv_area_ed_cm2", "lv_area_es_cm2",
    "lv_length_ed_mm", "lv_length_es_mm", "la_area_es_cm2", "myo_area_ed_cm2",
)  # fmt: skip
"""Indices whose intervals are held against the truth."""
NEAR = 8
"""Samples around prediction and truth whose pixels count: beyond, everything is easy."""
Segment = Callable[[EchoSequence], tuple[Segmentation, Mask]]
"""From a sequence to what the network says and the masks that are written."""


@dataclass(frozen=True, eq=False)
class EvaluationCase:
    """One sequence with its truth.

    Attributes:
        name: Its name.
        group: What it is reported under.
        patient: Whose it is.
        sequence: What is read.
        truth: (T, H, W) true labels.
        true_indices: Measured on them, at the true ED and ES.
        true_values: True value of each of `INDICES` that has one.
    """

    name: str
    group: str
    patient: str
    sequence: EchoSequence
    truth: Mask
    true_indices: Indices
    true_values: dict[str, float]


@dataclass(frozen=True, eq=False)
class SegmentedCase:
    """A case after the network: what every method is asked about.

    Attributes:
        case: The case.
        segmentation: What the network said.
        masks: (T, H, W) written labels.
        indices: Measured on them.
        frames: Which frames are looked at.
        x: Method input of these frames.
        truth: Their true labels on the canonical grid.
        seconds: What the network took, by frame.
    """

    case: EvaluationCase
    segmentation: Segmentation
    masks: Mask
    indices: Indices
    frames: npt.NDArray[np.intp]
    x: MethodInput
    truth: Mask
    seconds: float

    @classmethod
    def of(cls, case: EvaluationCase, segment: Segment, stride: int = 6) -> SegmentedCase:
        """Segment a case.

        Args:
            case: What to segment.
            segment: Network and what follows it, up to the written masks.
            stride: Of a cine every so many frames are looked at, and ED and ES.
        """
        started = time.perf_counter()
        segmentation, masks = segment(case.sequence)
        seconds = (time.perf_counter() - started) / len(masks)
        indices = sequence_indices(case.sequence, masks)
        frames = _frames(len(masks), indices, stride)
        x = _part(case.sequence, segmentation, masks, frames)
        truth = segmentation.grid.nearest_labels(case.truth[frames], x.labels.shape[-1])
        return cls(case, segmentation, masks, indices, frames, x, truth, seconds)


def _frames(count: int, indices: Indices, stride: int) -> npt.NDArray[np.intp]:
    chosen = {*range(0, count, stride), *indices.ed_frames, *indices.es_frames}
    return np.array(sorted(chosen) if count > 2 else range(count))


def _part(
    sequence: EchoSequence,
    segmentation: Segmentation,
    masks: Mask,
    frames: npt.NDArray[np.intp],
) -> MethodInput:
    seen = replace(sequence, frames=sequence.frames[frames].copy(), times=None)
    labels = segmentation.grid.nearest_labels(masks[frames], segmentation.logits.shape[-1])
    logits = segmentation.logits[frames]
    return MethodInput(seen, labels, logits, segmentation.grid, segmentation.levels)


def method_row(segmented: SegmentedCase, name: str, estimator: Estimator) -> Data:
    """What one method says of a case, beside the truth."""
    # Each method pays for what it looks at itself: a copy has computed nothing yet.
    x = replace(segmented.x)
    started = time.perf_counter()
    found = estimator.judge(x)
    seconds = time.perf_counter() - started
    threshold = estimator.calibration.thresholds.get(name, 0.5) if estimator.weights else 0.5
    histogram, overlaps = _pixels(found.planes, x.labels, segmented.truth, threshold)
    dice = [mean_dice(a, b) for a, b in zip(x.labels, segmented.truth, strict=True)]
    plain = foreground_scores(found.planes.astype(np.float32), x.labels)
    return _head(segmented.case) | {
        "method": name,
        "scores": found.scores.tolist(),
        "dice": dice,
        "plain": plain.tolist(),
        "ef_error": _ef_error(segmented),
        "histogram": histogram.numbers(),
        "overlaps": overlaps,
        "seconds": seconds,
        "network_s": segmented.seconds * len(segmented.frames),
        "out_of_distribution": found.out_of_distribution,
    }


def interval_rows(views: Sequence[SegmentedCase], estimator: Estimator) -> list[Data]:
    """The intervals of each case's indices beside the truth, by the estimator's method.

    Args:
        views: One case, or a patient's two views, four-chamber first, which give a biplane
            row as well.
        estimator: With trained weights.
    """
    found = [_intervals(segmented, estimator) for segmented in views]
    rows = [
        _head(s.case) | {"intervals": _beside(s.indices, each, s.case.true_values)}
        for s, each in zip(views, found, strict=True)
    ]
    if len(views) == 2:
        four, two = views
        ours = combine_views(four.indices, two.indices)
        truth = combine_views(four.case.true_indices, two.case.true_indices)
        both = combined_intervals(ours, (found[0], found[1]))
        head = _head(four.case) | {"group": BIPLANE_GROUP}
        rows.append(head | {"intervals": _beside(ours, both, known_values(truth))})
    return rows


def known_values(indices: Indices) -> dict[str, float]:
    """Those of `INDICES` that were measured."""
    values = {name: indices.values.get(name) for name in INDICES}
    return {name: value for name, value in values.items() if value is not None}


def all_rows(
    cases: Sequence[EvaluationCase],
    segment: Segment,
    estimators: Mapping[str, Estimator],
    stride: int = 6,
) -> list[Data]:
    """Every method's row of every case, and the intervals by the first method."""
    views = [SegmentedCase.of(case, segment, stride) for case in cases]
    rows = [method_row(s, name, e) for name, e in estimators.items() for s in views]
    return [*rows, *interval_rows(views, next(iter(estimators.values())))]


def _head(case: EvaluationCase) -> Data:
    return {"case": case.name, "group": case.group, "patient": case.patient}


def _ef_error(segmented: SegmentedCase) -> float | None:
    ef = segmented.indices.lv_ef_percent
    true = segmented.case.true_values.get("lv_ef_percent")
    return None if ef is None or true is None else abs(ef - true)


def _pixels(
    planes: npt.NDArray[np.float16], labels: Mask, truth: Mask, threshold: float
) -> tuple[CalibrationHistogram, list[float]]:
    """Counts of the pixels near the heart, and the Dice of errors and thresholded map by frame."""
    histogram, overlaps = CalibrationHistogram(), []
    for plane, ours, theirs in zip(planes, labels, truth, strict=True):
        wrong = ours != theirs
        near = ndimage.binary_dilation((ours > 0) | (theirs > 0), iterations=NEAR)
        histogram.add(plane[near], wrong[near])
        value = overlap(plane, wrong, threshold)
        if value is not None:
            overlaps.append(value)
    return histogram, overlaps


def _intervals(segmented: SegmentedCase, estimator: Estimator) -> Intervals:
    known = estimator.calibration
    scores: Array = np.full(len(segmented.masks), np.nan)
    scores[segmented.frames] = estimator.judge(segmented.x).scores
    return index_intervals(
        segmented.indices,
        scores,
        known,
        known.error_model(str(estimator.settings.method)),
        level=estimator.settings.level,
        view=segmented.case.sequence.view,
        # A patient's own error must not help to calibrate its interval.
        without=(segmented.case.patient,),
    )


def _beside(indices: Indices, found: Intervals, truth: Mapping[str, float]) -> list[Data]:
    """One row for every index with a true value: its value, its interval, and the truth."""
    rows = []
    for name, true in truth.items():
        low, high = found.bounds.get(name, (None, None))
        row = {"index": name, "value": indices.values.get(name), "low": low, "high": high}
        rows.append(row | {"estimate": found.estimates.get(name), "truth": true})
    return rows
