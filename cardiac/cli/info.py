"""``cardiac info``: what a file holds, and what it does not."""

from __future__ import annotations

import sys
from pathlib import Path


def info_command(files: list[Path], /) -> int:
    """Print what was understood of every file: frames, calibration, time, view, notes.

    Args:
        files: Images, cines or CAMUS patient folders.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from cardiac.errors import CardiacError
    from cardiac.io import describe, read

    console, failed = Console(), False
    for path in files:
        try:
            facts = describe(read(path))
        except CardiacError as error:
            sys.stderr.write(f"cardiac: {error}\n")
            failed = True
            continue
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in facts.items():
            table.add_row(Text(name, "bold"), Text(value))
        console.print(table)
    return int(failed)
