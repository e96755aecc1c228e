"""Which cines a benchmark holds: the rule behind the manifests in ``data_manifests``."""

from __future__ import annotations

from collections.abc import Sequence

from cardiac.research.phantom.corruptions import CORRUPTIONS
from cardiac.research.phantom.grades import GRADES
from cardiac.research.phantom.manifest import REAL, SYNTHETIC, CineSpec
from cardiac.research.phantom.mask_corruptions import MASK_CORRUPTIONS

COMBINED = (
    "speckle:1+clutter:1+gain:1",
    "jitter:1+speckle:2+shadow:2",
    "low_frame_rate:1+blur:2+clutter:2",
    "jitter:2+speckle:2+shadow:3+gain:2+dropout:1",
)
"""Image corruptions that go together, from ordinary to very bad."""


def real_plan(patients: Sequence[str], split: str, each: int, first_seed: int) -> list[CineSpec]:
    """Every patient clean, then every corruption and grade on ``each`` of them in turn."""
    specs = [_real(patient, split, first_seed + k, "", "") for k, patient in enumerate(patients)]
    hard = [f"{name}:{grade}" for name in CORRUPTIONS for grade in GRADES] + list(COMBINED)
    failed = [f"{name}:{grade}" for name in MASK_CORRUPTIONS for grade in GRADES]
    turn = 0
    for request, masks in [(r, "") for r in hard] + [("", r) for r in failed]:
        for _ in range(each):
            patient = patients[turn % len(patients)]
            specs.append(_real(patient, split, first_seed + 1000 + turn, request, masks))
            turn += 1
    return specs


def synthetic_plan(first_seed: int = 0) -> list[CineSpec]:
    """Cines that need no data: both views, clean, corrupted and with failed masks."""
    kinds = [("", ""), *((r, "") for r in COMBINED), ("", "holes:2+islands:2"), ("", "jump:3")]
    specs = []
    for k, (request, masks) in enumerate(kinds):
        for view in ("A4C", "A2C"):
            name = f"synthetic-{view}-{k}"
            specs.append(
                CineSpec(name, SYNTHETIC, "", "", view, first_seed + k, 60, 50.0, request, masks)
            )
    return specs


def quick_plan(patients: Sequence[str], first_seed: int) -> list[CineSpec]:
    """A dozen short cines that touch every kind of difficulty once."""
    kinds = [("", "")] * 4 + [(r, "") for r in COMBINED]
    kinds += [("", "missing_base:2"), ("", "leaking_atrium:2"), ("", "bite:2"), ("", "jump:2")]
    return [
        _real(patients[k % len(patients)], "valid", first_seed + k, request, masks)
        for k, (request, masks) in enumerate(kinds)
    ]


def _real(
    patient: str, split: str, seed: int, images: str, masks: str, *, frames: int = 60
) -> CineSpec:
    what = images or (f"mask-{masks}" if masks else "clean")
    name = f"{patient}-{what}".replace(":", "").replace("+", "-")
    return CineSpec(name, REAL, patient, split, "A4C", seed, frames, 50.0, images, masks)
