"""Training repeats itself, goes on where it was broken off; calibration knows both views."""

import numpy as np
import pytest

from cardiac.clinical import Indices, measure_indices
from cardiac.research.training.ood_examples import ood_images
from cardiac.research.training.uncertainty import (
    TrainUncertaintySettings,
    UncertaintyTraining,
    without_own,
)
from cardiac.research.training.uncertainty_calibration import (
    PatientErrors,
    bias_of,
    calibrate,
    generalisation_gap,
    with_conformal_scores,
)
from cardiac.research.training.uncertainty_examples import Examples, make_examples
from cardiac.sequence import View
from cardiac.shape import load_shape_model
from cardiac.uncertainty.weights import save
from tests.shapes import Apical, beating

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
    return made(PATIENTS)


def made(patients: list[str], **changes: object) -> Examples:
    return make_examples(
        IMAGES, MASKS, patients, ["4CH"] * len(patients), predict, harden=darker,
        augmented=1, hardened=1, **changes,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ood(examples) -> np.ndarray:
    return ood_images(examples.images, 12, [IMAGES[0]], seed=1)


def settings(out, epochs: int = 2, **changes) -> TrainUncertaintySettings:
    return TrainUncertaintySettings(
        data=out, out=out, crisp_epochs=epochs, fused_epochs=epochs, batch_size=7, augmented=1,
        **changes,
    )  # fmt: skip


def test_examples_hold_every_still_in_every_variant(examples):
    assert len(examples) == 3 * len(MASKS)
    assert (np.bincount(examples.variant) == len(MASKS)).all()
    plain = examples.variant == 0
    assert (examples.truth[plain] == MASKS[:, ::2, ::2]).mean() > 0.98
    assert examples.whole is None


def test_half_of_the_clips_are_made_harder_the_other_way_round(examples):
    plain, hard = examples.truth[examples.variant == 0], examples.truth[examples.variant == 2]
    same = (plain == hard).all(axis=(1, 2))
    assert 0 < same.sum() < len(same)
    assert (plain[~same][:, :, ::-1] == hard[~same]).all()
    assert (same[::2] == same[1::2]).all()


def test_ood_images_are_images_and_repeat_with_their_seed(examples, ood):
    assert ood.shape == (12, 128, 128)
    assert (ood == ood_images(examples.images, 12, [IMAGES[0]], seed=1)).all()
    assert (ood != ood_images(examples.images, 12, [IMAGES[0]], seed=2)).any()


def test_a_run_that_was_broken_off_ends_as_an_unbroken_one(examples, ood, tmp_path):
    whole = UncertaintyTraining(settings(tmp_path / "a"), examples, ood).run()
    stopped = _stop_after(1)
    with pytest.raises(KeyboardInterrupt):
        UncertaintyTraining(settings(tmp_path / "b"), examples, ood, stopped).run()
    again = UncertaintyTraining(settings(tmp_path / "b"), examples, ood).run()
    for name, value in whole.state.items():
        np.testing.assert_allclose(again.state[name], value, atol=1e-5, err_msg=name)


def _stop_after(epochs: int):
    def stop(row: dict) -> None:
        if row["epoch"] == epochs:
            raise KeyboardInterrupt

    return stop


def test_training_goes_on_from_weights(examples, ood, weights, tmp_path):
    path = save(weights, tmp_path / "start.safetensors")
    going_on = UncertaintyTraining(settings(tmp_path, start=path), examples, ood)
    for name, value in going_on.crisp.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), weights.state[f"crisp.{name}"])


def test_references_and_calibration_are_of_the_patients_that_were_given(examples, ood, tmp_path):
    training = UncertaintyTraining(settings(tmp_path, 1), examples, ood)
    weights = training.run()
    assert set(training.reference_patient) == set(examples.patient)
    assert len(weights.references) == 2 * len(weights.references.packed)
    shape = load_shape_model().model
    known = calibrate(weights, made(PATIENTS, whole=True), shape, ordinary=2).calibration
    assert set(known.error_models) == set(known.review) == set(known.thresholds)
    assert all(known.review[name] <= known.reject[name] for name in known.review)
    assert 0 < known.error_model("fused").reference < 1


def test_a_patients_own_mask_is_no_witness_for_its_image():
    cosine = without_own(np.ones((2, 3), np.float32), np.array([0, 5]), np.array([0, 1, 0]))
    assert cosine.tolist() == [[-1, 1, -1], [1, 1, 1]]


def measured(size: float, view: str) -> Indices:
    masks = beating(frames=2, beats=1.0)
    return measure_indices(masks, (size, size), ed_frames=(0,), es_frames=(1,), view=view)


def errors(factor: float, held: bool, count: int = 12) -> list[PatientErrors]:
    """Patients whose pixels are taken for larger or smaller than they are, in both views."""
    rng = np.random.default_rng(0)
    return [
        PatientErrors(
            f"{held}{n}", view, held, measured(0.7 * (1 + factor * x), view), measured(0.7, view),
            1.0,
        )
        for n, x in enumerate(rng.normal(size=count))
        for view in (View.A4C, View.A2C)
    ]  # fmt: skip


def test_every_view_has_its_scores_and_two_views_have_them_together(weights):
    known = with_conformal_scores(weights, errors(0.02, held=True)).calibration
    assert set(known.conformal) == {View.A4C, View.A2C, "biplane"}
    for view in known.conformal:
        scores = known.of_view(view)
        assert scores.half_width("lv_edv_ml", 0.9) > 0.02
        assert scores.half_width("lv_ef_percent", 0.9) == pytest.approx(0, abs=0.5)


def test_patients_that_the_network_knows_count_as_far_off_as_others():
    seen, held = errors(0.01, held=False), errors(0.02, held=True)
    assert generalisation_gap([*seen, *held]) == pytest.approx(2, rel=0.2)
    assert generalisation_gap([*errors(0.02, held=False), *errors(0.01, held=True)]) == 1
    assert generalisation_gap(seen) == 1


def test_only_a_clear_bias_is_corrected():
    rng = np.random.default_rng(1)
    assert bias_of(list(3 + rng.normal(size=50))) == pytest.approx(3, abs=0.4)
    assert bias_of([1.0, -1.1, 0.9, -0.8, 1.2, -1.0, 0.1, -0.2, 0.3, -0.1]) == 0
    assert bias_of([5.0] * 3) == 0
