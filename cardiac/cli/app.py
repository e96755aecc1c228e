"""The command line: ``cardiac <job>``. Thin: every job lives in its own file."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import cyclopts
from cyclopts import Parameter

import cardiac
from cardiac.errors import CardiacError

USAGE_ERROR = 2


def _wrong_usage(error: cyclopts.CycloptsError) -> object:
    from rich.segment import Segment, Segments

    from cardiac.cli.settings import wrong_usage

    return Segments([Segment(f"cardiac: {wrong_usage(error)}\n")])  # not folded


app = cyclopts.App(
    name="cardiac",
    help="Masks, clinical indices and pictures from apical echo cines. Not for clinical use.",
    version=cardiac.__version__,
    help_format="plaintext",
    result_action="return_value",
    error_formatter=_wrong_usage,
)
train = cyclopts.App(name="train", help="Train a model on your own data.")
app.command(train)
app.command(
    "cardiac.cli.run:process_command",
    name="process",
    help="Segment cines and write masks, clinical indices and pictures.",
)
app.command(
    "cardiac.cli.run:report_command",
    name="report",
    help="Make the page of a run anew.",
)
app.command(
    "cardiac.cli.run:status_command",
    name="status",
    help="Tell where a batch stands.",
)
app.command(
    "cardiac.cli.run:verify_command",
    name="verify",
    help="Prove that results are whole and unaltered.",
)
app.command(
    "cardiac.cli.inspect:inspect_command",
    name="inspect",
    help="Look at a run in the browser, edit its masks and decide on its cases.",
)
app.command(
    "cardiac.cli.run:manifest",
    name="manifest",
    help="Make and check lists of cines.",
)
app.command(
    "cardiac.cli.masks:check_command",
    name="check",
    help="Hold masks against the anatomical criteria and the temporal bounds.",
)
app.command(
    "cardiac.cli.masks:correct_command",
    name="correct",
    help="Make masks anatomically valid and temporally consistent, and certify them.",
)
app.command(
    "cardiac.cli.export:export_command",
    name="export",
    help="Write a run's results as DICOM Segmentations and reports, FHIR, and label names.",
)
app.command(
    "cardiac.cli.run:info_command",
    name="info",
    help="Print what a file holds: frames, calibration, time, view.",
)
app.command(
    "cardiac.cli.evaluate:app",
    name="evaluate",
    help="Compare with the expert masks of a CAMUS folder.",
)
app.command(
    "cardiac.cli.calibrate:calibrate_command",
    name="calibrate",
    help="Refit intervals and triage bounds to your own cases.",
)
app.command(
    "cardiac.cli.phantom:phantom_command",
    name="phantom",
    help="Make cines with known truth.",
)
app.command(
    "cardiac.cli.benchmark:app",
    name="benchmark",
    help="Measure methods against known truth, and the speed of this machine.",
)
app.command(
    "cardiac.cli.shape:app",
    name="shape",
    help="Look at the latent space of hearts: traverse, interpolate, sample, evaluate.",
)
train.command(
    "cardiac.cli.train:train_segmentation",
    name="segmentation",
    help="Train the segmentation network.",
)
train.command(
    "cardiac.cli.train_shape:train_shape",
    name="shape",
    help="Train the shape model.",
)
train.command(
    "cardiac.cli.train_view:train_view",
    name="view",
    help="Train the view network.",
)
train.command(
    "cardiac.cli.train_uncertainty:train_uncertainty",
    name="uncertainty",
    help="Train the error-detection network and CRISP, and calibrate the intervals.",
)


@app.meta.default
def launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    config: Path | None = None,
    verbose: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Run one job.

    Args:
        tokens: The job and its arguments.
        config: YAML file with the job's settings; what is given on the command line wins. Those of
            this project are found by their name from any folder, such as configs/process.yaml.
        verbose: Tell what is done step by step.
    """
    logging.basicConfig(format="%(levelname)s %(message)s")
    logging.getLogger().setLevel(logging.INFO if verbose else logging.WARNING)
    app.config = ()
    if config is not None:
        from cardiac.cli.settings import settings_file
        from cardiac.resources import packaged

        app.config = settings_file(packaged(config))
    try:
        return int(app(tokens) or 0)
    finally:
        app.config = ()


def run(*tokens: str) -> int:
    """Run one job from Python, as its line on a terminal would.

    Returns:
        Its exit code: 0 done, 1 inputs failed, 3 all done but some masks are not certified.

    Raises:
        CardiacError: It cannot be done.
    """
    return int(app.meta(list(tokens), result_action="return_value"))


def main() -> None:
    """Entry point of the console script. Exit codes: 0 done, 1 inputs failed, 2 wrong usage."""
    try:
        code = app.meta(result_action="return_value")
    except CardiacError as error:
        sys.stderr.write(f"cardiac: {error}\n")
        code = USAGE_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("cardiac: interrupted\n")
        code = 130
    raise SystemExit(code)
