import numpy as np
import pytest

from cardiac.errors import InvalidPixelsError
from cardiac.labels import Label
from cardiac.segmentation.predictors import Engine, Precision, load_predictor
from cardiac.segmentation.segmenter import Segmenter, canonical_images
from cardiac.sequence import EchoSequence


def dice(a, b) -> float:
    return 2 * (a & b).sum() / max(1, a.sum() + b.sum())


def test_masks_lie_on_the_sequences_own_grid(segmenter, cine):
    result = segmenter.segment(cine)
    assert result.masks.shape == cine.frames.shape
    assert result.masks.dtype == np.uint8
    assert set(np.unique(result.masks)) <= {label.value for label in Label}


def test_a_synthetic_ventricle_is_found_in_every_frame(segmenter, cine):
    masks = segmenter.segment(cine).masks
    assert (np.count_nonzero(masks == Label.LV, axis=(1, 2)) > 50).all()


def test_the_result_does_not_depend_on_the_batch(segmenter, cine):
    doubled = cine.replace(frames=np.concatenate([cine.frames, cine.frames]), times=None)
    once, twice = segmenter.segment(cine).masks, segmenter.segment(doubled).masks
    assert (twice[: len(cine)] == once).all()
    assert (twice[len(cine) :] == once).all()


def test_brightness_of_the_display_changes_little(segmenter, cine):
    darker = cine.replace(frames=(cine.frames * 0.7).astype(np.uint8))
    a, b = segmenter.segment(cine).masks, segmenter.segment(darker).masks
    assert dice(a == Label.LV, b == Label.LV) > 0.95


def test_probabilities_sum_to_one_and_agree_with_the_masks(segmenter, cine):
    result = segmenter.segment(cine)
    probabilities = result.probabilities()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-3)
    assert (probabilities.argmax(axis=1) == result.masks).mean() > 0.99


@pytest.mark.parametrize("value", [0, 90])
def test_a_constant_image_is_refused(segmenter, value):
    frames = np.full((2, 64, 64), value, dtype=np.uint8)
    with pytest.raises(InvalidPixelsError):
        segmenter.segment(EchoSequence(frames))


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.INT8])
def test_engines_agree(segmenter, cine, precision):
    images = canonical_images(cine, cine.grid)[:6, None].astype(np.float32)
    images = (images - images.mean()) / images.std()
    fast = load_predictor(segmenter.weights, Engine.OPENVINO, precision)(images)
    slow = load_predictor(segmenter.weights, Engine.TORCH, Precision.FLOAT32)(images)
    a, b = fast.argmax(axis=1), slow.argmax(axis=1)
    least = 0.999 if precision is Precision.FLOAT32 else 0.98
    assert dice(a == Label.LV, b == Label.LV) > least


def test_the_same_input_gives_the_same_bytes(segmenter, cine):
    again = Segmenter(segmenter.weights, segmenter.predictor)
    assert segmenter.segment(cine).masks.tobytes() == again.segment(cine).masks.tobytes()
