"""``run.json``: what ran, on what, with which settings and how long."""

from __future__ import annotations

import hashlib
import json
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import cardiac

if TYPE_CHECKING:
    from pipelines.process import ProcessJob

LIBRARIES = ("numpy", "scipy", "torch", "monai", "openvino", "pydicom", "nibabel", "av")


def write_run_record(folder: Path, job: ProcessJob) -> Path:
    """Write ``run.json`` into the output folder."""
    assert job.segmenter is not None
    weights, predictor = job.segmenter.weights, job.segmenter.predictor
    ended = datetime.now(UTC)
    record = {
        "cardiac": cardiac.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "weights": {weights.path.name: weights.sha256},
        "engine": predictor.name,
        "precision": str(predictor.precision),
        "settings": job.settings.model_dump(mode="json"),
        "started": job.started.isoformat(timespec="seconds"),
        "seconds": round((ended - job.started).total_seconds(), 3),
        "exit_code": job.exit_code,
        "cases": [
            {
                "id": case.item.id,
                "input": str(case.item.path),
                "sha256": _hash(case.item.path),
                "status": "failed" if case.error else "ok",
                "frames": case.frames,
                "seconds": round(case.seconds, 3),
            }
            for case in job.cases
        ],
    }
    path = folder / "run.json"
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _hash(path: Path) -> str | None:
    """SHA-256 of a file; of a folder, that of its files' names and hashes; None if unreadable."""
    try:
        if path.is_dir():
            parts = [f"{p.name} {_hash(p)}" for p in sorted(path.iterdir()) if p.is_file()]
            return hashlib.sha256("\n".join(parts).encode()).hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
