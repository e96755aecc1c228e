"""Calibration: what was fitted on patients held out, for probabilities, bounds and intervals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from cardiac.sequence import View
from cardiac.types import Array

MAP_NUMBERS = ("slope", "offset", "max_ood_score", "min_cosine", "thresholds")
"""What maps, scores and flags depend on; the rest is for intervals and the triage."""
BIPLANE = "biplane"
"""Under which the scores of indices of two views are kept, beside the views."""


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """Heteroscedastic error model: how far indices are off, by the frames' scores.

    The deviation of an error grows as (score / reference)^power, between ``least`` and ``most``.

    Attributes:
        reference: Score of an ordinary frame, whose deviation counts as 1.
        power: How fast deviations grow with the score.
    """

    reference: float = 0.1
    power: float = 0.5
    least: float = 0.7
    most: float = 6.0

    def scale(self, scores: npt.ArrayLike) -> Array:
        """Deviation of errors relative to an ordinary frame's, of scores of any shape."""
        ratio = np.maximum(np.asarray(scores, dtype=float), 1e-6) / self.reference
        return np.asarray(np.clip(ratio**self.power, self.least, self.most))


@dataclass(frozen=True, slots=True)
class ConformalScores:
    """Errors of one view's indices on patients with known values, for conformal intervals.

    A nonconformity score is the distance of the expert's value from our estimate, as a
    fraction of it for sizes and in points for changes such as the EF, divided by the scale of
    the error model. Where the network has learnt from a patient it is enlarged by the
    generalisation gap.

    Attributes:
        patients: Whose scores they are.
        scores: Of each index one score a patient; None where it could not be measured.
        bias: Of each index: by how much ours is above the expert's, in the unit of the scores
            without the scale; 0 where it is not given.
    """

    patients: tuple[str, ...] = ()
    scores: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict, repr=False)
    bias: Mapping[str, float] = field(default_factory=dict)

    def half_width(self, name: str, level: float, without: Collection[str] = ()) -> float | None:
        """Half the width of the interval of an index at scale 1; None without scores.

        Args:
            name: The index.
            level: Fraction of experts' values to hold.
            without: Patients who are left out, so that their own errors do not help them.
        """
        found = [
            score
            for patient, score in zip(self.patients, self.scores.get(name, ()), strict=False)
            if score is not None and patient not in without
        ]
        return conformal_quantile(found, level) if found else None


@dataclass(frozen=True, eq=False)
class Calibration:
    """Numbers fitted on patients held out; the intervals on all training patients.

    Attributes:
        slope, offset: Of Platt's scaling of the error-detection network's log odds.
        max_ood_score: OOD score above which a frame is out of distribution.
        min_cosine: Mean cosine to the nearest references below which it is.
        error_models: Of every method.
        conformal: By view, and under ``biplane`` of both together.
        error_correlation: Of two frames of one patient.
        thresholds: Of each method, above which a pixel is taken for an error.
        review, reject: Scores of each method above which a sequence is to be reviewed, rejected.
    """

    slope: float = 1.0
    offset: float = 0.0
    max_ood_score: float = 0.5
    min_cosine: float = -1.0
    error_models: Mapping[str, ErrorModel] = field(default_factory=dict)
    conformal: Mapping[str, ConformalScores] = field(default_factory=dict, repr=False)
    error_correlation: float = 0.5
    thresholds: Mapping[str, float] = field(default_factory=dict)
    review: Mapping[str, float] = field(default_factory=dict)
    reject: Mapping[str, float] = field(default_factory=dict)

    def error_model(self, method: str) -> ErrorModel:
        """The error model of a method; a general one where none was fitted."""
        return self.error_models.get(method, ErrorModel())

    def of_view(self, view: str) -> ConformalScores:
        """The scores of a view; those of the four-chamber view where it has none of its own."""
        return self.conformal.get(view) or self.conformal.get(View.A4C, ConformalScores())

    def numbers(self) -> dict[str, Any]:
        """Everything in plain types, as JSON keeps it."""
        found: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return found

    @classmethod
    def from_numbers(cls, numbers: Mapping[str, Any]) -> Calibration:
        """The calibration that `numbers` describes.

        Raises:
            ValueError: Something lacks or does not fit.
        """
        return _adapter().validate_python(numbers)

    def replace(self, **changes: Any) -> Calibration:
        """A copy with some numbers changed."""
        return replace(self, **changes)


@cache
def _adapter() -> TypeAdapter[Calibration]:
    return TypeAdapter(Calibration)


def conformal_quantile(scores: Sequence[float], level: float) -> float:
    """The smallest distance within which the fraction ``level`` of new scores is expected.

    Source: split conformal prediction; A. N. Angelopoulos and S. Bates, "Conformal prediction: a
    gentle introduction", Foundations and Trends in Machine Learning 16(4), 2023.

    Args:
        scores: Nonconformity scores of n > 0 patients; where n is too small for the level the
            largest is taken.
        level: Fraction to hold.
    """
    rank = int(np.ceil((len(scores) + 1) * level))
    ordered = np.sort(np.asarray(scores, dtype=float))
    return float(ordered[min(rank, len(ordered)) - 1])
