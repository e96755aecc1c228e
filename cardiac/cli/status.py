"""``cardiac status``: where a batch stands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cardiac.apps.batch.database import RunDatabase, State

_TOLD = 20


def status_command(folder: Path, /, *, failed: bool = False) -> int:
    """Tell how many cases are done, failed and to do, and how far a run has come.

    It may be asked while the run is going on.

    Args:
        folder: Output folder of cardiac process.
        failed: Name every case that failed, with its reason.
    """
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    with RunDatabase(folder) as database:
        run = database.last_run()
        if run is None:
            console.print("no run was begun yet")
            return 0
        counts = database.counts(run["run"])
        ended = f"ended {run['ended']}" if run["ended"] else "not ended: at work, or cut short"
        console.print(f"run {run['run']}, started {run['started']}, {ended}")
        for state in State:
            console.print(f"  {state:10}{counts[state]:>8}")
        if others := database.unlisted(run["run"]):
            console.print(f"  {others} more cases were listed by earlier runs only")
        if lacking := database.uncertified(run["run"]):
            console.print(f"  {lacking} of the done lack a certificate")
        errors = list(database.entries(run["run"], State.FAILED))
        for entry in errors if failed else errors[:_TOLD]:
            assert entry.error is not None
            console.print(f"  failed {entry.id} (attempt {entry.attempt}): {entry.error}")
        if len(errors) > _TOLD and not failed:
            kinds = Counter(type(entry.error).__name__ for entry in errors)
            told = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
            console.print(f"  ... {len(errors)} in all ({told}); --failed names them")
    whole = not counts[State.FAILED] and not counts[State.WAITING] and not counts[State.RUNNING]
    return 0 if whole else 1
