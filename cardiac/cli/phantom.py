"""``cardiac phantom``: cines with known truth, written as NIfTI with their masks and numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from cardiac.research.phantom import CineSpec, PhantomCine


def phantom_command(
    *,
    out: Path = Path("out/phantom"),
    view: str = "A4C",
    frames: int = 50,
    frame_rate: float = 50.0,
    seed: int = 0,
    corrupt: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    patient: str = "",
    manifest: Path | None = None,
    data: Path | None = None,
    sheet: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Make cines with known truth: synthetic, or of real texture from a CAMUS patient.

    Writes for each the cine and its true masks as NIfTI, the truth of every frame as CSV and
    the truth of the beat as JSON.

    Args:
        out: Folder for the files.
        view: A4C or A2C.
        frames: Number of frames.
        frame_rate: Frames a second.
        seed: Everything random comes from it.
        corrupt: Corruptions with their grade, such as shadow:2 speckle:1; see
            cardiac.research.phantom.
        patient: A CAMUS patient whose two expert-masked images are to be made a cine.
        manifest: CSV of cines to make instead; see data_manifests/benchmark_quick.csv.
        data: Folder of CAMUS patients in NIfTI, for real texture; CARDIAC_DATA if not given.
        sheet: Only write phantom.png, frames of three synthetic cines to look at.
    """
    from rich.console import Console
    from rich.progress import track

    from cardiac.cli.benchmark import camus_folder
    from cardiac.research.phantom import CineSpec, make_cine, read_manifest, save_sheet
    from cardiac.research.phantom.manifest import REAL, SYNTHETIC

    console = Console(stderr=True)
    if sheet:
        console.print(str(save_sheet(out / "phantom.png")), markup=False, highlight=False)
        return 0
    if manifest is not None:
        specs = read_manifest(manifest)
    else:
        kind = REAL if patient else SYNTHETIC
        name = f"{patient or 'synthetic'}-{view}-{seed}"
        requests = "+".join(corrupt or ())
        specs = (CineSpec(name, kind, patient, "", view, seed, frames, frame_rate, requests),)
    shown = track(specs, "making", console=console, disable=not console.is_terminal)
    for spec in shown:
        write_cine(make_cine(spec, camus_folder(data)), spec, out)
    console.print(f"{len(specs)} cines in {out}", markup=False, highlight=False)
    return 0


def write_cine(cine: PhantomCine, spec: CineSpec, folder: Path) -> list[Path]:
    """Write a cine with all that is true of it; returns the files.

    Raises:
        OutputError: The folder cannot be written.
    """
    from dataclasses import asdict

    from cardiac.io.files import write_atomically
    from cardiac.io.write import write_float_map, write_mask
    from cardiac.research.benchmark import write_csv

    stem = folder / cine.name
    paths = [Path(f"{stem}{end}") for end in (".nii.gz", "_gt.nii.gz", "_frames.csv", ".json")]
    write_float_map(paths[0], cine.frames, cine.sequence, "grey levels of a phantom")
    write_mask(paths[1], cine.masks, cine.sequence)
    write_csv(paths[2], frame_rows(cine))
    truth = {
        "spec": asdict(spec),
        "ef_percent": cine.ef_percent,
        "ed_frames": cine.ed_frames,
        "es_frames": cine.es_frames,
        "heart_rate_bpm": cine.heart_rate_bpm,
        "spacing_mm": cine.spacing,
    }
    write_atomically(paths[3], (json.dumps(truth, indent=2) + "\n").encode())
    return paths


def frame_rows(cine: PhantomCine) -> list[dict[str, Any]]:
    """The truth of every frame: time, volume, attributes, landmarks in pixels."""
    rows = []
    for t, points in enumerate(cine.landmarks.tolist()):
        row: dict[str, Any] = {"frame": t, "time_s": float(cine.times[t])}
        row["lv_volume_ml"] = float(cine.volumes_ml[t])
        row |= {name: float(values[t]) for name, values in cine.attributes.items()}
        for name, (r, c) in zip(("left", "right", "apex"), points, strict=True):
            row |= {f"{name}_row": r, f"{name}_column": c}
        rows.append(row)
    return rows
