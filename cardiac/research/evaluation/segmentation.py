"""Agreement with experts over many patients, from the functions that users call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from cardiac.anatomy.overlap import REGIONS, region
from cardiac.clinical import Convention, measure_indices
from cardiac.geometry import Mask
from cardiac.research.data import LabelledStill
from cardiac.research.evaluation.metrics import agreement
from cardiac.sequence import EchoSequence
from cardiac.study import Study

PHASES = ("ED", "ES")
COMPARED = ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent")


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
    pairs: dict[tuple[str, str], dict[str, tuple[LabelledStill, Mask]]] = {}
    for still in stills:
        study = process(EchoSequence(still.image[None], spacing=still.spacing))
        for name in REGIONS:
            result = agreement(
                region(study.masks[0], name), region(still.mask, name), still.spacing
            )
            key = {"patient": still.patient, "view": still.view, "phase": still.phase}
            frames.append(key | {"structure": name} | asdict(result))
        pairs.setdefault((still.patient, still.view), {})[still.phase] = (still, study.masks[0])
    volumes = [
        {"patient": patient, "view": view} | _volumes(found, convention)
        for (patient, view), found in pairs.items()
    ]
    count = len({row["patient"] for row in volumes})
    return Evaluation(count, frames, volumes, _summary(frames), _agreement(volumes))


def _volumes(
    found: dict[str, tuple[LabelledStill, Mask]], convention: Convention
) -> dict[str, float | None]:
    """Volumes and EF of network and expert from an ED and an ES still of the same patient."""
    row: dict[str, float | None] = {}
    for who in ("network", "expert"):
        values: dict[str, float | None] = {}
        if set(found) == set(PHASES):
            pair = [found[p][1] if who == "network" else found[p][0].mask for p in PHASES]
            height, width = (max(m.shape[axis] for m in pair) for axis in (0, 1))
            masks = np.stack(
                [np.pad(m, ((0, height - m.shape[0]), (0, width - m.shape[1]))) for m in pair]
            )
            values = measure_indices(
                masks, found["ED"][0].spacing, ed_frames=(0,), es_frames=(1,), convention=convention
            ).numbers()
        row |= {f"{who}_{name.removeprefix('lv_')}": values.get(name) for name in COMPARED}
    return row


def _summary(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for name in REGIONS:
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
    for name in (n.removeprefix("lv_") for n in COMPARED):
        pairs = [(row.get(f"network_{name}"), row.get(f"expert_{name}")) for row in volumes]
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
