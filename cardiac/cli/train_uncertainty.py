"""``cardiac train uncertainty``: CRISP, error detection and their calibration, with progress."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from cardiac.research.training.uncertainty import TrainUncertaintySettings
from cardiac.segmentation.segmenter import SegmentationSettings


def train_uncertainty(
    settings: Annotated[TrainUncertaintySettings, Parameter(name="*")],
    *,
    segmentation: Annotated[SegmentationSettings, Parameter(name="segmentation")] = (
        SegmentationSettings()  # noqa: B008
    ),
) -> int:
    """Train the uncertainty of a network on a CAMUS folder; an unfinished run is resumed.

    Args:
        settings: See configs/train_uncertainty.yaml.
        segmentation: The network whose errors are learnt.
    """
    from rich.console import Console
    from rich.progress import Progress

    from cardiac.research.training.uncertainty import train
    from cardiac.segmentation.segmenter import Segmenter

    console = Console()
    with Progress(console=console) as progress:
        total = settings.crisp_epochs + settings.fused_epochs
        task = progress.add_task("asking the network", total=total)

        def show(row: dict[str, Any]) -> None:
            progress.update(task, advance=1, description=f"{row['stage']} loss {row['loss']:.3f}")

        path = train(settings, Segmenter.load(segmentation), show)
    console.print(f"weights: {path}\nlog: {settings.out / 'log.csv'}")
    return 0
