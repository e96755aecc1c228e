"""Training repeats itself, goes on where it was broken off, and keeps held-out patients out."""

import numpy as np
import pytest

from cardiac.research.training.calibrate import calibrate
from cardiac.research.training.conformal import with_misses
from cardiac.research.training.loop import held_out
from cardiac.research.training.ood_examples import strangers
from cardiac.research.training.uncertainty import Training, TrainUncertaintySettings
from cardiac.research.training.uncertainty_examples import Examples, make_examples
from cardiac.research.training.uncertainty_fit import without_own
from cardiac.shape import load_shape_model
from tests.shapes import Apical

PATIENTS = [f"p{n}" for n in range(6) for _ in range(2)]


def drawn(n: int, phase: int) -> np.ndarray:
    shape = Apical(tilt=6.0 * n - 30, half_width=20 + n, length=85 - 12 * phase)
    return shape.mask()


MASKS = np.stack([drawn(n, phase) for n in range(6) for phase in (0, 1)])
IMAGES = np.clip(
    np.array([20, 30, 150, 40])[MASKS] + np.random.default_rng(0).normal(0, 12, MASKS.shape), 2, 255
).astype(np.uint8)


def predict(images: np.ndarray) -> np.ndarray:
    """A network that reads the labels off the grey levels, and is never sure."""
    small = images[:, 0, ::2, ::2]
    wall = np.clip(2 * small - 1, -3, 3)
    nothing = np.zeros_like(small)
    return np.stack([nothing + 0.5, -wall, wall, nothing - 1], axis=1).astype(np.float32)


def darker(images: np.ndarray, masks: np.ndarray, seed: int) -> np.ndarray:
    return images // (2 + seed % 2)


@pytest.fixture(scope="module")
def examples() -> Examples:
    return make_examples(
        IMAGES, MASKS, PATIENTS, held_out(PATIENTS, 0.25), predict, harden=darker,
        augmented=1, hardened=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def odd(examples) -> np.ndarray:
    return strangers(examples.images, 12, [IMAGES[0]], seed=1)


def settings(out, epochs: int = 2) -> TrainUncertaintySettings:
    return TrainUncertaintySettings(
        data=out, out=out, crisp_epochs=epochs, fused_epochs=epochs, batch_size=7, augmented=1
    )


def test_examples_hold_every_still_in_every_variant(examples):
    assert len(examples) == 3 * len(MASKS)
    assert (np.bincount(examples.variant) == len(MASKS)).all()
    assert examples.held.sum() == 3 * 2 * len(held_out(PATIENTS, 0.25))
    plain = examples.variant == 0
    assert (examples.truth[plain] == MASKS[:, ::2, ::2]).mean() > 0.98


def test_strangers_are_images_and_repeat_with_their_seed(examples, odd):
    assert odd.shape == (12, 128, 128)
    assert (odd == strangers(examples.images, 12, [IMAGES[0]], seed=1)).all()
    assert (odd != strangers(examples.images, 12, [IMAGES[0]], seed=2)).any()


def test_a_run_that_was_broken_off_ends_as_an_unbroken_one(examples, odd, tmp_path):
    whole = Training(settings(tmp_path / "a"), examples, odd).run()
    stopped = _stop_after(1)
    with pytest.raises(KeyboardInterrupt):
        Training(settings(tmp_path / "b"), examples, odd, stopped).run()
    again = Training(settings(tmp_path / "b"), examples, odd).run()
    for name, value in whole.state.items():
        np.testing.assert_allclose(again.state[name], value, atol=1e-5, err_msg=name)


def _stop_after(epochs: int):
    def stop(row: dict) -> None:
        if row["epoch"] == epochs:
            raise KeyboardInterrupt

    return stop


def test_no_held_out_patient_is_in_the_bank_and_calibration_is_theirs(examples, odd, tmp_path):
    training = Training(settings(tmp_path, 1), examples, odd)
    weights = training.run()
    kept = set(examples.patient[examples.held])
    assert not kept & set(training.bank_patient)
    held = examples[np.flatnonzero(examples.held)]
    shape = load_shape_model().model
    done = calibrate(weights, held, shape, ordinary=2)
    known = with_misses(done, examples, [f"p{n}" for n in range(6)], shape).calibration
    assert set(known.laws) == set(known.review) == set(known.thresholds)
    assert all(known.review[name] <= known.reject[name] for name in known.review)
    assert 0 <= known.coupling < 1
    assert all(factor > 0 for factor in known.factors().values())
    assert set(known.misses["lv_edv_ml"]) == set(PATIENTS)


def test_a_patients_own_mask_is_no_witness_for_its_image():
    cosine = without_own(np.ones((2, 3), np.float32), np.array([0, 5]), np.array([0, 1, 0]))
    assert cosine.tolist() == [[-1, 1, -1], [1, 1, 1]]
