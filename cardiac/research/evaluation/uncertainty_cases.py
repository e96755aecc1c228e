"""Cases of an evaluation of uncertainty: experts' stills, cines with known truth, OOD images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cardiac.clinical import measure_indices
from cardiac.research.data import VIEWS, labelled_stills, patients_of, photographs
from cardiac.research.evaluation.uncertainty import EvaluationCase, known_values
from cardiac.sequence import EchoSequence
from cardiac.types import ByteArray

if TYPE_CHECKING:
    from cardiac.research.phantom import CineSpec

STILLS = {"4CH": "stills A4C", "2CH": "stills A2C"}
CORRUPTED, CLEAN = "corrupted cines", "clean cines"
UNSEEN_PHOTOGRAPHS = ("camera", "motorcycle_left", "retina", "ihc", "cell", "hubble_deep_field")
"""Pictures of scikit-image that no training has seen."""
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class CasePlan:
    """A case, or a patient's two views, made when it is needed.

    Attributes:
        name: Unique name of the case.
        made_of: Everything that its pixels depend on, in words.
        frames: How many frames it has.
        make: Makes it.
    """

    name: str
    made_of: str
    frames: int
    make: Callable[[], list[EvaluationCase]]


def plans(
    data: Path | None,
    split: str,
    manifest: Path,
    *,
    cines: Path,
    cache: Path | None,
    limit: int | None = None,
) -> list[CasePlan]:
    """Stills of a split, then the corrupted and the clean cines of a list.

    Args:
        data: Folder of CAMUS patients in NIfTI; without it there are neither stills nor cines
            of real texture.
        split: Of the manifest, for the stills.
        manifest: CSV with the columns patient and split.
        cines: List of cines; those whose masks are corrupted are left out.
        cache: Folder where made cines are kept.
        limit: At most so many of each of the three groups, spread evenly over the list.
    """
    from cardiac.research.phantom import read_manifest

    specs = [s for s in read_manifest(cines) if not s.mask_corruptions]
    if data is None:
        specs = [s for s in specs if not s.patient]
    chosen = [
        *spread([s for s in specs if s.corruptions], limit),
        *spread([s for s in specs if not s.corruptions], limit),
    ]
    cine_plans = [_cine_plan(spec, data, cache) for spec in chosen]
    if data is None:
        return cine_plans
    patients = spread(patients_of(split, manifest), limit)
    return [*(_still_plan(data, patient) for patient in patients), *cine_plans]


def spread(items: Sequence[_Item], limit: int | None) -> list[_Item]:
    """At most ``limit`` items, evenly over the list, the first and the last among them."""
    if limit is None or limit >= len(items):
        return list(items)
    places = np.linspace(0, len(items) - 1, limit).round().astype(int)
    return [items[place] for place in places]


def _still_plan(data: Path, patient: str) -> CasePlan:
    return CasePlan(
        f"{patient} stills", f"{patient} both views", 4, lambda: still_cases(data, patient)
    )


def _cine_plan(spec: CineSpec, data: Path | None, cache: Path | None) -> CasePlan:
    return CasePlan(spec.id, str(spec), spec.n_frames, lambda: [cine_case(spec, data, cache)])


def still_cases(data: Path, patient: str) -> list[EvaluationCase]:
    """ED and ES of each view of a patient, as sequences of two frames; four-chamber first."""
    cases = []
    stills = labelled_stills(data, [patient])
    for name, group in groupby(stills, lambda still: still.view):
        pair = list(group)
        if len(pair) != 2:
            continue
        truth = np.stack([still.mask for still in pair])
        images, spacing = np.stack([still.image for still in pair]), pair[0].spacing
        sequence = EchoSequence(images, spacing, view=VIEWS[name], ed_frames=(0,), es_frames=(1,))
        true = measure_indices(truth, spacing, ed_frames=(0,), es_frames=(1,))
        cases.append(
            EvaluationCase(
                f"{patient} {name}", STILLS[name], patient, sequence, truth, true,
                known_values(true),
            )
        )  # fmt: skip
    return cases


def cine_case(spec: CineSpec, data: Path | None, cache: Path | None) -> EvaluationCase:
    """A cine of the list, made or taken from the cache."""
    from cardiac.research.phantom import cached_cine

    cine = cached_cine(spec, data, cache)
    true = measure_indices(
        cine.masks, cine.spacing, cine.times, ed_frames=cine.ed_frames, es_frames=cine.es_frames
    )
    values = known_values(true) | {"lv_ef_percent": cine.ef_percent}
    group = CORRUPTED if spec.corruptions else CLEAN
    patient = spec.patient or spec.id
    return EvaluationCase(spec.id, group, patient, cine.sequence, cine.masks, true, values)


def ood_cases() -> Iterator[tuple[str, ByteArray]]:
    """(kind, grey image) of noise and pictures that no training has seen."""
    rng = np.random.default_rng(99)
    for _ in range(5):
        yield "noise", rng.integers(0, 255, (200, 260)).astype(np.uint8)
    for picture in photographs(UNSEEN_PHOTOGRAPHS):
        yield "photographs", picture
