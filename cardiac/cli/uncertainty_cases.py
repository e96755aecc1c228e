"""What ``cardiac evaluate uncertainty`` looks at: experts' stills, cines with known truth, and
images that are no apical echo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from cardiac.research.data import LabelledStill
    from cardiac.research.evaluation.uncertainty import Case
    from cardiac.research.phantom import CineSpec

INDICES = (
    "lv_ef_percent", "lv_edv_ml", "lv_esv_ml", "lv_area_ed_cm2", "lv_area_es_cm2",
    "lv_length_ed_mm", "lv_length_es_mm", "la_area_es_cm2", "myo_area_ed_cm2",
)  # fmt: skip
STILLS, CORRUPTED, CLEAN = "stills", "corrupted cines", "clean cines"
STRANGE = ("camera", "motorcycle_left", "retina", "ihc", "cell", "hubble_deep_field")
"""Pictures of scikit-image that no training has seen."""
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Plan:
    """A case that is made when it is needed.

    Attributes:
        name: Unique name of the case.
        made_of: Everything that its pixels depend on, in words.
        frames: How many frames it has.
        make: Makes it.
    """

    name: str
    made_of: str
    frames: int
    make: Callable[[], Case]


def plans(
    data: Path | None,
    split: str,
    manifest: Path,
    *,
    cines: Path,
    cache: Path | None,
    limit: int | None = None,
) -> list[Plan]:
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
    from cardiac.research.data import patients_of
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


def _still_plan(data: Path, patient: str) -> Plan:
    return Plan(f"{patient} stills", patient, 2, lambda: still_case(data, patient))


def _cine_plan(spec: CineSpec, data: Path | None, cache: Path | None) -> Plan:
    return Plan(spec.id, str(spec), spec.n_frames, lambda: cine_case(spec, data, cache))


def still_case(data: Path, patient: str) -> Case:
    """ED and ES of a patient's four-chamber view as a sequence of two frames."""
    from cardiac.clinical import measure_indices
    from cardiac.research.data import labelled_stills
    from cardiac.research.evaluation.uncertainty import Case
    from cardiac.sequence import EchoSequence

    pair: list[LabelledStill] = list(labelled_stills(data, [patient]))[:2]
    truth = np.stack([still.mask for still in pair])
    sequence = EchoSequence(
        np.stack([still.image for still in pair]),
        pair[0].spacing, ed_frames=(0,), es_frames=(1,),
    )  # fmt: skip
    true = measure_indices(truth, pair[0].spacing, ed_frames=(0,), es_frames=(1,))
    return Case(f"{patient} stills", STILLS, patient, sequence, truth, _values(true))


def cine_case(spec: CineSpec, data: Path | None, cache: Path | None) -> Case:
    """A cine of the list, made or taken from the cache."""
    from cardiac.clinical import measure_indices
    from cardiac.research.evaluation.uncertainty import Case
    from cardiac.research.phantom import cached_cine

    cine = cached_cine(spec, data, cache)
    true = measure_indices(
        cine.masks, cine.spacing, cine.times, ed_frames=cine.ed_frames, es_frames=cine.es_frames
    )
    values = _values(true) | {"lv_ef_percent": cine.ef_percent}
    group = CORRUPTED if spec.corruptions else CLEAN
    return Case(spec.id, group, spec.patient or spec.id, cine.sequence, cine.masks, values)


def _values(indices: Any) -> dict[str, float]:
    return {n: getattr(indices, n) for n in INDICES if getattr(indices, n) is not None}


def oddities() -> Iterator[tuple[str, Any]]:
    """(kind, grey image) of noise and pictures that no training has seen."""
    from cardiac.cli.train_uncertainty import pictures

    rng = np.random.default_rng(99)
    for _ in range(5):
        yield "noise", rng.integers(0, 255, (200, 260)).astype(np.uint8)
    for picture in pictures(STRANGE):
        yield "photographs", picture
