"""Shapes to learn from: experts' masks as normal forms, and mixtures of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiac.errors import MeasurementError, SettingsError
from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask, Spacing
from cardiac.research.data import labelled_stills, patients_of
from cardiac.research.training.loop import held_out
from cardiac.shape.normal import to_normal
from cardiac.shape.outline import extract
from cardiac.types import Array


@dataclass(frozen=True, eq=False, slots=True)
class TrainingShapes:
    """Whole outlines with what is known of them.

    Attributes:
        outlines: (n, POINTS, 2) in canonical pixels.
        normal: (n, 2 POINTS) their normal forms.
        attributes: (n, 7).
        phase: (n,) 0 at end-diastole, 1 at end-systole; NaN where unknown.
        group: (n,) patient and view: shapes of one group may be mixed into a beat.
    """

    outlines: Array
    normal: Array
    attributes: Array
    phase: Array
    group: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.outlines)

    def joined(self, other: TrainingShapes) -> TrainingShapes:
        """These shapes and others."""
        return TrainingShapes(
            np.concatenate([self.outlines, other.outlines]),
            np.concatenate([self.normal, other.normal]),
            np.concatenate([self.attributes, other.attributes]),
            np.concatenate([self.phase, other.phase]),
            np.concatenate([self.group, other.group]),
        )

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
        second = _partners(self.group)[first]
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


def shapes_of(masks: Iterable[Mask], phase: npt.ArrayLike, group: Iterable[str]) -> TrainingShapes:
    """Training shapes of label maps (S, S); those that lack a structure are left out.

    Raises:
        SettingsError: None of them is whole.
    """
    outlines, kept = [], []
    for mask in masks:
        points = np.full(1, np.nan)
        with suppress(MeasurementError):
            points = (extract(mask) + 0.5) * (CANONICAL_SIZE / mask.shape[0]) - 0.5
        kept.append(bool(np.isfinite(points).all()))
        if kept[-1]:
            outlines.append(points)
    if not outlines:
        raise SettingsError("no mask shows ventricle, wall and atrium")
    whole = np.stack(outlines)
    normal, attributes = to_normal(whole)
    return TrainingShapes(
        whole,
        normal.reshape(len(whole), -1),
        attributes,
        np.asarray(phase, dtype=float)[kept],
        np.array(list(group))[kept],
    )


def canonical_mask(mask: Mask, spacing: Spacing | None) -> Mask:
    """One label map (H, W) on the canonical grid."""
    return CanonicalGrid.fit((mask.shape[0], mask.shape[1]), spacing).majority_labels(mask)


def expert_shapes(data: Path, manifest: Path, holdout: float = 0.0) -> TrainingShapes:
    """Shapes of the training patients, every ``1 / holdout``-th of them left out."""
    patients = patients_of("train", manifest)
    held = held_out(patients, holdout)
    stills = list(labelled_stills(data, [p for p in patients if p not in held]))
    phase = [{"ED": 0.0, "ES": 1.0}[still.phase] for still in stills]
    group = [f"{still.patient} {still.view}" for still in stills]
    masks = (canonical_mask(still.mask, still.spacing) for still in stills)
    return shapes_of(masks, phase, group)


def expert_masks(data: Path, manifest: Path, split: str) -> Mask:
    """Experts' masks (n, 256, 256) of a split of CAMUS on the canonical grid.

    Raises:
        SettingsError, UnreadableFileError: See `patients_of` and `labelled_stills`.
    """
    stills = labelled_stills(data, patients_of(split, manifest))
    return np.stack([canonical_mask(still.mask, still.spacing) for still in stills])
