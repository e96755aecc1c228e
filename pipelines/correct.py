"""``cardiac correct``: certified masks from masks of any tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cardiac.errors import CardiacError
from pipelines.check import Verdict, mask_files, report, seconds


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
    from cardiac.io.masks import read_mask

    bounds, found = load_profile(profile), mask_files(masks)
    given = seconds(frame_interval_ms)
    results = []
    for name, path in found:
        try:
            frames, geometry = read_mask(path)
            interval = given or geometry.frame_interval_s
            corrected = correct_masks(frames, geometry.spacing, interval, profile=bounds)
            write_mask(out / "masks" / f"{name}.nii.gz", corrected.masks, geometry)
            results.append(Verdict(name, corrected.after))
        except CardiacError as error:
            results.append(Verdict(name, error=error))
    return report(results, out, "cardiac correct")
