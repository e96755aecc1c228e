"""What every training run does alike: who is held out, how fast it learns, what it keeps."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def held_out(patients: Sequence[str], share: float) -> set[str]:
    """Every so-many-th patient, so that a share of them is kept from training.

    The same share keeps out the same patients, whatever is trained.
    """
    return set(patients[:: round(1 / share)]) if share else set()


def learning_rate_share(progress: float, warm: float, decay: float) -> float:
    """Share of the peak learning rate at ``progress`` in [0, 1]: a trapezium."""
    rise = min(1.0, progress / warm) if warm > 0 else 1.0
    return rise * min(1.0, max(0.0, (1 - progress) / decay))


def save_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint that appears whole or not at all."""
    import torch

    aside = path.with_suffix(".part")
    torch.save(dict(state), aside)
    aside.replace(path)


def log_row(path: Path, columns: Sequence[str], row: Mapping[str, object]) -> None:
    """Add a row to a log in CSV; a new one begins with its columns."""
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        if file.tell() == 0:
            writer.writeheader()
        writer.writerow(row)
