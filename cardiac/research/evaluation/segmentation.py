"""Agreement with experts over many patients, from the functions that users call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any

import numpy as np

from cardiac.anatomy.overlap import REGIONS, region
from cardiac.clinical import Convention, Indices, combine_views, measure_indices
from cardiac.geometry import Mask, Spacing
from cardiac.research.data import VIEWS, LabelledStill
from cardiac.research.evaluation.metrics import agreement
from cardiac.sequence import EchoSequence, View
from cardiac.study import Study

PHASES = ("ED", "ES")
BIPLANE = "biplane"
COMPARED = ("lv_edv_ml", "lv_esv_ml", "lv_ef_percent")
Pair = dict[str, tuple[LabelledStill, Mask]]


@dataclass(frozen=True)
class Evaluation:
    """Figures of one evaluation.

    Attributes:
        patients: Number of patients.
        frames: One row per patient, view, phase and structure: dice, hausdorff_mm, surface_mm.
        volumes: One row per patient and view, and one of both together: volumes and EF of
            network and expert.
        summary: Means over patients, by view, structure and phase.
        agreement: Bias, mean absolute error and correlation of each volume and of EF, by view
            and for both together (biplane).
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
    *,
    mirrored: bool = False,
) -> Evaluation:
    """Process every still as a user would and compare with the expert's mask.

    Args:
        stills: Images with expert masks.
        process: ``cardiac.process`` with models and settings bound.
        convention: Of the volumes.
        mirrored: Show every image and its mask from the other side.
    """
    frames: list[dict[str, Any]] = []
    pairs: dict[tuple[str, View], Pair] = {}
    for still in stills:
        shown = still.mirrored() if mirrored else still
        view = VIEWS[still.view]
        study = process(EchoSequence(shown.image[None], spacing=still.spacing, view=view))
        for name in REGIONS:
            result = agreement(
                region(study.masks[0], name), region(shown.mask, name), still.spacing
            )
            key = {"patient": still.patient, "view": str(view), "phase": still.phase}
            frames.append(key | {"structure": name} | asdict(result))
        pairs.setdefault((still.patient, view), {})[still.phase] = (shown, study.masks[0])
    volumes = _volumes(pairs, convention)
    count = len({row["patient"] for row in volumes})
    return Evaluation(count, frames, volumes, _summary(frames), _agreement(volumes))


def _volumes(
    pairs: Mapping[tuple[str, View], Pair], convention: Convention
) -> list[dict[str, Any]]:
    """Volumes and EF of network and expert, of each view and of both views together."""
    rows: list[dict[str, Any]] = []
    measured: dict[str, dict[View, tuple[Indices, Indices]]] = {}
    for (patient, view), pair in pairs.items():
        if set(pair) != set(PHASES):
            continue
        ours = _indices([pair[p][1] for p in PHASES], pair["ED"][0].spacing, view, convention)
        theirs = [pair[p][0].mask for p in PHASES]
        both = (ours, _indices(theirs, pair["ED"][0].spacing, view, convention))
        measured.setdefault(patient, {})[view] = both
        rows.append(_row(patient, str(view), *both))
    for patient, views in measured.items():
        if set(views) == set(VIEWS.values()):
            four, two = views[View.A4C], views[View.A2C]
            combined = (combine_views(a, b) for a, b in zip(four, two, strict=True))
            rows.append(_row(patient, BIPLANE, *combined))
    return rows


def _row(patient: str, view: str, ours: Indices, theirs: Indices) -> dict[str, Any]:
    row: dict[str, Any] = {"patient": patient, "view": view}
    for who, indices in (("network", ours), ("expert", theirs)):
        values = indices.numbers()
        row |= {f"{who}_{name.removeprefix('lv_')}": values.get(name) for name in COMPARED}
    return row


def _indices(
    masks: Sequence[Mask], spacing: Spacing | None, view: View, convention: Convention
) -> Indices:
    """Indices of an ED and an ES still of the same patient, which may differ in size."""
    height, width = (max(m.shape[axis] for m in masks) for axis in (0, 1))
    stack = np.stack(
        [np.pad(m, ((0, height - m.shape[0]), (0, width - m.shape[1]))) for m in masks]
    )
    return measure_indices(
        stack, spacing, view=view, ed_frames=(0,), es_frames=(1,), convention=convention
    )


def _summary(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    seen = dict.fromkeys(f["view"] for f in frames)
    for view, name, phase in product(seen, REGIONS, PHASES):
        key = {"view": view, "structure": name, "phase": phase}
        chosen = [f for f in frames if key.items() <= f.items()]
        row: dict[str, Any] = key | {"n": len(chosen)}
        for metric in ("dice", "hausdorff_mm", "surface_mm"):
            values = [f[metric] for f in chosen if f[metric] is not None]
            row[metric] = float(np.mean(values)) if values else None
            row[f"{metric}_missing"] = len(chosen) - len(values)
        row["dice_worst"] = min((f["dice"] or 0.0 for f in chosen), default=None)
        rows.append(row)
    return rows


def _agreement(volumes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for view in dict.fromkeys(row["view"] for row in volumes):
        for name in (n.removeprefix("lv_") for n in COMPARED):
            pairs = [
                (row[f"network_{name}"], row[f"expert_{name}"])
                for row in volumes
                if row["view"] == view
            ]
            found = compare([p for p in pairs if None not in p], len(pairs))
            rows.append({"view": view, "index": name} | found)
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
