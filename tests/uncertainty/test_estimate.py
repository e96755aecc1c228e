"""Every method keeps the same promises about its map and its scores."""

import numpy as np
import pytest

from cardiac.errors import GeometryError, SettingsError
from cardiac.sequence import EchoSequence
from cardiac.uncertainty import Estimator, MethodName, UncertaintySettings
from cardiac.uncertainty.method_input import MethodInput, imaged
from tests.uncertainty.conftest import nothing, part

METHODS = list(MethodName)


@pytest.mark.parametrize("method", METHODS)
def test_map_and_scores_lie_between_0_and_1_on_the_grid_of_the_sequence(method, estimators, answer):
    found = estimators[method].estimate(*answer)
    assert found.map.shape == answer.sequence.frames.shape
    assert found.map.dtype == np.float16
    assert 0 <= found.map.min() <= found.map.max() <= 1
    np.testing.assert_allclose(found.levels / 255, found.map, atol=0.5 / 255 + 1e-3)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert found.scores.shape == (len(answer.sequence),)
    assert found.score == pytest.approx(found.scores.mean())


@pytest.mark.parametrize("method", METHODS)
def test_a_frame_is_judged_alike_alone_and_among_others(method, estimators, answer):
    whole = estimators[method].estimate(*answer)
    alone = estimators[method].estimate(*part(answer, [3]))
    turned = estimators[method].estimate(*part(answer, [5, 3, 1]))
    np.testing.assert_allclose(alone.planes[0], whole.planes[3], atol=0.01)
    np.testing.assert_allclose(turned.scores, whole.scores[[5, 3, 1]], atol=0.005)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_input_gives_the_same_map(method, estimators, answer):
    few = part(answer, [0, 4])
    one, other = (estimators[method].estimate(*few) for _ in range(2))
    assert (one.planes == other.planes).all()


@pytest.mark.parametrize("method", METHODS)
def test_where_no_heart_is_found_nothing_is_sure(method, estimators, answer):
    few = nothing(part(answer, [0, 4]))
    found = estimators[method].estimate(*few)
    assert (found.scores == 1).all()
    inside = imaged(found.grid)
    assert (found.planes[:, inside] == 1).all()
    assert (found.planes[:, ~inside] == 0).all()


@pytest.mark.parametrize(
    "method", [MethodName.FUSED, MethodName.ENTROPY, MethodName.EDGE, MethodName.LATENT]
)
def test_far_from_heart_and_boundary_everything_is_sure(method, estimators, answer):
    planes = estimators[method].estimate(*answer).planes
    # The corners lie outside the sector.
    corners = planes[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.max() < 0.05


def test_a_written_label_that_the_network_denies_is_uncertain(estimators, answer):
    masks = answer.masks.copy()
    heart = masks[0] > 0
    rows = np.flatnonzero(heart.any(axis=1))
    middle = rows[len(rows) // 2]
    band = slice(middle - 10, middle + 10)
    masks[:, band][masks[:, band] > 0] = 0
    for method in (MethodName.FUSED, MethodName.ENTROPY, MethodName.CRISP):
        before = estimators[method].estimate(*answer).map.astype(float)
        after = estimators[method].estimate(answer.sequence, answer.segmentation, masks).map
        cut = (answer.masks > 0) & (masks == 0)
        assert after[cut].astype(float).mean() > before[cut].mean() + 0.3


def test_half_a_heart_hidden_is_more_uncertain(estimators, answer, segmenter):
    frames = answer.sequence.frames.copy()
    frames[:, :, : frames.shape[2] // 2] //= 12
    hidden = answer.sequence.replace(frames=frames)
    found = segmenter.segment(hidden)
    for method in (MethodName.FUSED, MethodName.ENTROPY):
        clear = estimators[method].estimate(*answer).score
        assert estimators[method].estimate(hidden, found, found.masks).score > clear


def test_masks_of_another_cine_are_refused(estimators, answer):
    with pytest.raises(GeometryError):
        estimators[MethodName.ENTROPY].estimate(
            answer.sequence, answer.segmentation, answer.masks[:, 1:]
        )


def test_entropy_and_edge_need_no_training_but_the_others_do(answer):
    few = part(answer, [0])
    for method in (MethodName.ENTROPY, MethodName.EDGE):
        found = Estimator(UncertaintySettings(method=method)).estimate(*few)
        assert found.out_of_distribution is None
    for method in (MethodName.FUSED, MethodName.CRISP, MethodName.DROPOUT):
        with pytest.raises(SettingsError, match="needs"):
            Estimator(UncertaintySettings(method=method))


def test_openvino_and_torch_agree(weights, segmenter, estimators, answer):
    fast = Estimator(UncertaintySettings(), weights, segmenter).estimate(*answer)
    slow = estimators[MethodName.FUSED].estimate(*answer)
    np.testing.assert_allclose(fast.planes, slow.planes, atol=0.02)


def test_noise_is_out_of_distribution_and_an_apical_echo_is_not(estimators, segmenter, answer):
    noise = np.random.default_rng(3).integers(0, 255, (2, 200, 260)).astype(np.uint8)
    strange = EchoSequence(noise)
    found = segmenter.segment(strange)
    estimator = estimators[MethodName.FUSED]
    assert estimator.estimate(strange, found, found.masks).out_of_distribution
    assert not estimator.estimate(*answer).out_of_distribution


def test_methods_that_ask_again_see_what_the_network_saw(estimators, answer, segmenter):
    """The cine's own levels: asked without any change, the network answers as before."""
    x = MethodInput.of(*part(answer, [3]))
    again = segmenter.predictor(x.network_inputs)
    np.testing.assert_allclose(again, answer.segmentation.logits[[3]], atol=2e-2)


@pytest.mark.parametrize("settings", [{"level": 90}, {"level": 0}, {"samples": 0}, {"seed": -1}])
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(ValueError):
        UncertaintySettings(**settings)
