"""What a person sees while a job runs and when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.process import Case

MAX_ROWS = 40


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[Case], None]]:
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

        def advance(case: Case) -> None:
            bar.update(task, advance=1, description=case.item.id[:32])
            if case.error is not None:
                bar.console.print(
                    f"failed: {case.error}", style="red", markup=False, highlight=False
                )

        yield advance


def print_summary(cases: list[Case], out: Path) -> None:
    """A table of what was measured and what failed, and where the files are."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title="cardiac process (not for clinical use)")
    for name in (
        "id",
        "view",
        "frames",
        "EDV mL",
        "ESV mL",
        "EF %",
        "FAC %",
        "certified",
        "status",
    ):
        table.add_column(
            name, justify="left" if name in ("id", "view", "cert.", "status") else "right"
        )
    for case in cases[:MAX_ROWS]:
        row = case.index_row
        numbers = (
            _number(row.get(key))
            for key in ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent", "lv_fac_percent")
        )
        status = Text("ok") if case.error is None else Text("failed", "red")
        table.add_row(
            Text(case.item.id),
            str(row.get("view", "")),
            str(case.frames or ""),
            *numbers,
            ("yes" if row["certified"] else "no") if case.error is None else "",
            status,
        )
    console = Console()
    console.print(table)
    if len(cases) > MAX_ROWS:
        console.print(f"... and {len(cases) - MAX_ROWS} more in indices.csv")
    failed = sum(case.error is not None for case in cases)
    console.print(Text(f"{len(cases) - failed} processed, {failed} failed; results in {out}"))


def _number(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float | int) else "–"
