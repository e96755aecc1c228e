"""``cardiac evaluate uncertainty``: every method against experts' masks and known truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cardiac.cli.console import quiet_bar
from cardiac.segmentation.segmenter import SegmentationSettings
from cardiac.uncertainty.estimate import Estimator
from cardiac.uncertainty.settings import Method, UncertaintySettings

if TYPE_CHECKING:
    from rich.console import Console

    from cardiac.cli.uncertainty_cases import Plan
    from cardiac.geometry import Mask
    from cardiac.research.benchmark import ResultCache
    from cardiac.research.evaluation.uncertainty import Look
    from cardiac.research.evaluation.uncertainty_record import Record
    from cardiac.segmentation.segmenter import Segmentation, Segmenter
    from cardiac.sequence import EchoSequence

Row = dict[str, Any]
INTERVALS = "intervals"
LEDGER = "ledger.jsonl"
QUICK = 8
VERSION = 1
"""Of what a kept result holds: a change of any figure raises it."""
SECONDS = {
    "fused": 0.02, "crisp": 0.006, "entropy": 0.005, "augmentation": 0.2, "dropout": 0.7,
    "latent": 0.03, "edge": 0.005, INTERVALS: 0.05,
}  # fmt: skip
"""Of a frame, on one core of 2020: what is said beforehand need not be exact."""
_NETWORK_S, _CASE_S = 0.025, 2.0


def evaluate_uncertainty(
    *,
    data: Path | None = None,
    split: str = "valid",
    manifest: Path = Path("data_manifests/camus.csv"),
    cines: Path | None = None,
    cache: Path | None = None,
    out: Path = Path("out/evaluate_uncertainty"),
    methods: Annotated[list[Method] | None, Parameter(consume_multiple=True, negative="")] = None,
    stride: int = 6,
    limit: int | None = None,
    quick: Annotated[bool, Parameter(negative="")] = False,
    settings: Annotated[UncertaintySettings, Parameter(name="*")] = UncertaintySettings(),  # noqa: B008
    segmentation: Annotated[SegmentationSettings, Parameter(name="segmentation")] = (
        SegmentationSettings()  # noqa: B008
    ),
) -> int:
    """Judge maps, scores and intervals on experts' stills and on cines with known truth.

    A run that was broken off is taken up again. Without CAMUS the cines are synthetic.

    Args:
        data: Folder of CAMUS patients in NIfTI; CARDIAC_DATA if not given.
        split: Which split of the manifest the stills are from.
        manifest: CSV with the columns patient and split.
        cines: Another list of cines, for instance data_manifests/benchmark_train.csv.
        cache: Folder where made cines are kept.
        out: Folder for the ledger, uncertainty.json, uncertainty.md and the plots.
        methods: Which methods beside the one of the settings; all by default.
        stride: Of a cine every so many frames are looked at, and ED and ES.
        limit: At most so many patients, corrupted cines and clean cines, evenly chosen.
        quick: The same as a limit of 8.
        settings: The method that also makes the intervals, and how; see configs/process.yaml.
        segmentation: How the network runs.
    """
    from rich.console import Console

    from cardiac.cli.benchmark import MANIFESTS, camus_folder
    from cardiac.cli.uncertainty_cases import plans
    from cardiac.research.benchmark import ResultCache
    from cardiac.segmentation.segmenter import Segmenter

    camus = camus_folder(data)
    cines = cines or MANIFESTS / ("benchmark_valid.csv" if camus else "benchmark_synthetic.csv")
    segmenter = Segmenter.load(segmentation)
    first = Estimator.load(settings, segmenter)
    names = dict.fromkeys([settings.method, *(methods or Method)])
    limit = min(limit or QUICK, QUICK) if quick else limit
    chosen = plans(camus, split, manifest, cines=cines, cache=cache, limit=limit)
    kept = ResultCache(out / LEDGER)
    evaluation = Evaluation(chosen, list(names), first, segmenter, stride, kept)
    console = Console(stderr=True)
    if camus is None:
        console.print("no CAMUS folder: synthetic cines only (--data or CARDIAC_DATA names one)")
    _work(evaluation, console)
    head = {
        "stills": f"{split} of {manifest.name}" if camus else None,
        "cines": cines.name,
        "default": str(settings.method),
        "segmentation": segmenter.weights.sha256[:12],
        "uncertainty": first.weights.sha256[:12] if first.weights else None,
        "network": f"{segmenter.predictor.name} {segmenter.predictor.precision}",
    }
    text = write_results(evaluation, out, head)
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(f"tables, plots and every result: {out}", markup=False)
    return 0


@dataclass(eq=False)
class Evaluation:
    """Cases and methods, and what is known of them already.

    Attributes:
        plans: The cases.
        methods: The first one also makes the intervals.
        estimator: Of the first method, with its weights.
        segmenter: The network.
        stride: Of a cine every so many frames are looked at.
        ledger: Keeps every result as it comes.
    """

    plans: Sequence[Plan]
    methods: Sequence[Method]
    estimator: Estimator
    segmenter: Segmenter
    stride: int
    ledger: ResultCache

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

    def key(self, plan: Plan, part: str) -> str:
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

    def lacking(self, plan: Plan) -> list[str]:
        """Parts of a case that are not in the ledger."""
        return [part for part in self.parts if self.ledger.get(self.key(plan, part)) is None]

    def run(self) -> Iterator[Plan]:
        """Compute what is lacking, case by case."""
        from cardiac.research.evaluation.uncertainty import Look

        for plan in self.plans:
            if parts := self.lacking(plan):
                look = Look.at(plan.make(), self._segment, self.stride)
                for part in parts:
                    self.ledger.add(self.key(plan, part), self._measure(look, part))
                yield plan

    def rows(self) -> list[Row]:
        """All results, in the order of the cases."""
        found = (self.ledger.get(self.key(p, part)) for p in self.plans for part in self.parts)
        return [row for row in found if row is not None]

    def seconds(self, plan: Plan) -> float:
        """About how long the lacking parts of a case take."""
        looked = plan.frames if plan.frames == 2 else plan.frames / self.stride + 4
        each = sum(SECONDS[part] for part in self.lacking(plan))
        return each * looked + _NETWORK_S * plan.frames + _CASE_S if each else 0.0

    def _measure(self, look: Look, part: str) -> Row:
        from cardiac.research.evaluation.uncertainty import interval_case, judge_case

        if part == INTERVALS:
            return interval_case(look, self.estimator)
        return judge_case(look, part, self.estimators[part])

    def _segment(self, sequence: EchoSequence) -> tuple[Segmentation, Mask]:
        """The network's answer, and its masks without islands."""
        from cardiac.correction.repair import remove_debris

        found = self.segmenter.segment(sequence)
        return found, remove_debris(found.masks)


