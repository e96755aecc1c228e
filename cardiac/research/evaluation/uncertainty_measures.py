"""How an uncertainty is judged: does it know where and how much a segmentation errs?

All maps are in [0, 1], all masks are label maps, and errors are pixels with a wrong label.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.overlap import dice, region_dice
from cardiac.geometry import Mask
from cardiac.types import Array, BoolArray, FloatArray

BINS = 20


def mean_dice(predicted: Mask, truth: Mask) -> float:
    """Mean Dice of LV, epicardium and LA of two masks (H, W); 1 where both lack a structure."""
    return float(np.mean(region_dice(predicted, truth)))


def correlation(scores: npt.ArrayLike, quality: npt.ArrayLike) -> float | None:
    """Pearson's r of scores and a quality such as Dice: −1 is best; None where nothing varies."""
    a, b = np.asarray(scores, dtype=float), np.asarray(quality, dtype=float)
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def calibration_error(planes: FloatArray, wrong: BoolArray, bins: int = BINS) -> float:
    """Expected calibration error of a map as the probability of an error.

    Bins are closed: the first holds 0, the last holds 1. Which pixels count is the caller's
    choice: with the empty corners of an image everything is well calibrated.
    """
    table = CalibrationHistogram(bins)
    table.add(planes, wrong)
    return table.calibration_error


def mutual_information(planes: FloatArray, wrong: BoolArray, bins: int = BINS) -> float:
    """Mutual information in bits between the binned map and the error, over all pixels.

    Divided by the entropy of the error, so that it lies between 0 and 1 (knowing the map tells
    everything) and does not depend on how rare errors are.
    """
    table = CalibrationHistogram(bins)
    table.add(planes, wrong)
    return table.mutual_information


class CalibrationHistogram:
    """Counts of pixels by bin of the map and by error, from which both figures follow.

    Args:
        bins: Number of bins between 0 and 1.
    """

    def __init__(self, bins: int = BINS) -> None:
        self.bins = bins
        self.count = np.zeros((bins, 2))
        self.total = np.zeros(bins)

    def add(self, planes: FloatArray, wrong: BoolArray) -> None:
        """Count more pixels: a map and errors of one shape."""
        values = np.clip(np.asarray(planes, dtype=np.float64), 0, 1).ravel()
        index = np.minimum((values * self.bins).astype(int), self.bins - 1)
        for error in (0, 1):
            chosen = index[wrong.ravel() == bool(error)]
            self.count[:, error] += np.bincount(chosen, minlength=self.bins)
        self.total += np.bincount(index, weights=values, minlength=self.bins)

    def merge(self, other: CalibrationHistogram) -> None:
        """Add the counts of another histogram with as many bins."""
        self.count += other.count
        self.total += other.total

    def numbers(self) -> dict[str, list[Any]]:
        """The counts as plain lists, for a file."""
        return {"count": self.count.astype(int).tolist(), "total": self.total.tolist()}

    @classmethod
    def from_numbers(cls, numbers: dict[str, list[Any]]) -> CalibrationHistogram:
        """The histogram that `numbers` describes."""
        table = cls(len(numbers["total"]))
        table.count += np.array(numbers["count"])
        table.total += np.array(numbers["total"])
        return table

    @property
    def calibration_error(self) -> float:
        """Mean distance between the map and the fraction of errors in its bin, by pixel."""
        pixels = self.count.sum(axis=1)
        filled = pixels > 0
        gap = np.abs(self.total[filled] - self.count[filled, 1])
        return float(gap.sum() / pixels.sum())

    @property
    def mutual_information(self) -> float:
        """In units of the entropy of the error; 0 where there is no error."""
        joint = self.count / self.count.sum()
        inputs, errors = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
        independent = inputs @ errors
        there = joint > 0
        bits = float((joint[there] * np.log2(joint[there] / independent[there])).sum())
        known = errors[errors > 0]
        entropy = float(-(known * np.log2(known)).sum())
        return bits / entropy if entropy > 0 else 0.0


def overlap(planes: FloatArray, wrong: BoolArray, threshold: float) -> float | None:
    """Dice between the pixels above a threshold and the errors; None where there is neither."""
    return dice(planes >= threshold, wrong)


def auroc(scores: npt.ArrayLike, bad: npt.ArrayLike) -> float | None:
    """Probability that a bad case scores higher than a good one (ties count half).

    None where all are good or all are bad.
    """
    from scipy.stats import rankdata

    values, flags = np.asarray(scores, dtype=float), np.asarray(bad, dtype=bool)
    n_bad, n_good = int(flags.sum()), int((~flags).sum())
    if not n_bad or not n_good:
        return None
    ranks = rankdata(values)
    return float((ranks[flags].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * n_good))


def risk_coverage(scores: npt.ArrayLike, risk: npt.ArrayLike) -> tuple[Array, Array]:
    """Fraction of the cases kept, the least uncertain first, and the mean risk of those kept."""
    order = np.argsort(np.asarray(scores, dtype=float), kind="stable")
    values = np.asarray(risk, dtype=float)[order]
    count = np.arange(1, len(values) + 1)
    return count / len(values), np.cumsum(values) / count


def risk_after_referral(scores: npt.ArrayLike, risk: npt.ArrayLike, fraction: float = 0.2) -> float:
    """Relative fall of the mean risk when the most uncertain ``fraction`` goes to a person."""
    values = np.asarray(risk, dtype=float)
    kept = round(len(values) * (1 - fraction))
    _, curve = risk_coverage(scores, values)
    whole = float(values.mean())
    return 1 - float(curve[max(kept, 1) - 1]) / whole if whole > 0 else 0.0
