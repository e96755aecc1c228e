"""Runs: ``cardiac process``, ``report``, ``status``, ``verify``, ``info`` and ``manifest``."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import cyclopts
from cyclopts import Parameter

from cardiac.apps.batch.settings import BatchSettings
from cardiac.errors import CardiacError, SettingsError
from cardiac.sequence import View
from cardiac.settings import ProcessSettings

if TYPE_CHECKING:
    from cardiac.io import InputItem

manifest = cyclopts.App(name="manifest", help="Make and check lists of cines.")
_INTERRUPTED = 130
_TOLD = 20

Frames = Annotated[list[int] | None, Parameter(consume_multiple=True, negative="")]
Numbers = Annotated[list[float] | None, Parameter(consume_multiple=True, negative="")]


def process_command(
    inputs: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path,
    view: Literal["A4C", "A2C", "A3C"] | None = None,
    ed: Frames = None,
    es: Frames = None,
    spacing: Numbers = None,
    frame_interval: float | None = None,
    height: float | None = None,
    weight: float | None = None,
    settings: Annotated[ProcessSettings, Parameter(name="*")] = ProcessSettings(),  # noqa: B008
    batch: Annotated[BatchSettings, Parameter(name="*")] = BatchSettings(),  # noqa: B008
) -> int:
    """Segment apical echo cines and write masks, clinical indices and pictures.

    Run again on the same folder, it skips what is done and unchanged and goes on where it was
    cut short; cases of other inputs stay beside the new ones.

    Args:
        inputs: Files, folders or manifests (CSV or Parquet).
        out: Folder for the results.
        view: Of a single input: A4C, A2C or A3C, over what its file says.
        ed: Of a single input: its end-diastolic frames, counted from 0.
        es: Of a single input: its end-systolic frames, counted from 0.
        spacing: Of a single input: height and width of a pixel in mm, or one number for both.
        frame_interval: Of a single input: time from frame to frame in ms.
        height: Of a single input: the patient's height in cm.
        weight: Of a single input: the patient's weight in kg.
        settings: See configs/process.yaml.
        batch: How the work is done.
    """
    from cardiac.apps.batch.job import ProcessJob
    from cardiac.apps.export.labels import write_labels
    from cardiac.cli.console import print_interrupted, print_summary, watching

    job = ProcessJob(out, settings, batch=batch)
    items = job.find(inputs)
    stated = {
        "view": view and View(view),
        "ed_frames": ed and tuple(ed),
        "es_frames": es and tuple(es),
        "spacing": _spacing(spacing),
        "frame_time_s": _positive("--frame-interval", frame_interval, 0.001),
        "height_m": _positive("--height", height, 0.01),
        "weight_kg": _positive("--weight", weight),
    }
    items = _stated(items, {name: value for name, value in stated.items() if value is not None})
    verbose = logging.getLogger().isEnabledFor(logging.INFO)
    with watching(job, len(items), verbose=verbose) as advance:
        try:
            for case in job.run(items):
                advance(case)
        except KeyboardInterrupt:
            interrupted = True
        else:
            interrupted = False
    if interrupted:
        print_interrupted(job, len(items))
        return _INTERRUPTED
    job.finish()
    write_labels(out)
    print_summary(job)
    return job.exit_code


def _stated(items: list[InputItem], stated: dict[str, object]) -> list[InputItem]:
    """A single input with what the command line states of it."""
    if not stated:
        return items
    if len(items) != 1:
        raise SettingsError(
            f"{_option(next(iter(stated)))} is for a single input, and there are {len(items)}.",
            hint="Say it of each in a manifest: cardiac manifest build.",
        )
    return [replace(items[0], **stated)]  # type: ignore[arg-type]


def _option(field: str) -> str:
    named = {"frame_time_s": "frame-interval", "height_m": "height", "weight_kg": "weight"}
    return "--" + named.get(field, field.removesuffix("_frames"))


def _positive(option: str, value: float | None, factor: float = 1.0) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise SettingsError(f"{option} is {value:g}, but must be positive.")
    return None if value is None else value * factor


def _spacing(numbers: list[float] | None) -> tuple[float, float] | None:
    if not numbers:
        return None
    if len(numbers) > 2:
        raise SettingsError("--spacing takes height and width of a pixel in mm, or one for both.")
    for number in numbers:
        _positive("--spacing", number)
    return numbers[0], numbers[-1]


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


def status_command(folder: Path, /, *, failed: bool = False) -> int:
    """Tell how many cases are done, failed and to do, and how far a run has come.

    It may be asked while the run is going on.

    Args:
        folder: Output folder of cardiac process.
        failed: Name every case that failed, with its reason.
    """
    from rich.console import Console

    from cardiac.apps.batch.database import RunDatabase, State

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
        if others := database.earlier(run["run"]):
            console.print(f"  {others} more cases are of earlier runs, and stay in the tables")
        if lacking := database.uncertified(run["run"]):
            console.print(f"  {lacking} of the done lack a certificate")
        errors = list(database.entries(State.FAILED, run["run"]))
        for entry in errors if failed else errors[:_TOLD]:
            console.print(f"  failed {entry.id} (attempt {entry.attempt}): {entry.error}")
        if len(errors) > _TOLD and not failed:
            kinds = Counter(type(entry.error).__name__ for entry in errors)
            told = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
            console.print(f"  ... {len(errors)} in all ({told}); --failed names them")
    whole = not counts[State.FAILED] and not counts[State.WAITING] and not counts[State.RUNNING]
    return 0 if whole else 1


def verify_command(
    folder: Path,
    /,
    *,
    inputs: bool = False,
    source: Annotated[list[Path] | None, Parameter(negative="")] = None,
    store: str = "",
) -> int:
    """Hash every result again and name what is missing, altered, unfinished or nobody's.

    Edited masks and the audit log in review/ are looked at too. Exit code 0 if all is well, 1 if
    not. To make good what is found, remove an altered file and run cardiac process again.

    Args:
        folder: Output folder of cardiac process.
        inputs: Hash the inputs again too.
        source: The inputs, or folders of them, where they are not where the run read them.
        store: URL of the store that the files of the cases went to, if they did.
    """
    from rich.console import Console

    from cardiac.apps.batch.verify import verify

    console = Console(highlight=False, markup=False, soft_wrap=True)
    count = 0
    for finding in verify(folder, inputs=inputs, sources=source or (), store=store):
        case = f" (case {finding.case})" if finding.case not in ("", finding.path) else ""
        console.print(f"{finding.kind}: {finding.path}{case}")
        count += 1
    console.print(f"{count} findings" if count else "all results are whole and unaltered")
    return 1 if count else 0


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


@manifest.command
def build(folder: Path, /, *, out: Path | None = None) -> int:
    """List the cines of a CAMUS, EchoNet, DICOM or other tree as a manifest.

    The view comes from the DICOM tags, else from the file's name, else it is unknown. Correct the
    list by hand where need be and give it to cardiac process.

    Args:
        folder: The tree.
        out: CSV file to write; standard output if left out. Paths in it are relative to its folder.
    """
    from cardiac.io import write_atomically
    from cardiac.io.manifest_build import build_manifest, manifest_csv

    base = out.parent if out is not None else Path.cwd()
    rows = build_manifest(folder, base)
    text = manifest_csv(rows)
    if out is None:
        sys.stdout.write(text)
    else:
        write_atomically(out, text.encode())
    views = sorted({row["view"] for row in rows})
    counts = ", ".join(f"{sum(row['view'] == view for row in rows)} {view}" for view in views)
    sys.stderr.write(f"{len(rows)} cines ({counts})\n")
    return 0


@manifest.command
def check(list_: Path, /) -> int:
    """Tell every error of a manifest, with its line. Exit code 0 if there is none, 1 if some.

    Args:
        list_: CSV or Parquet file.
    """
    from cardiac.io.manifest import check_manifest

    faults = check_manifest(list_)
    for fault in faults:
        sys.stdout.write(f"{list_}: {fault.message}\n")
    sys.stdout.write(f"{len(faults)} errors\n" if faults else "no errors\n")
    return 1 if faults else 0
