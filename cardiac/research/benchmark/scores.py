"""What is measured of one method on one cine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cardiac.anatomy import PUBLISHED, load_profile, measure, measure_criteria
from cardiac.anatomy.attributes import Attributes
from cardiac.anatomy.overlap import REGIONS, dice, region
from cardiac.clinical import measure_indices
from cardiac.geometry import Mask
from cardiac.research.benchmark.distance import hausdorff_mm
from cardiac.research.benchmark.reference import reference_attributes
from cardiac.research.phantom import PhantomCine
from cardiac.temporal import consistency

VERSION = 2
"""Raised when any score is counted in another way."""
Scores = dict[str, float | None]
SCORES = (
    "frames",
    *(f"{what}_{name}" for what in ("dice", "hausdorff_mm") for name in REGIONS),
    "frames_lacking_a_structure",
    "invalid_frames",
    "invalid_sequence",
    "invalid_frames_camus",
    "invalid_sequence_camus",
    "inconsistent_frames",
    "inconsistent_sequence",
    "inconsistent_frames_reference",
    "inconsistent_sequence_reference",
    "edv_error_ml",
    "esv_error_ml",
    "ef_error_points",
    "ed_error_frames",
    "es_error_frames",
    "ed_error_ms",
    "es_error_ms",
)
"""Names of the scores of one cine."""


def score(masks: Mask, cine: PhantomCine, *, scale_with_interval: bool = True) -> Scores:
    """Hold masks (T, H, W) against the truth of a cine, on the cine's own grid.

    Counts are of frames (``invalid_frames``: published bounds of the twelve criteria;
    ``inconsistent_frames``: an attribute beyond its bound; with ``_reference`` by the literature's
    definitions of the attributes) or 0 and 1 for the sequence.
    Errors of volumes and EF are signed, measured less true; those of the frames of
    end-diastole and end-systole are distances to the nearest true one, averaged over beats.
    What cannot be measured is None.

    Args:
        masks: What the method gave.
        cine: The truth.
        scale_with_interval: Let the temporal bound grow with the frame interval.
    """
    attributes = measure(masks, cine.spacing)
    found: Scores = {"frames": float(len(cine))}
    found |= _overlap(masks, cine)
    found |= _anatomy(masks)
    for values, suffix in (
        (attributes.values, ""),
        (reference_attributes(masks, cine.spacing), "_reference"),
    ):
        held = consistency(
            values, cine.sequence.frame_interval_s, scale_with_interval=scale_with_interval
        )
        found[f"inconsistent_frames{suffix}"] = float(np.count_nonzero(~held.frames))
        found[f"inconsistent_sequence{suffix}"] = float(not held.consistent)
    return found | _clinical(masks, cine, attributes)


def _overlap(masks: Mask, cine: PhantomCine) -> Scores:
    """Mean Dice and mean Hausdorff distance over the frames; the latter where it exists."""
    found: Scores = {}
    lacking = np.zeros(len(cine), bool)
    for name in REGIONS:
        ours, true = region(masks, name), region(cine.masks, name)
        lacking |= ~ours.any(axis=(1, 2))
        overlaps = [dice(a, b) for a, b in zip(ours, true, strict=True)]
        distances = [hausdorff_mm(a, b, cine.spacing) for a, b in zip(ours, true, strict=True)]
        found[f"dice_{name}"] = _mean(overlaps)
        found[f"hausdorff_mm_{name}"] = _mean(distances)
    found["frames_lacking_a_structure"] = float(lacking.sum())
    return found


def _anatomy(masks: Mask) -> Scores:
    values = measure_criteria(masks)
    found: Scores = {}
    for profile, suffix in ((PUBLISHED, ""), (load_profile("camus"), "_camus")):
        invalid = ~profile.within(values).all(axis=1)
        found[f"invalid_frames{suffix}"] = float(invalid.sum())
        found[f"invalid_sequence{suffix}"] = float(invalid.any())
    return found


def _clinical(masks: Mask, cine: PhantomCine, attributes: Attributes) -> Scores:
    indices = measure_indices(masks, cine.spacing, cine.times, cine.view, attributes=attributes)
    volumes = cine.volumes_ml
    edv, esv = (float(volumes[list(f)].mean()) for f in (cine.ed_frames, cine.es_frames))
    found = {
        "edv_error_ml": _less(indices.lv_edv_ml, edv),
        "esv_error_ml": _less(indices.lv_esv_ml, esv),
        "ef_error_points": _less(indices.lv_ef_percent, cine.ef_percent),
    }
    for phase, ours, true in (
        ("ed", indices.ed_frames, cine.ed_frames),
        ("es", indices.es_frames, cine.es_frames),
    ):
        found[f"{phase}_error_frames"] = _apart(ours, true, np.arange(len(cine)))
        found[f"{phase}_error_ms"] = _apart(ours, true, 1000 * cine.times)
    return found


def _apart(
    ours: Sequence[int], true: Sequence[int], clock: npt.NDArray[np.generic]
) -> float | None:
    """Mean distance of frames to the nearest true one, in units of the clock."""
    if not ours or not true:
        return None
    gaps = np.abs(np.subtract.outer(clock[list(ours)], clock[list(true)]))
    return float(gaps.min(axis=1).mean())


def _less(measured: float | None, true: float) -> float | None:
    return None if measured is None else measured - true


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
