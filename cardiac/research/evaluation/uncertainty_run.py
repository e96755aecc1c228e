"""A run of the evaluation of uncertainty: cases and methods, resumed where it was broken off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardiac.correction import remove_debris
from cardiac.geometry import Mask
from cardiac.io.files import write_atomically
from cardiac.research.benchmark import ResultCache
from cardiac.research.evaluation.uncertainty import SegmentedCase, interval_rows, method_row
from cardiac.research.evaluation.uncertainty_cases import CasePlan, ood_cases
from cardiac.research.evaluation.uncertainty_report import (
    EvaluationRecord,
    draw_plots,
    interval_summary,
    markdown,
    method_rows,
)
from cardiac.segmentation.segmenter import Segmentation, Segmenter
from cardiac.sequence import EchoSequence
from cardiac.types import Data
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.settings import MethodName

INTERVALS = "intervals"
VERSION = 2
"""Of what a kept result holds: a change of any figure raises it."""
SECONDS = {
    "fused": 0.02, "crisp": 0.006, "entropy": 0.005, "augmentation": 0.2, "dropout": 0.7,
    "latent": 0.03, "edge": 0.005, INTERVALS: 0.005,
}  # fmt: skip
"""Of a frame, on one core of 2020: what is said beforehand need not be exact."""
_NETWORK_S, _CASE_S = 0.025, 2.0


@dataclass(eq=False)
class UncertaintyEvaluation:
    """Cases and methods, and what is known of them already.

    Attributes:
        plans: The cases.
        methods: The first one also makes the intervals.
        estimator: Of the first method, with its weights.
        segmenter: The network.
        stride: Of a cine every so many frames are looked at.
        cache: Keeps every result as it comes.
    """

    plans: Sequence[CasePlan]
    methods: Sequence[MethodName]
    estimator: Estimator
    segmenter: Segmenter
    stride: int
    cache: ResultCache

    def __post_init__(self) -> None:
        settings = self.estimator.settings
        self.parts = [*map(str, self.methods), INTERVALS]
        self.estimators = {
            str(method): self.estimator
            if method is settings.method
            else Estimator(
                settings.model_copy(update={"method": method}),
                self.estimator.weights,
                self.segmenter,
            )
            for method in self.methods
        }

    def key(self, plan: CasePlan, part: str) -> str:
        """Hash of everything that a result depends on."""
        weights, network = self.estimator.weights, self.segmenter
        assert weights is not None
        settings = self.estimator.settings
        used = (
            settings.model_dump_json() if part == INTERVALS else [settings.samples, settings.seed]
        )
        learnt = weights.sha256 if part == INTERVALS else weights.map_hash
        engine = [network.weights.sha256, network.predictor.name, str(network.predictor.precision)]
        text = json.dumps([VERSION, plan.made_of, part, self.stride, used, learnt, engine])
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def lacking(self, plan: CasePlan) -> list[str]:
        """Parts of a case that are not in the cache."""
        return [part for part in self.parts if self.cache.get(self.key(plan, part)) is None]

    def run(self) -> Iterator[CasePlan]:
        """Compute what is lacking, case by case."""
        for plan in self.plans:
            if parts := self.lacking(plan):
                views = [SegmentedCase.of(c, self._segment, self.stride) for c in plan.make()]
                for part in parts:
                    self.cache.add(self.key(plan, part), {"rows": self._measure(views, part)})
                yield plan

    def rows(self) -> list[Data]:
        """All results, in the order of the cases."""
        found = (self.cache.get(self.key(p, part)) for p in self.plans for part in self.parts)
        return [row for record in found if record is not None for row in record["rows"]]

    def seconds(self, plan: CasePlan) -> float:
        """About how long the lacking parts of a case take."""
        looked = plan.frames if plan.frames <= 4 else plan.frames / self.stride + 4
        each = sum(SECONDS[part] for part in self.lacking(plan))
        return each * looked + _NETWORK_S * plan.frames + _CASE_S if each else 0.0

    def ood_rows(self, record: EvaluationRecord) -> list[Data]:
        """How many sequences of each kind are called out of distribution."""
        flags: dict[str, list[bool]] = {}
        for row in record.ood:
            flags.setdefault(row["group"], []).append(row["out_of_distribution"])
        for kind, image in ood_cases():
            sequence = EchoSequence(image[None].copy())
            found = self.segmenter.segment(sequence)
            judged = self.estimator.estimate(sequence, found, found.masks)
            flags.setdefault(kind, []).append(bool(judged.out_of_distribution))
        return [
            {"kind": kind, "n": len(found), "out_of_distribution": sum(found)}
            for kind, found in flags.items()
        ]

    def write(self, out: Path, head: Data) -> str:
        """Write uncertainty.json, uncertainty.md and the plots; returns the Markdown.

        Raises:
            OutputError: The folder cannot be written to.
        """
        record = EvaluationRecord.of(self.rows())
        result: Data = head | {
            "network_ms_per_frame": record.network_ms,
            "methods": method_rows(record),
            "intervals": interval_summary(record),
            "out_of_distribution": self.ood_rows(record),
        }
        lines = [", ".join(f"{name} {value}" for name, value in head.items())]
        lines += [f"network: {record.network_ms:.1f} ms a frame"]
        tables = ("methods", "intervals", "out_of_distribution")
        lines += [markdown(result[name]) for name in tables]
        text = "\n\n".join(lines)
        full = result | {"rows": record.intervals}
        write_atomically(out / "uncertainty.json", (json.dumps(full, indent=1) + "\n").encode())
        write_atomically(out / "uncertainty.md", text.encode())
        draw_plots(record, out, str(head["default"]))
        return text

    def _measure(self, views: Sequence[SegmentedCase], part: str) -> list[Data]:
        if part == INTERVALS:
            return interval_rows(views, self.estimator)
        return [method_row(view, part, self.estimators[part]) for view in views]

    def _segment(self, sequence: EchoSequence) -> tuple[Segmentation, Mask]:
        """The network's answer, and its masks without islands."""
        found = self.segmenter.segment(sequence)
        return found, remove_debris(found.masks)
