"""What a person sees while a job runs and when it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from cardiac.apps.batch.case import FinishedCase
    from cardiac.apps.batch.job import ProcessJob
    from cardiac.io import InputItem
    from cardiac.types import Row

_NAMED = 5
"""Files that are named when a run ends; the others are counted."""


@contextmanager
def quiet_bar(console: Console) -> Iterator[Progress]:
    """A bar for one long job that falls silent when the console is not a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield bar


@contextmanager
def watching(
    job: ProcessJob, total: int, *, verbose: bool
) -> Iterator[Callable[[FinishedCase], None]]:
    """Show what a job is at on standard error: a bar on a terminal, lines where asked for.

    Yields:
        To be called with each case that is finished.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True, soft_wrap=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("looking", total=total)

        def say(text: str, style: str = "") -> None:
            bar.console.print(text, style=style, markup=False, highlight=False)

        def watch(step: str, item: InputItem | None) -> None:
            text = step if item is None else f"{step} {item.id}"
            bar.update(task, description=text[:48])
            if verbose:
                say(text)

        def advance(case: FinishedCase) -> None:
            bar.update(task, advance=1)
            if case.error is not None:
                say(f"failed: {case.item.id}: {case.error}", "red")
            elif verbose:
                how = "was done before" if case.skipped else f"done in {case.seconds:.1f} s"
                say(f"{case.item.id}: {how}, {case.frames} frames")

        if verbose:
            for passed in job.passed_over:
                say(f"passed over {passed.path}: {passed.reason}")
        job.watch = watch
        yield advance


def print_summary(job: ProcessJob) -> None:
    """A table of what was measured and what failed, and where the files are."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("id", no_wrap=True)
    table.add_column("view", no_wrap=True)
    for name in ("EDV", "ESV", "EF"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("certified", "triage"):
        table.add_column(name, no_wrap=True)
    for case in job.shown:
        row = case.index_row
        failed = case.error is not None
        certified = "" if failed else "yes" if row.get("certified") else "no"
        told = Text("failed", "red") if failed else Text(str(row.get("triage") or ""))
        table.add_row(Text(case.item.id), str(row.get("view", "")), *_values(row), certified, told)
    for row in job.patients:
        views = Text(f"{row.get('id')} (both views)", "bold")
        certified = "yes" if row.get("certified") else "no"
        table.add_row(views, "", *_values(row), certified, str(row.get("triage") or ""))
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print("cardiac process (not for clinical use): volumes in mL, EF in %")
    # A name that is cut or folded cannot be copied: rather a line longer than the screen.
    width = Console(width=1000).measure(table).maximum
    Console(width=max(width, console.width)).print(table)
    if job.total > len(job.shown):
        console.print(f"... and {job.total - len(job.shown)} more in indices.csv")
    for group in job.copies:
        console.print(f"the same bytes: {', '.join(group)}")
    if job.passed_over:
        console.print(f"passed over: {len(job.passed_over)}")
    for passed in job.passed_over[:_NAMED]:
        console.print(f"  {passed.path}: {passed.reason}")
    if len(job.passed_over) > _NAMED:
        console.print(f"  ... and {len(job.passed_over) - _NAMED} more; --verbose names them")
    before = f" ({job.skipped} of them before)" if job.skipped else ""
    counts = f"{job.total - job.failed} processed, {job.failed} failed{before}"
    earlier = f"; {job.earlier} cases of earlier runs are kept beside them" if job.earlier else ""
    console.print(f"{counts}; results in {job.out}{earlier}")
    if not job.settings.correct and job.uncertified:
        console.print(
            f"{job.uncertified} lack a certificate: --no-correct leaves masks as they are"
        )


def print_interrupted(job: ProcessJob, total: int) -> None:
    """What is kept of a run that a person stopped."""
    sys.stderr.write(
        f"cardiac: stopped. {job.total} of {total} cases are done and kept in {job.out}; "
        "the same command goes on from there.\n"
    )


def _values(row: Row) -> Iterator[str]:
    from cardiac.results.tables import shown_ef

    for key in ("lv_edv_ml", "lv_esv_ml"):
        value = row.get(key)
        yield f"{value:.0f}" if isinstance(value, float | int) else "–"
    ef, uncalibrated = shown_ef(row)
    yield "–" if ef is None else f"{ef:.0f} (no pixel size)" if uncalibrated else f"{ef:.0f}"
