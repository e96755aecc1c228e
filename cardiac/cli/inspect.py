"""``cardiac inspect``: look at a run, edit its masks, decide on its cases."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def inspect_command(
    folder: Path,
    /,
    *,
    port: int = 0,
    reviewer: str = "",
    browser: bool = True,
    source: Annotated[list[Path] | None, Parameter(negative="")] = None,
    export: Path | None = None,
    reviewed_only: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Look at a run in the browser, edit its masks and decide on its cases.

    The page answers this machine only, at an address with a token that is printed. Nothing in
    the run is changed: edited masks and the audit log go into its folder review/.

    Args:
        folder: What cardiac process wrote.
        port: Port on 127.0.0.1; a free one if 0.
        reviewer: Name for the audit log; the name of your account if not given.
        browser: Open the browser.
        source: The inputs, or folders of them, where they are not where the run read them.
        export: Write masks and tables as they stand after the review into this folder, and end.
        reviewed_only: Export only the cases that were decided on.
    """
    if export is not None:
        return _export(folder, export, source or [], reviewed_only=reviewed_only)
    from cardiac.apps.viewer import ViewerSettings, serve

    def ready(address: str) -> None:
        sys.stdout.write(f"{address}\nPress Ctrl+C to end.\n")
        sys.stdout.flush()
        if browser:
            webbrowser.open(address)

    token = os.environ.get("CARDIAC_VIEWER_TOKEN", "")
    settings = ViewerSettings(port, token, reviewer)
    serve(folder, settings, sources=source or [], known=_known(folder), ready=ready)
    return 0


def _export(folder: Path, out: Path, source: list[Path], *, reviewed_only: bool) -> int:
    from cardiac.apps.viewer import export_reviewed
    from cardiac.results import RunFolder

    run = RunFolder(folder, source, _known(folder))
    files = export_reviewed(run, out, reviewed_only=reviewed_only)
    sys.stdout.write(f"{len(files)} files in {out}\n")
    return 0


def _known(folder: Path) -> dict[str, str]:
    """Where the input of each case lies, from the database, if there is one."""
    from cardiac.apps.batch.database import RunDatabase
    from cardiac.errors import OutputError

    try:
        with RunDatabase(folder) as database:
            return {entry.id: entry.input for entry in database.entries()}
    except OutputError:
        return {}
