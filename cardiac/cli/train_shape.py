"""``cardiac train shape``: the shape model, with progress on the screen."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cardiac.research.training.shape_settings import TrainShapeSettings


def train_shape(settings: Annotated[TrainShapeSettings, Parameter(name="*")]) -> int:
    """Train the shape model on a CAMUS folder; an unfinished run is resumed.

    Args:
        settings: See configs/train_shape.yaml.
    """
    import numpy as np
    from rich.console import Console
    from rich.progress import Progress

    from cardiac.research.training.shape import train

    console = Console()
    with Progress(console=console) as progress:
        task = progress.add_task("reading masks", total=settings.epochs)

        def show(row: dict[str, float]) -> None:
            distance = np.sqrt(row["distance"])
            progress.update(task, completed=row["epoch"], description=f"off by {distance:.2f} px")

        weights = train(settings, show)
    console.print(f"weights: {weights}\nlog: {settings.out / 'log.csv'}")
    return 0
