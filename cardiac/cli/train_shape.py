"""``cardiac train shape``: the shape model, with progress on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cardiac.shape.settings import TrainShapeSettings

if TYPE_CHECKING:
    from cardiac.geometry import Mask
    from cardiac.research.training.shape_data import TrainingShapes

FRAMES = 4


def train_shape(settings: Annotated[TrainShapeSettings, Parameter(name="*")]) -> int:
    """Train the shape model on a CAMUS folder and phantom cines; an unfinished run is resumed.

    Args:
        settings: See configs/train_shape.yaml.
    """
    import numpy as np
    from rich.console import Console
    from rich.progress import Progress

    from cardiac.research.training.shape import train

    console = Console()
    with Progress(console=console) as progress:
        task = progress.add_task("drawing phantoms", total=settings.epochs)

        def show(row: dict[str, float]) -> None:
            distance = np.sqrt(row["distance"])
            progress.update(task, completed=row["epoch"], description=f"off by {distance:.2f} px")

        phantoms = phantom_shapes(settings.phantoms, settings.seed) if settings.phantoms else None
        progress.update(task, description="reading masks")
        weights = train(settings, show, phantoms)
    console.print(f"weights: {weights}\nlog: {settings.out / 'log.csv'}")
    return 0


def phantom_shapes(cines: int, seed: int) -> TrainingShapes:
    """Shapes of a few frames of each of several synthetic cines, with their phase."""
    import numpy as np

    from cardiac.research.phantom import synthetic_cine
    from cardiac.research.training.shape_data import shapes_of

    masks: list[Mask] = []
    phase: list[float] = []
    group: list[str] = []
    for number in range(cines):
        view = "A4C" if number % 2 == 0 else "A2C"
        cine = synthetic_cine(view, n_frames=FRAMES, seed=seed * 1_000_003 + number)
        volume = cine.volumes_ml
        span = max(float(np.ptp(volume)), 1e-9)
        masks.extend(cine.masks)
        phase.extend((volume.max() - volume) / span)
        group.extend([f"phantom {number}"] * FRAMES)
    return shapes_of(masks, phase, group)
