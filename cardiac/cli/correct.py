"""``cardiac correct``: certified masks from masks of any tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cardiac.cli.check import judged, report

if TYPE_CHECKING:
    from cardiac.correction.certificate import Certificate
    from cardiac.geometry import Mask
    from cardiac.sequence import EchoSequence


def correct_command(
    masks: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path,
    profile: str = "published",
    frame_interval_ms: float | None = None,
) -> int:
    """Make masks anatomically valid and steady in time, and certify them.

    Writes OUT/masks/ID.nii.gz on each mask's own grid, certificate.csv and certificate.json.
    Masks that are certified as they are keep every pixel. Exit code 0: all are certified; 1:
    one is not, or could not be read.

    Args:
        masks: Mask sequences in NIfTI or MetaImage, or folders of them, with or without the
            left atrium.
        out: Folder for the results.
        profile: Bounds of the criteria: published, camus, or a JSON file.
        frame_interval_ms: Time between frames where the files do not say, or say it wrong.
    """
    from cardiac.anatomy import load_profile
    from cardiac.correction import correct_masks
    from cardiac.io import write_mask

    bounds = load_profile(profile)

    def correct(
        name: str, frames: Mask, geometry: EchoSequence, interval: float | None
    ) -> Certificate:
        corrected = correct_masks(frames, geometry.spacing, interval, profile=bounds)
        write_mask(out / "masks" / f"{name}.nii.gz", corrected.masks, geometry)
        return corrected.after

    return report(judged(masks, frame_interval_ms, correct), out, "cardiac correct")
