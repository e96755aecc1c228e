"""``cardiac report``: the page of a run, made anew from its results."""

from __future__ import annotations

from pathlib import Path


def report_command(folder: Path, /) -> int:
    """Write report.html, and the pages of the cases of a large run, from the results in a folder.

    Nothing is computed again: what the pages show was kept when the cases were processed.

    Args:
        folder: Output folder of cardiac process.
    """
    from rich.console import Console

    from cardiac.report.page import write_report

    pages = write_report(folder, anew=True)
    more = f" and {len(pages) - 1} pages of cases" if len(pages) > 1 else ""
    Console(highlight=False, markup=False, soft_wrap=True).print(f"wrote {pages[0]}{more}")
    return 0
