from __future__ import annotations

import numpy as np
import pytest

from cardiac.segmentation.view import (
    FRAMES,
    ViewClassifier,
    ViewEstimate,
    classify_view,
    view_reason,
    with_view,
)
from cardiac.segmentation.view_network import CLASSES, FLIPPED
from cardiac.sequence import EchoSequence, View
from cardiac.states import Triage, ViewSource


@pytest.fixture(scope="module")
def classifier():
    return ViewClassifier.load()


def estimate(*probabilities):
    p = np.array(probabilities, float)
    return ViewEstimate(p, np.array([0]), p[None])


def speckle(seed=0, shape=(3, 200, 260)):
    return np.random.default_rng(seed).integers(0, 120, shape).astype(np.uint8)


def test_the_mirrored_picture_has_the_same_probabilities_on_the_other_side(classifier, cine):
    straight = classify_view(cine)
    turned = classify_view(cine.replace(frames=np.ascontiguousarray(cine.frames[:, :, ::-1])))
    np.testing.assert_allclose(
        turned.probabilities, straight.probabilities[list(FLIPPED)], atol=1e-6
    )


def test_probabilities_are_probabilities_of_few_frames(cine):
    found = classify_view(cine)
    assert found.probabilities.sum() == pytest.approx(1)
    assert found.frame_probabilities.shape == (FRAMES, len(CLASSES))
    np.testing.assert_allclose(found.frame_probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_apical_view(seed):
    found = classify_view(EchoSequence(speckle(seed)))
    assert found.view is View.UNKNOWN
    assert found.mirrored is None


def test_brightness_does_not_change_the_view(cine):
    dim = cine.replace(frames=(cine.frames // 2).astype(np.uint8))
    a, b = classify_view(cine).probabilities, classify_view(dim).probabilities
    assert np.abs(a - b).max() < 0.2


def test_the_sides_of_a_view_are_taken_together():
    found = estimate(0.1, 0.5, 0.2, 0.15, 0.05)
    assert found.view is View.A4C and found.mirrored
    assert found.probability == pytest.approx(0.6)
    assert found.probability_of(View.A2C) == pytest.approx(0.35)


def test_a_stated_view_is_kept_and_its_contradiction_told():
    stated = EchoSequence(speckle(), view=View.A4C, view_source=ViewSource.TAG)
    shown = estimate(0.01, 0.01, 0.97, 0.01, 0.0)
    assert with_view(stated, shown).view is View.A4C
    level, reason = view_reason(stated, shown)
    assert level is Triage.REVIEW and reason.code == "view_contradicted"
    assert view_reason(stated, estimate(0.9, 0.05, 0.05, 0, 0)) is None


def test_a_view_that_nobody_states_comes_from_the_picture_if_that_is_sure():
    silent = EchoSequence(speckle())
    told = with_view(silent, estimate(0.01, 0.01, 0.02, 0.96, 0.0))
    assert told.view is View.A2C and told.view_source is ViewSource.IMAGE
    unsure = estimate(0.5, 0.0, 0.4, 0.1, 0.0)
    assert with_view(silent, unsure).view is View.UNKNOWN
    assert view_reason(silent, unsure)[0] is Triage.REVIEW


def test_another_view_is_rejected():
    level, reason = view_reason(EchoSequence(speckle()), estimate(0, 0, 0.01, 0.01, 0.98))
    assert level is Triage.REJECT and reason.code == "other_view"


def test_camus_views_and_a_parasternal_clip(data):
    from cardiac.io import read

    right = 0
    for patient in range(1, 9):
        folder = data / "camus" / f"patient{patient:04d}"
        for view, name in ((View.A4C, "4CH"), (View.A2C, "2CH")):
            found = classify_view(read(folder / f"{folder.name}_{name}_ED.nii.gz"))
            right += found.view is view and found.mirrored is False
    assert right >= 15
    assert classify_view(read(data / "dicom" / "paediatric_plax.dcm")).view is View.UNKNOWN
