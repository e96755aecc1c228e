"""The network knows hearts on both sides and in both views."""

from pathlib import Path

import numpy as np
import pytest

from cardiac.labels import STRUCTURES, Label
from cardiac.research.data import LabelledStill, labelled_stills, patients_of
from cardiac.research.phantom import synthetic_cine
from cardiac.research.training.loop import held_out
from cardiac.sequence import EchoSequence


def dice(a, b) -> float:
    return 2 * (a & b).sum() / max(1, a.sum() + b.sum())


@pytest.mark.parametrize("view", ["A4C", "A2C"])
def test_a_mirrored_cine_has_mirrored_masks(segmenter, view):
    """A phantom's texture is not tissue: what is asked is that the same heart is found."""
    cine = synthetic_cine(n_frames=4, view=view, seed=2).sequence
    turned = cine.replace(frames=np.ascontiguousarray(cine.frames[:, :, ::-1]))
    ours = segmenter.segment(cine).masks
    theirs = segmenter.segment(turned).masks[:, :, ::-1]
    for label in (Label.LV, Label.LA):
        assert dice(ours == label, theirs == label) > 0.9


@pytest.fixture(scope="module")
def held_stills(data) -> list[LabelledStill]:
    """Stills of `train` patients whom the network has not learnt from."""
    manifest = Path(__file__).parents[2] / "data_manifests" / "camus.csv"
    patients = patients_of("train", manifest)
    held = held_out(patients, 0.05)
    return list(labelled_stills(data / "camus", [p for p in patients if p in held]))


def mean_dice(segmenter, stills: list[LabelledStill]) -> dict[str, float]:
    """Mean Dice over structures and stills, by view."""
    found: dict[str, list[float]] = {}
    for still in stills:
        mask = segmenter.segment(EchoSequence(still.image[None], still.spacing)).masks[0]
        scores = [dice(mask == s, still.mask == s) for s in STRUCTURES]
        found.setdefault(still.view, []).append(float(np.mean(scores)))
    return {view: float(np.mean(values)) for view, values in found.items()}


def test_experts_agree_as_much_with_a_mirrored_picture(segmenter, held_stills):
    """Within .02, aimed at .003: the network is still better on the side that it learnt first."""
    plain = mean_dice(segmenter, held_stills)
    turned = mean_dice(segmenter, [still.mirrored() for still in held_stills])
    assert set(plain) == {"4CH", "2CH"}
    for view, score in plain.items():
        assert score > 0.87
        assert turned[view] == pytest.approx(score, abs=0.02)
