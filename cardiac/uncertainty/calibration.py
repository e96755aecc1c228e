"""What was fitted on held-out patients: bounds, scales, and the law of the network's errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
MAP_NUMBERS = ("slope", "offset", "strangest", "least_cosine", "thresholds")
"""What maps, scores and flags depend on; the rest is for intervals and the traffic light."""


@dataclass(frozen=True, eq=False)
class ErrorLaw:
    """How far a mask's code lies from the expert's, by the frame's score.

    The deviation of an error grows as (score / reference)^power, between ``least`` and ``most``.

    Attributes:
        reference: Score at which the errors have the covariance of `Calibration.error_factor`.
        power: How fast they grow with the score.
    """

    reference: float = 0.1
    power: float = 0.5
    least: float = 0.7
    most: float = 6.0

    def scale(self, scores: npt.ArrayLike) -> Array:
        """Deviation of errors relative to the reference, of scores of any shape."""
        ratio = np.maximum(np.asarray(scores, dtype=float), 1e-6) / self.reference
        return np.asarray(np.clip(ratio**self.power, self.least, self.most))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Numbers fitted on training patients, the intervals on all, the rest on held-out ones.

    Attributes:
        slope, offset: Of Platt's scaling of the learned doubt.
        strangest: Strangeness above which a frame is out of the bank.
        least_cosine: Cosine to the bank below which it is.
        laws: Error law of every method.
        error_factor: (D, D) lower Cholesky factor of the errors' mean square in the latent space.
        coupling: Correlation of the errors of two frames of one sequence.
        misses: Of each index, by patient: how far the expert's value was from where it was to
            be expected, in units of the sampled interval on that side.
        leans: Of each index (offset, slope): by how much ours is above the expert's on average,
            a share of the value for sizes, points for changes.
        typical: Half the width of the draws of each index on ordinary stills.
        thresholds: Of each method, above which a pixel is taken for an error.
        review, reject: Scores of each method above which a sequence is to be reviewed, rejected.
    """

    slope: float = 1.0
    offset: float = 0.0
    strangest: float = 0.5
    least_cosine: float = -1.0
    laws: Mapping[str, ErrorLaw] = field(default_factory=dict)
    error_factor: Array = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    coupling: float = 0.5
    misses: Mapping[str, Mapping[str, float]] = field(default_factory=dict, repr=False)
    leans: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    typical: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    review: Mapping[str, float] = field(default_factory=dict)
    reject: Mapping[str, float] = field(default_factory=dict)

    def factors(self, level: float = 0.9, without: Collection[str] = ()) -> dict[str, float]:
        """How much the sampled interval of each index is stretched to hold ``level``.

        Args:
            level: Share of experts' values to hold.
            without: Patients who are left out, so that their own errors do not help them.
        """
        found = {
            name: conformal([m for patient, m in misses.items() if patient not in without], level)
            for name, misses in self.misses.items()
        }
        # Experts' stills are calibrated: without a pixel size they would give no other EF.
        if "lv_ef_percent" in found:
            found.setdefault("ef_area_length_uncalibrated", found["lv_ef_percent"])
        return found

    def arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """What is stored as arrays."""
        return {"error_factor": np.asarray(self.error_factor, np.float32)}

    def numbers(self) -> dict[str, Any]:
        """What is stored as text."""
        return {
            "slope": self.slope,
            "offset": self.offset,
            "strangest": self.strangest,
            "least_cosine": self.least_cosine,
            "coupling": self.coupling,
            "misses": {name: dict(found) for name, found in self.misses.items()},
            "leans": {name: list(lean) for name, lean in self.leans.items()},
            "typical": dict(self.typical),
            "thresholds": dict(self.thresholds),
            "review": dict(self.review),
            "reject": dict(self.reject),
            "laws": {
                name: [law.reference, law.power, law.least, law.most]
                for name, law in self.laws.items()
            },
        }

    @classmethod
    def of(
        cls, arrays: Mapping[str, npt.NDArray[np.generic]], numbers: Mapping[str, Any]
    ) -> Calibration:
        """The calibration that `arrays` and `numbers` describe."""
        plain = {k: v for k, v in numbers.items() if k not in {"laws", "leans"}}
        leans = {name: (lean[0], lean[1]) for name, lean in numbers.get("leans", {}).items()}
        laws = {name: ErrorLaw(*values) for name, values in numbers["laws"].items()}
        return cls(
            **plain, laws=laws, leans=leans, error_factor=np.asarray(arrays["error_factor"], float)
        )

    def replace(self, **changes: Any) -> Calibration:
        """A copy with some numbers changed."""
        return replace(self, **changes)


def conformal(misses: Sequence[float], level: float) -> float:
    """The smallest factor that lets an interval hold the share ``level`` of such values.

    Source: split conformal prediction; A. N. Angelopoulos and S. Bates, "Conformal prediction: a
    gentle introduction", Foundations and Trends in Machine Learning 16(4), 2023.
    """
    if not misses:
        return 1.0
    rank = int(np.ceil((len(misses) + 1) * level))
    ordered = np.sort(np.asarray(misses))
    return float(ordered[min(rank, len(ordered)) - 1])
