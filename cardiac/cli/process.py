"""``cardiac process``: every input on its own, one failure never another's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cardiac.apps.batch.job import ProcessJob
from cardiac.apps.batch.settings import BatchSettings
from cardiac.settings import ProcessSettings


def process_command(
    inputs: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path,
    settings: Annotated[ProcessSettings, Parameter(name="*")] = ProcessSettings(),  # noqa: B008
    batch: Annotated[BatchSettings, Parameter(name="*")] = BatchSettings(),  # noqa: B008
) -> int:
    """Segment apical echo cines and write masks, clinical indices and pictures.

    Run again on the same folder, it skips what is done and unchanged and goes on where it was
    cut short.

    Args:
        inputs: Files, folders or manifests (CSV or Parquet).
        out: Folder for the results.
        settings: See configs/process.yaml.
        batch: How the work is done.
    """
    from cardiac.apps.export.labels import write_labels
    from cardiac.cli.console import print_summary, progress_bar

    job = ProcessJob(out, settings, batch=batch)
    items = job.find(inputs)
    with progress_bar(len(items)) as advance:
        for case in job.run(items):
            advance(case)
    job.finish()
    write_labels(out)
    print_summary(job)
    return job.exit_code
