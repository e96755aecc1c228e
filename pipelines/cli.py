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

app = cyclopts.App(
    name="cardiac",
    help="Masks, clinical indices and pictures from apical echo cines. Not for clinical use.",
    version=cardiac.__version__,
    help_format="plaintext",
    result_action="return_value",
)
train = cyclopts.App(name="train", help="Train a model on your own data.")
app.command(train)
app.command(
    "pipelines.process:process_command",
    name="process",
    help="Segment cines and write masks, clinical indices and pictures.",
)
app.command(
    "pipelines.info:info_command",
    name="info",
    help="Print what a file holds: frames, calibration, time, view.",
)
app.command(
    "pipelines.evaluate:evaluate_command",
    name="evaluate",
    help="Compare with the expert masks of a CAMUS folder.",
)
benchmark = cyclopts.App(name="benchmark", help="Measure speed, and methods against known truth.")
app.command(benchmark)
benchmark.command("pipelines.speed:speed", name="speed", help="Time the main job on this machine.")
train.command(
    "pipelines.train:train_segmentation",
    name="segmentation",
    help="Train the segmentation network.",
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
        config: YAML file with the job's settings; what is given on the command line wins.
        verbose: Tell what is done step by step.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(message)s"
    )
    if config is not None:
        app.config = cyclopts.config.Yaml(config, use_commands_as_keys=False, must_exist=True)
    return int(app(tokens) or 0)


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


if __name__ == "__main__":
    main()
