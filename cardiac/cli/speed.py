"""``cardiac benchmark speed``: how long the main job takes on this machine."""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cardiac.segmentation.predictors import Precision
from cardiac.settings import ProcessSettings

ALL = ProcessSettings()
_SILENT = {"pictures": False, "videos": False, "report": False}
PARTS = {
    "without_pages": ALL.model_copy(update=_SILENT),
    "certified_only": ALL.model_copy(update=_SILENT | {"assess": False}),
    "masks_and_indices": ALL.model_copy(update=_SILENT | {"assess": False, "correct": False}),
}
"""Less and less of the main job: no pictures and pages, no uncertainty, no correction."""


def speed(*, frames: int = 200, repeats: int = 3, out: Path = Path("out/benchmark")) -> int:
    """Time the main job on a synthetic 256×256 cine, warm, from reading to files.

    Args:
        frames: Length of the cine.
        repeats: Timed runs; the median is shown.
        out: Folder for speed.json.
    """
    from rich.console import Console

    from cardiac.apps.batch.worker import cores

    figures: dict[str, Any] = {
        "machine": f"{platform.machine()}, {cores()} cores",
        "cine": f"{frames} frames of 256×256",
        "help_s": _time_command([sys.executable, "-m", "cardiac.cli", "--help"], repeats),
        "demo_s": _demo_seconds(repeats),
    }
    with tempfile.TemporaryDirectory() as folder:
        cine = _write_cine(Path(folder), frames)
        for precision in (Precision.AUTO, Precision.FLOAT32):
            figures[f"frames_per_s_{precision}"] = _throughput(cine, ALL, precision, repeats)
        for name, settings in PARTS.items():
            figures[f"frames_per_s_{name}"] = _throughput(cine, settings, Precision.AUTO, repeats)
    figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.mkdir(parents=True, exist_ok=True)
    (out / "speed.json").write_text(json.dumps(figures, indent=2) + "\n")
    for name, value in figures.items():
        shown = f"{value:.2f}" if isinstance(value, float) else value
        Console().print(f"{name:24} {shown}", highlight=False)
    return 0


def _write_cine(folder: Path, frames: int) -> Path:
    """A synthetic cine, repeated to the length that is asked for, as a NIfTI file."""
    import nibabel as nib
    import numpy as np

    from cardiac.research.phantom import synthetic_cine

    cine = synthetic_cine(n_frames=50, size=(256, 256), seed=0)
    array = np.resize(cine.frames, (frames, 256, 256)).transpose(2, 1, 0)
    image = nib.nifti1.Nifti1Image(np.ascontiguousarray(array), np.eye(4))
    image.header.set_zooms((cine.spacing[1], cine.spacing[0], 0.02))
    image.header.set_xyzt_units("mm", "sec")
    path = folder / "cine.nii.gz"
    nib.loadsave.save(image, path)
    return path


def _throughput(cine: Path, settings: ProcessSettings, precision: Precision, repeats: int) -> float:
    """Frames per second of the main job, models loaded, one run before to warm up."""
    from cardiac.apps.batch.job import ProcessJob

    segmentation = settings.segmentation.model_copy(update={"precision": precision})
    settings = settings.model_copy(update={"segmentation": segmentation})
    from cardiac.pipeline import Models

    models = Models.load(segmentation)
    rates = []
    for turn in range(repeats + 1):
        with tempfile.TemporaryDirectory() as folder:
            job = ProcessJob(Path(folder), settings, models)
            items = job.find([cine])
            started = time.perf_counter()
            cases = list(job.run(items))
            job.finish()
            if turn:
                rates.append(cases[0].frames / (time.perf_counter() - started))
    return statistics.median(rates)


def _demo_seconds(repeats: int) -> float | None:
    """Seconds from prompt to files of pydicom's cine; None where pydicom has it not."""
    from pydicom.data import get_testdata_file

    sample = get_testdata_file("examples_ybr_color.dcm", download=False)
    if sample is None:
        return None
    times = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            job = ["process", str(sample), "--out", f"{folder}/demo"]
            times.append(_time_command([sys.executable, "-m", "cardiac.cli", *job], 1))
    return statistics.median(times)


def _time_command(command: list[str], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return statistics.median(times)
