"""From the shipped weights to every table of the README.

    python pipelines/weights_to_tables.py CAMUS_FOLDER [--quick]

Each table is written below ``out/``. Without ``--quick`` this takes some two hours on two cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cardiac.cli.app import run


def measure(camus: Path, *, quick: bool) -> None:
    """Measure the network, the correction, the latent space, the uncertainty and the speed."""
    data = ["--data", str(camus)]
    short = ["--quick"] if quick else []
    # The network alone, and corrected, against the experts' masks of patients it never saw.
    run("evaluate", *data, "--split", "valid", "--no-correct", "--out", "out/network")
    run("evaluate", *data, "--split", "valid", "--out", "out/corrected")
    # The correction against other methods, on cines whose truth is known.
    run("benchmark", "--config", "configs/benchmark.yaml", *data, *short)
    # The latent space: what encoding and decoding loses, and what drawing from it gives.
    run("shape", "evaluate", *data, "--split", "valid", "--baseline")
    run("shape", "traverse", "--out", "out/shape_traverse.png")
    # The uncertainty: maps, scores and intervals against known errors.
    run("evaluate", "uncertainty", *data, *short)
    run("benchmark", "speed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("camus", type=Path)
    parser.add_argument("--quick", action="store_true", help="a dozen cines instead of all")
    given = parser.parse_args()
    measure(given.camus, quick=given.quick)
