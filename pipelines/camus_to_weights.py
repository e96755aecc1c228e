"""From a CAMUS folder to every shipped weight: the order in which the models are trained.

    python pipelines/camus_to_weights.py CAMUS_FOLDER [--out runs]

Patients are split by ``data_manifests/camus.csv``, both views of one on the same side. Every step
resumes an unfinished run. On two processor cores this takes some hours.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cardiac.cli.app import run


def train(camus: Path, out: Path) -> None:
    """Train segmentation, shape and uncertainty, each with what was trained before it."""
    data = ["--data", str(camus)]
    # The network: from grey levels to the classes of each pixel, on hearts either way round.
    run("train", "segmentation", "--config", "configs/train_segmentation.yaml", *data,
        "--out", str(out / "segmentation"))  # fmt: skip
    # The latent space: experts' outlines in normal form, seven attributes tied to dimensions.
    run("train", "shape", "--config", "configs/train_shape.yaml", *data,
        "--out", str(out / "shape"))  # fmt: skip
    # What the network gets wrong: reference embeddings, the error-detection network, and the
    # intervals, calibrated on patients that the network was not trained on.
    run("train", "uncertainty", "--config", "configs/train_uncertainty.yaml", *data,
        "--out", str(out / "uncertainty"))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("camus", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    given = parser.parse_args()
    train(given.camus, given.out)
