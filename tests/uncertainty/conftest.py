"""One cine with the network's answer, and estimators with the shipped weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from cardiac.geometry import Mask
from cardiac.segmentation.segmenter import Segmentation, Segmenter
from cardiac.sequence import EchoSequence
from cardiac.uncertainty import Estimator, MethodName, UncertaintySettings, load_uncertainty


class Answer(NamedTuple):
    sequence: EchoSequence
    segmentation: Segmentation
    masks: Mask


@pytest.fixture(scope="session")
def answer(segmenter: Segmenter) -> Answer:
    """A synthetic cine of eight frames and what the network says of it."""
    from cardiac.research.phantom import synthetic_cine

    sequence = synthetic_cine(n_frames=8, seed=5, frame_rate=10).sequence
    found = segmenter.segment(sequence)
    return Answer(sequence, found, found.masks)


@pytest.fixture(scope="session")
def weights():
    return load_uncertainty()


@pytest.fixture(scope="session")
def estimators(segmenter: Segmenter, weights) -> dict[MethodName, Estimator]:
    """Every method."""
    return {
        method: Estimator(
            UncertaintySettings(method=method, samples=3), weights, segmenter, fast=False
        )
        for method in MethodName
    }


def part(answer: Answer, frames: list[int]) -> Answer:
    """Some frames of an answer, as if there were no others."""
    return Answer(
        answer.sequence.replace(frames=answer.sequence.frames[frames].copy(), times=None),
        Segmentation(
            answer.masks[frames].copy(),
            answer.segmentation.logits[frames].copy(),
            answer.segmentation.grid,
            answer.segmentation.levels,
        ),
        answer.masks[frames].copy(),
    )


def nothing(answer: Answer) -> Answer:
    """The same images, in which the network finds no heart."""
    logits = np.zeros_like(answer.segmentation.logits)
    logits[:, 0] = 8
    masks = np.zeros_like(answer.masks)
    found = answer.segmentation
    return Answer(answer.sequence, Segmentation(masks, logits, found.grid, found.levels), masks)
