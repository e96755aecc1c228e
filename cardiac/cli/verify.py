"""``cardiac verify``: are the results still what they were?"""

from __future__ import annotations

from pathlib import Path


def verify_command(folder: Path, /, *, inputs: bool = False, store: str = "") -> int:
    """Hash every result again and name what is missing, altered, unfinished or nobody's.

    Exit code 0 if all is well, 1 if not. To make good what is found, remove an altered file and
    run cardiac process again.

    Args:
        folder: Output folder of cardiac process.
        inputs: Hash the inputs again too.
        store: URL of the store that the files of the cases went to, if they did.
    """
    from rich.console import Console

    from cardiac.apps.batch.verify import verify

    console = Console(highlight=False, markup=False, soft_wrap=True)
    count = 0
    for finding in verify(folder, inputs=inputs, store=store):
        case = f" (case {finding.case})" if finding.case not in ("", finding.path) else ""
        console.print(f"{finding.kind}: {finding.path}{case}")
        count += 1
    console.print(f"{count} findings" if count else "all results are whole and unaltered")
    return 1 if count else 0
