"""``cardiac benchmark``: methods against cines with known truth, as a table and plots."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts
from cyclopts import Parameter

from cardiac.cli.console import quiet_bar
from cardiac.research.benchmark.settings import BenchmarkSettings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from cardiac.research.benchmark import Benchmark
    from cardiac.research.phantom import CineSpec

log = logging.getLogger(__name__)
app = cyclopts.App(name="benchmark")
app.command("cardiac.cli.speed:speed", name="speed", help="Time the main job on this machine.")
MANIFESTS = Path("data_manifests")
_LEARNING_S = 120
_MAKING_S = 2.5


@app.default
def benchmark_command(
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    data: Path | None = None,
    manifest: Path | None = None,
    splits: Path = MANIFESTS / "camus.csv",
    methods: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    cache: Path | None = None,
    out: Path = Path("out/benchmark"),
    settings: Annotated[BenchmarkSettings, Parameter(name="*")] = BenchmarkSettings(),  # noqa: B008
) -> int:
    """Run methods on cines with known truth; a run that was broken off is taken up again.

    With CAMUS the cines have real texture, and shape models are fitted to its train patients;
    without it cines and shapes are synthetic.

    Args:
        quick: A dozen cines instead of some two hundred.
        data: Folder of CAMUS patients in NIfTI; CARDIAC_DATA if not given.
        manifest: Another list of cines, for instance data_manifests/benchmark_train.csv to
            tune a setting.
        splits: CSV with the columns patient and split, for what is fitted.
        methods: Some of network, debris, smoothing, pca, autoencoder, arvae, lagrangian; all by
            default.
        cache: Folder for cines and fitted models.
        out: Folder for every result, the tables and the plots.
        settings: See configs/benchmark.yaml.
    """
    from rich.console import Console
    from threadpoolctl import threadpool_limits

    from cardiac.research.benchmark import Benchmark, ResultCache, choose
    from cardiac.research.benchmark.experts import Experts
    from cardiac.research.phantom import default_cache, read_manifest
    from cardiac.segmentation.segmenter import Segmenter

    camus = camus_folder(data)
    path = manifest or MANIFESTS / _manifest_name(quick, camus)
    benchmark = Benchmark(
        read_manifest(path),
        choose(settings, methods or ()),
        Segmenter.load(settings.segmentation),
        Experts(camus, splits, cache or default_cache()),
        ResultCache(out / "results.jsonl"),
        camus,
        settings.scale_with_interval,
    )
    console = Console(stderr=True)
    if camus is None:
        console.print("no CAMUS folder: synthetic cines only (--data or CARDIAC_DATA names one)")
    # Products this small gain nothing from threads, and lose much where cores are busy.
    with threadpool_limits(1, user_api="blas"):
        _work(benchmark, console)
    text = write_results(benchmark, out, path.name)
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(f"table, plots and every result: {out}", markup=False)
    return 0


def camus_folder(data: Path | None) -> Path | None:
    """The folder that is given, or the one that CARDIAC_DATA names, or its folder camus."""
    if data is not None:
        return data
    if not (named := os.environ.get("CARDIAC_DATA")):
        return None
    inner = Path(named) / "camus"
    return inner if inner.is_dir() else Path(named)


def _manifest_name(quick: bool, camus: Path | None) -> str:
    if camus is None:
        return "benchmark_synthetic.csv"
    return "benchmark_quick.csv" if quick else "benchmark_valid.csv"


def _work(benchmark: Benchmark, console: Console) -> None:
    """Compute what is lacking, telling beforehand how long it takes."""
    pending = benchmark.pending()
    total = len(benchmark.specs) * len(benchmark.everything)
    left = sum(len(step.methods) for step in pending)
    console.print(f"{total} results, {total - left} of them there already")
    if not pending:
        return
    learning = any(method.learns for step in pending for method in step.methods)
    if learning:
        console.print(f"shape models are loaded, or fitted once (about {_LEARNING_S / 60:.0f} min)")
    with quiet_bar(console) as bar:
        corrections = benchmark.prepare(
            lambda method: _advance(bar, bar.add_task(method.name, total=1.0))
        )
    frames = sum(step.spec.n_frames for step in pending)
    seconds = frames * benchmark.seconds_a_frame(corrections) + _MAKING_S * len(pending)
    console.print(f"{len(pending)} cines, {frames} frames: about {_duration(seconds)}")
    with quiet_bar(console) as bar:
        task = bar.add_task("measuring", total=len(pending))
        for k, step in enumerate(benchmark.run(corrections), start=1):
            log.info("%d of %d: %s", k, len(pending), step.spec.id)
            bar.update(task, advance=1, description=step.spec.id[:40])


def _advance(bar: Progress, task: Any) -> Any:
    return lambda share: bar.update(task, completed=share)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def write_results(benchmark: Benchmark, out: Path, manifest: str) -> str:
    """Write benchmark.md, benchmark.csv, cines.csv and the plots; returns the Markdown."""
    from cardiac.io.files import write_atomically
    from cardiac.research.benchmark import markdown, summarise, write_csv
    from cardiac.research.benchmark.plots import draw_plots
    from cardiac.research.benchmark.table import flat, flat_record

    records = benchmark.records()
    rows = summarise(records)
    text = markdown(rows, records, _head(benchmark, manifest, records))
    write_atomically(out / "benchmark.md", text.encode())
    write_csv(out / "benchmark.csv", (flat(row) for row in rows))
    write_csv(out / "cines.csv", (flat_record(record) for record in records))
    draw_plots(rows, out)
    return text


def _head(benchmark: Benchmark, manifest: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    shared = benchmark.shared
    specs: list[CineSpec] = list(benchmark.specs)
    kinds = sorted({spec.kind for spec in specs})
    return {
        "cines": f"{len(specs)} {' and '.join(kinds)} of {manifest}",
        "resolution": ", ".join(sorted({record["resolution"] for record in records})),
        "weights": shared["weights"][:12],
        "code": shared["code"],
        "network": f"{shared['engine']} {shared['precision']}",
        "temporal bound": "grows with the frame interval"
        if benchmark.scale_with_interval
        else "as published at every frame rate",
    }
