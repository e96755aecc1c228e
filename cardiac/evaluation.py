"""Agreement with experts over many patients, from the functions that users call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from cardiac.clinical.volumes import Convention, single_plane_volume
from cardiac.errors import MeasurementError
from cardiac.metrics import STRUCTURE_LABELS, agreement, structure
from cardiac.segmentation.data import LabelledStill
from cardiac.sequence import EchoSequence
from cardiac.study import Study

PHASES = ("ED", "ES")


@dataclass(frozen=True)
class Evaluation:
    """Figures of one evaluation.

    Attributes:
        patients: Number of patients.
        frames: One row per patient, view, phase and structure: dice, hausdorff_mm, surface_mm.
        volumes: One row per patient and view: volumes and EF of network and expert.
        summary: Means over patients, by structure and phase.
        agreement: Bias, mean absolute error and correlation of each volume and of EF.
    """

    patients: int
    frames: list[dict[str, Any]]
    volumes: list[dict[str, Any]]
    summary: list[dict[str, Any]] = field(default_factory=list)
    agreement: list[dict[str, Any]] = field(default_factory=list)


def evaluate(
    stills: Iterable[LabelledStill],
    process: Callable[[EchoSequence], Study],
    convention: Convention = Convention.ASE,
) -> Evaluation:
    """Process every still as a user would and compare with the expert's mask.

    Args:
        stills: Images with expert masks.
        process: ``cardiac.process`` with models and settings bound.
        convention: Of the volumes.
    """
    frames: list[dict[str, Any]] = []
    volumes: dict[tuple[str, str], dict[str, Any]] = {}
    for still in stills:
        study = process(EchoSequence(still.image[None], spacing=still.spacing))
        key = {"patient": still.patient, "view": still.view}
        for name in STRUCTURE_LABELS:
            result = agreement(
                structure(study.masks[0], name), structure(still.mask, name), still.spacing
            )
            frames.append(key | {"phase": still.phase, "structure": name} | asdict(result))
        row = volumes.setdefault((still.patient, still.view), dict(key))
        for who, mask in (("network", study.masks[0]), ("expert", still.mask)):
            row[f"{who}_{still.phase.lower()}v_ml"] = _volume(mask, still, convention)
    rows = list(volumes.values())
    for row in rows:
        for who in ("network", "expert"):
            row[f"{who}_ef_percent"] = _ef(row.get(f"{who}_edv_ml"), row.get(f"{who}_esv_ml"))
    count = len({row["patient"] for row in rows})
    return Evaluation(count, frames, rows, _summary(frames), _agreement(rows))


def _volume(mask: Any, still: LabelledStill, convention: Convention) -> float | None:
    try:
        return single_plane_volume(mask, still.spacing, convention=convention)
    except MeasurementError:
        return None


def _ef(edv: float | None, esv: float | None) -> float | None:
    if edv is None or esv is None or edv <= 0:
        return None
    return 100 * (edv - esv) / edv


def _summary(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for name in STRUCTURE_LABELS:
        for phase in PHASES:
            chosen = [f for f in frames if f["structure"] == name and f["phase"] == phase]
            row: dict[str, Any] = {"structure": name, "phase": phase, "n": len(chosen)}
            for metric in ("dice", "hausdorff_mm", "surface_mm"):
                values = [f[metric] for f in chosen if f[metric] is not None]
                row[metric] = float(np.mean(values)) if values else None
                row[f"{metric}_missing"] = len(chosen) - len(values)
            row["dice_worst"] = min((f["dice"] or 0.0 for f in chosen), default=None)
            rows.append(row)
    return rows


def _agreement(volumes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for name in ("edv_ml", "esv_ml", "ef_percent"):
        pairs = [
            (row.get(f"network_{name}"), row.get(f"expert_{name}"))
            for row in volumes
        ]
        rows.append({"index": name} | compare([p for p in pairs if None not in p], len(pairs)))
    return rows


def compare(pairs: list[tuple[Any, Any]], total: int) -> dict[str, Any]:
    """Bias, limits of agreement (Bland and Altman 1986), mean absolute error and Pearson's r.

    Args:
        pairs: (measured, true) where both exist.
        total: How many there should be.
    """
    result: dict[str, Any] = {"n": len(pairs), "missing": total - len(pairs)}
    if len(pairs) < 2:
        return result | dict.fromkeys(("bias", "sd", "mae", "r"))
    measured, true = np.asarray(pairs, dtype=float).T
    error = measured - true
    varied = measured.std() > 0 and true.std() > 0
    return result | {
        "bias": float(error.mean()),
        "sd": float(error.std(ddof=1)),
        "mae": float(np.abs(error).mean()),
        "r": float(np.corrcoef(measured, true)[0, 1]) if varied else None,
    }