def _work(evaluation: Evaluation, console: Console) -> None:
    """Compute what is lacking, telling beforehand how long it takes."""
    pending = [plan for plan in evaluation.plans if evaluation.lacking(plan)]
    seconds = sum(evaluation.seconds(plan) for plan in pending)
    console.print(
        f"{len(evaluation.plans)} cases, {len(evaluation.plans) - len(pending)} of them done"
        + (f"; the rest takes about {max(1, round(seconds / 60))} min" if pending else "")
    )
    with quiet_bar(console) as bar:
        task = bar.add_task("judging", total=len(pending))
        for number, plan in enumerate(evaluation.run(), start=1):
            bar.update(task, advance=1, description=plan.name[:40])
            if not console.is_terminal and number % 10 == 0:
                console.print(f"{number} of {len(pending)}")


def write_results(evaluation: Evaluation, out: Path, head: Row) -> str:
    """Write uncertainty.json, uncertainty.md and the plots; returns the Markdown."""
    from cardiac.io.files import write_atomically
    from cardiac.research.evaluation.uncertainty_plots import draw_plots
    from cardiac.research.evaluation.uncertainty_record import Record
    from cardiac.research.evaluation.uncertainty_summary import (
        interval_summary,
        markdown,
        method_rows,
    )

    record = Record.of(evaluation.rows())
    result: Row = head | {
        "network_ms_per_frame": record.network_ms,
        "methods": method_rows(record),
        "intervals": interval_summary(record),
        "strangers": strange_rows(evaluation, record),
    }
    lines = [", ".join(f"{name} {value}" for name, value in head.items())]
    lines += [f"network: {record.network_ms:.1f} ms a frame"]
    lines += [markdown(result[name]) for name in ("methods", "intervals", "strangers")]
    text = "\n\n".join(lines)
    full = result | {"rows": record.intervals}
    write_atomically(out / "uncertainty.json", (json.dumps(full, indent=1) + "\n").encode())
    write_atomically(out / "uncertainty.md", text.encode())
    draw_plots(record, out, str(head["default"]))
    return text


def strange_rows(evaluation: Evaluation, record: Record) -> list[Row]:
    """How many sequences of each kind are called out of bank."""
    from cardiac.cli.uncertainty_cases import oddities
    from cardiac.sequence import EchoSequence

    flags: dict[str, list[bool]] = {}
    for row in record.strange:
        flags.setdefault(row["group"], []).append(row["out_of_bank"])
    for kind, image in oddities():
        sequence = EchoSequence(image[None].copy())
        found = evaluation.segmenter.segment(sequence)
        judged = evaluation.estimator.estimate(sequence, found, found.masks)
        flags.setdefault(kind, []).append(bool(judged.out_of_bank))
    return [{"kind": k, "n": len(found), "out_of_bank": sum(found)} for k, found in flags.items()]
