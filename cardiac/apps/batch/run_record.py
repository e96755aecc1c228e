"""``run.json``: what ran, on what, with which settings and how long."""

from __future__ import annotations

import json
import platform
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cardiac
from cardiac.apps.batch.fingerprint import library_versions
from cardiac.apps.batch.ledger import Ledger, State
from cardiac.io import write_atomically

if TYPE_CHECKING:
    from cardiac.segmentation.segmenter import Segmenter


def engine_of(segmenter: Segmenter) -> dict[str, Any]:
    """Weights, engine and precision of a loaded network."""
    weights, predictor = segmenter.weights, segmenter.predictor
    return {
        "weights": {weights.path.name: weights.sha256},
        "engine": predictor.name,
        "precision": str(predictor.precision),
    }


def write_run_record(folder: Path, ledger: Ledger, run: dict[str, Any]) -> Path:
    """Write ``run.json`` into the output folder.

    Args:
        folder: Output folder.
        ledger: Its ledger.
        run: The run as :meth:`Ledger.last_run` tells it.

    Raises:
        OutputError: It cannot be written.
    """
    engine = run["engine"] or ledger.last_engine() or {}
    record = {
        "cardiac": cardiac.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": library_versions(),
        "weights": engine.get("weights", {}),
        "engine": engine.get("engine"),
        "precision": engine.get("precision"),
        "settings": run["settings"],
        "settings_sha256": run["settings_hash"],
        "run": run["run"],
        "started": run["started"],
        "ended": run["ended"],
        "seconds": _seconds(run),
        "exit_code": run["exit_code"],
        "cases": [
            {
                "id": entry.id,
                "input": entry.input,
                "sha256": entry.sha256 or None,
                "status": "ok" if entry.state is State.DONE else str(entry.state),
                "frames": entry.frames,
                "seconds": None if entry.seconds is None else round(entry.seconds, 3),
                "attempts": entry.attempt,
            }
            for entry in ledger.entries(run["run"])
        ],
    }
    path = folder / "run.json"
    write_atomically(path, (json.dumps(record, indent=2) + "\n").encode())
    return path


def _seconds(run: dict[str, Any]) -> float | None:
    if run["ended"] is None:
        return None
    ended, started = (datetime.fromisoformat(run[key]) for key in ("ended", "started"))
    return round((ended - started).total_seconds(), 3)
