"""Doubtful frames are drawn anew, and the certificate says so; all others stay as they are.

Where the image hides a part of the heart, the latent space fills it in.
"""

import numpy as np
import pytest

from cardiac.correction import correct_masks
from cardiac.correction.certify import certify
from cardiac.geometry import CanonicalGrid
from cardiac.research.evaluation.uncertainty_measures import mean_dice
from cardiac.segmentation.segmenter import Segmentation
from cardiac.shape import load_shape_model
from cardiac.uncertainty import MethodName
from cardiac.uncertainty.fill import certificate_against_network, fill_in, likely_hearts
from tests.shapes import Apical
from tests.uncertainty.conftest import Answer


def test_labels_come_back_where_they_were():
    mask = Apical().mask()[None]
    for spacing in ((1.0, 1.0), (0.5, 0.8)):
        grid = CanonicalGrid.fit(mask.shape[1:], spacing)
        back = grid.labels_to_image(grid.nearest_labels(mask))
        assert back.shape == mask.shape
        assert (back == mask).mean() > 0.995


def doubtful(answer: Answer, frame: int) -> Segmentation:
    """The answer of a network that is sure of no pixel of one frame."""
    logits = answer.segmentation.logits.copy()
    logits[frame] *= 0.05
    return Segmentation(answer.masks.copy(), logits, answer.segmentation.grid)


def test_only_doubtful_frames_are_drawn_anew_and_are_told_as_replaced(answer, estimators):
    estimator, segmentation = estimators[MethodName.FUSED], doubtful(answer, 3)
    filled, drawn = fill_in(answer.sequence, segmentation, estimator)
    assert drawn[3]
    assert (filled[~drawn] == answer.masks[~drawn]).all()
    valid = certify(filled[drawn], answer.sequence.spacing).criteria.values
    assert len(valid)
    done = correct_masks(filled, answer.sequence.spacing, answer.sequence.frame_interval_s)
    told = certificate_against_network(done.after, answer.masks, done.masks, drawn, answer.sequence)
    assert told.changes.actions[3] == "replaced"
    assert told.changes.dice[3] < 1
    assert (told.changes.dice[~drawn] == done.after.changes.dice[~drawn]).all()


@pytest.fixture(scope="module")
def model():
    return load_shape_model().model


def sure_of(labels: np.ndarray) -> np.ndarray:
    """Probabilities (1, 4, h, w) of a network that is sure of labels (h, w)."""
    return (0.97 * (labels == np.arange(4)[:, None, None]) + 0.01)[None].astype(np.float32)


def test_a_hidden_part_is_filled_in_and_what_is_seen_stays(model):
    """Over several hearts: one alone may be as rare as what the latent space makes of it."""
    right, before, after = [], [], []
    for code in model.density.codes[:: len(model.density.codes) // 6]:
        whole = model.labels(code, 128)[0]
        rows, columns = np.nonzero(whole == 1)
        hidden = np.zeros(whole.shape, bool)
        hidden[: int(np.quantile(rows, 0.4)), int(np.median(columns)) :] = True
        broken = np.where(hidden, 0, whole).astype(np.uint8)
        found = likely_hearts(
            sure_of(broken), hidden[None].astype(np.float32), broken[None], model, size=128
        )
        lost = hidden & (whole > 0)
        right.append((found.labels[0] == whole)[lost].mean())
        before.append(mean_dice(broken, whole))
        after.append(mean_dice(found.labels[0], whole))
        assert found.loss[0] <= 1
    # Two thirds of what cannot be seen; without the prior it would be none of it.
    assert np.mean(right) > 2 / 3
    assert np.mean(after) > np.mean(before) + 0.02


def test_a_heart_that_is_trusted_everywhere_stays_itself(model):
    labels = model.labels(model.density.codes[3], 128)
    found = likely_hearts(
        sure_of(labels[0]), np.zeros((1, 128, 128), np.float32), labels, model, size=128
    )
    assert mean_dice(found.labels[0], labels[0]) > 0.97


def test_a_frame_without_a_heart_is_left_alone(model):
    nothing = np.zeros((1, 128, 128), np.uint8)
    found = likely_hearts(sure_of(nothing[0]), np.ones((1, 128, 128), np.float32), nothing, model)
    assert np.isnan(found.codes).all()
    assert not found.labels.any()
    assert found.labels.shape == (1, 256, 256)
