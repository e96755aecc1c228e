"""``cardiac info``: what a file holds, and what it does not."""

from __future__ import annotations

import sys
from pathlib import Path


def info_command(files: list[Path], /, *, region: str = "", draw: Path | None = None) -> int:
    """Print what was understood of every file: frames, calibration, time, view, notes.

    Args:
        files: Images, cines or CAMUS patient folders.
        region: Where the echo is, "top,left,bottom,right" in pixels (the last two excluded), or
            "whole"; it overrules what is found in the picture.
        draw: PNG to draw the sector in, over the middle frame: as stored, and as it is used. Of
            several files, the last.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from cardiac.errors import CardiacError
    from cardiac.io import describe, read
    from cardiac.io.region import WHOLE, parse_region
    from cardiac.report.sector import save_sector_picture

    console, failed = Console(), False
    told = parse_region(region) if region else None
    for path in files:
        try:
            sequence = read(path, told)
            facts = describe(sequence)
            if draw is not None:
                save_sector_picture(draw, read(path, WHOLE), sequence)
        except CardiacError as error:
            sys.stderr.write(f"cardiac: {error}\n")
            failed = True
            continue
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in facts.items():
            table.add_row(Text(name, "bold"), Text(value))
        console.print(table)
    return int(failed)
