"""``cardiac train view``: the view network, with progress on the screen."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cardiac.research.training.view import TrainViewSettings


def train_view(settings: Annotated[TrainViewSettings, Parameter(name="*")]) -> int:
    """Train the view network on a CAMUS folder with both views; an unfinished run is resumed.

    Args:
        settings: See configs/train_view.yaml.
    """
    from rich.console import Console
    from rich.progress import Progress

    from cardiac.research.training.view import train

    console = Console()
    with Progress(console=console) as progress:
        task = progress.add_task("reading pictures", total=settings.epochs)

        def show(row: dict[str, float]) -> None:
            progress.update(task, completed=row["epoch"], description=f"loss {row['loss']:.3f}")

        weights = train(settings, show)
    console.print(f"weights: {weights}\nlog: {settings.out / 'log.csv'}")
    return 0
