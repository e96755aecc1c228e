"""``cardiac train``: the training jobs, with progress on the screen."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cardiac.research.training.segmentation import TrainSegmentationSettings


def train_segmentation(settings: Annotated[TrainSegmentationSettings, Parameter(name="*")]) -> int:
    """Train the segmentation network on a CAMUS folder; an unfinished run is resumed.

    Args:
        settings: See configs/train_segmentation.yaml.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from cardiac.research.training.segmentation import train

    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("training", total=settings.epochs)

        def show(row: dict[str, float]) -> None:
            dice = " ".join(f"{k[5:]} {v:.3f}" for k, v in row.items() if k.startswith("dice_"))
            progress.update(
                task, completed=row["epoch"], description=f"loss {row['loss']:.3f} {dice}".strip()
            )

        weights = train(settings, show)
    console.print(f"weights: {weights}\nlog: {settings.out / 'log.csv'}")
    return 0
