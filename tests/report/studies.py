"""Processed sequences made without the network: what the pages need, in a second."""

from __future__ import annotations

from functools import cache

import numpy as np

from cardiac.clinical import sequence_indices
from cardiac.correction import correct_masks
from cardiac.correction.certify import certify
from cardiac.geometry import Mask
from cardiac.research.phantom import synthetic_cine
from cardiac.research.phantom.cine import PhantomCine
from cardiac.sequence import EchoSequence, Subject
from cardiac.settings import ProcessSettings
from cardiac.study import Study
from cardiac.uncertainty.result import Uncertainty


@cache
def _made() -> PhantomCine:
    return synthetic_cine(n_frames=12, size=(128, 128), seed=3)


def phantom(n_frames: int = 12) -> tuple[EchoSequence, Mask]:
    """The first frames of a synthetic cine, and their true masks."""
    made = _made()
    assert made.sequence.times is not None
    sequence = made.sequence.replace(
        frames=made.sequence.frames[:n_frames],
        times=made.sequence.times[:n_frames],
        subject=Subject(id="Doe^Jane"),
        ed_frames=(),
        es_frames=(),
    )
    return sequence, made.masks[:n_frames].copy()


def spoilt(masks: Mask) -> Mask:
    """Masks with a loose piece of the ventricle in the third frame."""
    raw = masks.copy()
    raw[2, 4:10, 4:10] = 1
    return raw


def study_of(sequence: EchoSequence, raw: Mask, *, correct: bool = True) -> Study:
    """A study of masks that a network might have made."""
    before = certify(raw, sequence.spacing, sequence.frame_interval_s, atrium=True)
    masks, after = raw, before
    if correct:
        corrected = correct_masks(raw, sequence.spacing, sequence.frame_interval_s, atrium=True)
        masks, after = corrected.masks, corrected.after
    grid = sequence.grid
    planes = np.zeros((len(raw), grid.size // 2, grid.size // 2), np.float16)
    planes[:, 30:60, 40:80] = 0.5
    uncertainty = Uncertainty("entropy", planes, grid, np.linspace(0.1, 0.2, len(raw)))
    return Study(
        sequence,
        masks,
        raw,
        after,
        before if correct else None,
        sequence_indices(sequence, masks, attributes=after.attributes),
        ProcessSettings(correct=correct),
        uncertainty,
    )
