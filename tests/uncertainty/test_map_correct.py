"""Where the image hides a part of the heart, the latent space fills it in."""

import numpy as np
import pytest

from cardiac.research.evaluation.uncertainty_measures import mean_dice
from cardiac.shape import load_shape_model
from cardiac.uncertainty.map_correct import map_correct


@pytest.fixture(scope="module")
def model():
    return load_shape_model().model


def answer(labels: np.ndarray) -> np.ndarray:
    """Probabilities (1, 4, h, w) of a network that is sure of labels (h, w)."""
    return (0.97 * (labels == np.arange(4)[:, None, None]) + 0.01)[None].astype(np.float32)


def test_a_hidden_part_is_filled_in_and_what_is_seen_stays(model):
    code = model.density.codes[100]
    whole = model.labels(code, 128)[0]
    rows, columns = np.nonzero(whole == 1)
    hidden = np.zeros(whole.shape, bool)
    hidden[: int(np.quantile(rows, 0.4)), int(np.median(columns)) :] = True
    broken = np.where(hidden, 0, whole).astype(np.uint8)
    found = map_correct(
        answer(broken), hidden[None].astype(np.float32), broken[None], model, size=128
    )
    lost = hidden & (whole > 0)
    assert (found.labels[0] == whole)[lost].mean() > 0.8
    assert mean_dice(found.labels[0], whole) > mean_dice(broken, whole)
    assert found.loss[0] <= 1


def test_a_heart_that_is_trusted_everywhere_stays_itself(model):
    labels = model.labels(model.density.codes[3], 128)
    found = map_correct(
        answer(labels[0]), np.zeros((1, 128, 128), np.float32), labels, model, size=128
    )
    assert mean_dice(found.labels[0], labels[0]) > 0.97


def test_a_frame_without_a_heart_is_left_alone(model):
    nothing = np.zeros((1, 128, 128), np.uint8)
    found = map_correct(answer(nothing[0]), np.ones((1, 128, 128), np.float32), nothing, model)
    assert np.isnan(found.codes).all()
    assert not found.labels.any()
    assert found.labels.shape == (1, 256, 256)
