"""What a person sees while a job runs and when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from cardiac.apps.batch.case import FinishedCase
    from cardiac.apps.batch.job import ProcessJob


@contextmanager
def quiet_bar(console: Console) -> Iterator[Progress]:
    """A bar for one long job that falls silent when the console is not a terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield bar


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[FinishedCase], None]]:
    """A bar on standard error that falls silent when it is not a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("processing", total=total)

        def advance(case: FinishedCase) -> None:
            bar.update(task, advance=1, description=case.item.id[:32])
            if case.error is not None:
                bar.console.print(
                    f"failed: {case.error}", style="red", markup=False, highlight=False
                )

        yield advance


_NAMED = 10
"""Files passed over that are named on the screen."""


def print_summary(job: ProcessJob) -> None:
    """A table of what was measured and what failed, and where the files are."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title="cardiac process (not for clinical use)")
    for name in ("id", "view"):
        table.add_column(name, overflow="fold")
    for name in ("frames", "EDV mL", "ESV mL", "EF %"):
        table.add_column(name, justify="right")
    for name in ("certified", "triage"):
        table.add_column(name, no_wrap=True)
    for case in job.shown:
        row = case.index_row
        numbers = (_number(row.get(key)) for key in ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent"))
        known = (Text("yes" if row.get("certified") else "no"), Text(str(row.get("triage", ""))))
        table.add_row(
            Text(case.item.id),
            str(row.get("view", "")),
            str(case.frames or ""),
            *numbers,
            *(known if case.error is None else (Text(""), Text("failed", "red"))),
        )
    console = Console()
    console.print(table)
    if job.total > len(job.shown):
        console.print(f"... and {job.total - len(job.shown)} more in indices.csv")
    before = f" ({job.skipped} of them before)" if job.skipped else ""
    counts = f"{job.total - job.failed} processed, {job.failed} failed{before}"
    console.print(Text(f"{counts}; results in {job.out}"))
    if job.passed_over:
        told = [f"{passed.path} ({passed.reason})" for passed in job.passed_over[:_NAMED]]
        more = len(job.passed_over) - len(told)
        listed = ", ".join(told) + (f" and {more} more" if more else "")
        console.print(Text(f"{len(job.passed_over)} passed over: {listed}"))


def _number(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float | int) else "–"
