"""Shapes to learn from: experts' masks as normal forms, and mixtures of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.frame import LA, LV, MYO
from cardiac.errors import MeasurementError, SettingsError
from cardiac.geometry import CanonicalGrid, Mask, Spacing
from cardiac.research.data import labelled_stills, patients_of
from cardiac.research.training.loop import held_out
from cardiac.shape.expert_shapes import left_out
from cardiac.shape.normal import to_normal
from cardiac.shape.outline import extract
from cardiac.types import Array

VIEW_OF = {"4CH": "A4C", "2CH": "A2C"}
"""Names of views by those in the files of CAMUS."""


@dataclass(frozen=True, eq=False, slots=True)
class TrainingShapes:
    """Whole outlines with what is known of them.

    Attributes:
        outlines: (n, POINTS, 2) in canonical pixels.
        normal: (n, 2 POINTS) their normal forms.
        attributes: (n, 7).
        phase: (n,) 0 at end-diastole, 1 at end-systole; NaN where unknown.
        patient: (n,) whose heart it is.
        view: (n,) name of the view; shapes of one patient and view may be mixed into a beat.
        remainder: (n,) fraction of the masks' pixels that the outlines leave out.
    """

    outlines: Array
    normal: Array
    attributes: Array
    phase: Array
    patient: npt.NDArray[np.str_]
    view: npt.NDArray[np.str_]
    remainder: Array

    def __len__(self) -> int:
        return len(self.outlines)

    def draw(self, n: int, mix: float, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        """Normal forms (n, 2 POINTS), attributes (n, 7) and phases (n,) to learn from.

        Each shape is somewhere between two of the same patient and view, so that the way
        from end-diastole to end-systole is learnt; a share ``mix`` is then mixed with
        another patient's.
        """
        a = self._between(n, rng)
        b = self._between(n, rng)
        weight = np.where(rng.random(n) < mix, rng.uniform(0, 0.5, n), 0.0)
        row = weight[:, None]
        return a[0] + row * (b[0] - a[0]), a[1] + row * (b[1] - a[1]), a[2] + weight * (b[2] - a[2])

    def _between(self, n: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        first = rng.integers(len(self), size=n)
        second = _partners(np.char.add(self.patient, self.view))[first]
        # Most of the weight lies at the shapes that were really drawn by an expert.
        share = np.where(rng.random(n) < 0.5, 0.0, rng.random(n))
        row = share[:, None]
        return (
            self.normal[first] + row * (self.normal[second] - self.normal[first]),
            self.attributes[first] + row * (self.attributes[second] - self.attributes[first]),
            self.phase[first] + share * (self.phase[second] - self.phase[first]),
        )


def _partners(group: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    """For each shape the next one of its group, in a circle."""
    order = np.argsort(group, kind="stable")
    _, start, count = np.unique(group[order], return_index=True, return_counts=True)
    follower = np.arange(len(group)) + 1
    follower[start + count - 1] = start
    partner = np.empty(len(group), dtype=np.intp)
    partner[order] = order[follower]
    return partner


def shapes_of(
    masks: Iterable[Mask],
    phase: npt.ArrayLike,
    patient: Iterable[str],
    view: Iterable[str] | None = None,
) -> TrainingShapes:
    """Training shapes of label maps (H, W); those that lack a structure are left out.

    Outlines are followed on the masks' own pixels, which have to be square.

    Args:
        masks: Label maps.
        phase: (n,) 0 at end-diastole, 1 at end-systole; NaN where unknown.
        patient: Whose they are.
        view: Names of their views; four-chamber if None.

    Raises:
        SettingsError: None of them is whole.
    """
    found = [_outline(mask) for mask in masks]
    kept = np.array([each is not None for each in found], dtype=bool)
    if not kept.any():
        raise SettingsError("no mask shows ventricle, wall and atrium")
    whole = np.stack([each[0] for each in found if each is not None])
    normal, attributes = to_normal(whole)
    views = ["A4C"] * len(kept) if view is None else list(view)
    return TrainingShapes(
        whole,
        normal.reshape(len(whole), -1),
        attributes,
        np.asarray(phase, dtype=float)[kept],
        np.array(list(patient))[kept],
        np.array(views)[kept],
        np.array([each[1] for each in found if each is not None]),
    )


def _outline(mask: Mask) -> tuple[Array, float] | None:
    """Whole outline (POINTS, 2) in canonical pixels of a label map, and what it leaves out."""
    with suppress(MeasurementError):
        points = extract(mask)
        if np.isfinite(points).all():
            pixels = np.array([[np.count_nonzero(mask == label) for label in (LV, MYO, LA)]])
            grid = CanonicalGrid.fit((mask.shape[0], mask.shape[1]))
            return grid.points_to_canonical(points), float(left_out(points[None], pixels)[0])
    return None


def canonical_mask(mask: Mask, spacing: Spacing | None) -> Mask:
    """One label map (H, W) on the canonical grid."""
    return CanonicalGrid.fit((mask.shape[0], mask.shape[1]), spacing).majority_labels(mask)


def expert_shapes(data: Path, manifest: Path, holdout: float = 0.0) -> TrainingShapes:
    """Shapes of the training patients, every ``1 / holdout``-th of them left out."""
    patients = patients_of("train", manifest)
    held = held_out(patients, holdout)
    stills = list(labelled_stills(data, [p for p in patients if p not in held]))
    return shapes_of(
        (still.mask for still in stills),
        [{"ED": 0.0, "ES": 1.0}[still.phase] for still in stills],
        [still.patient for still in stills],
        [VIEW_OF[still.view] for still in stills],
    )


def expert_masks(data: Path, manifest: Path, split: str) -> Mask:
    """Experts' masks (n, 256, 256) of a split of CAMUS on the canonical grid.

    Raises:
        SettingsError, UnreadableFileError: See `patients_of` and `labelled_stills`.
    """
    stills = labelled_stills(data, patients_of(split, manifest))
    return np.stack([canonical_mask(still.mask, still.spacing) for still in stills])
