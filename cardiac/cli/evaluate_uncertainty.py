"""``cardiac evaluate uncertainty``: every method against experts' masks and known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cardiac.cli.console import quiet_bar
from cardiac.segmentation.segmenter import SegmentationSettings
from cardiac.uncertainty.settings import MethodName, UncertaintySettings

if TYPE_CHECKING:
    from rich.console import Console

    from cardiac.research.evaluation.uncertainty_run import UncertaintyEvaluation

LEDGER = "ledger.jsonl"
QUICK = 8


def evaluate_uncertainty(
    *,
    data: Path | None = None,
    split: str = "valid",
    manifest: Path = Path("data_manifests/camus.csv"),
    cines: Path | None = None,
    cache: Path | None = None,
    out: Path = Path("out/evaluate_uncertainty"),
    methods: Annotated[
        list[MethodName] | None, Parameter(consume_multiple=True, negative="")
    ] = None,
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
    from cardiac.research.benchmark import ResultCache
    from cardiac.research.evaluation.uncertainty_cases import plans
    from cardiac.research.evaluation.uncertainty_run import UncertaintyEvaluation
    from cardiac.segmentation.segmenter import Segmenter
    from cardiac.uncertainty.estimate import Estimator

    camus = camus_folder(data)
    cines = cines or MANIFESTS / ("benchmark_valid.csv" if camus else "benchmark_synthetic.csv")
    segmenter = Segmenter.load(segmentation)
    first = Estimator.load(settings, segmenter)
    names = dict.fromkeys([settings.method, *(methods or MethodName)])
    limit = min(limit or QUICK, QUICK) if quick else limit
    chosen = plans(camus, split, manifest, cines=cines, cache=cache, limit=limit)
    kept = ResultCache(out / LEDGER)
    evaluation = UncertaintyEvaluation(chosen, list(names), first, segmenter, stride, kept)
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
    text = evaluation.write(out, head)
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(f"tables, plots and every result: {out}", markup=False)
    return 0


def _work(evaluation: UncertaintyEvaluation, console: Console) -> None:
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
