from dataclasses import replace

import numpy as np
import pytest

from cardiac.anatomy.overlap import dice
from cardiac.errors import SettingsError
from cardiac.research.benchmark import METHODS, BenchmarkSettings, choose
from cardiac.research.benchmark.autoencoder import FAILURES, pool, trained_autoencoder
from cardiac.research.benchmark.failure import failed
from cardiac.research.benchmark.pca import fit, signed_distances, stacked
from cardiac.research.benchmark.settings import AutoencoderSettings
from cardiac.research.benchmark.smoothing import smooth_in_time
from cardiac.segmentation.segmenter import labels_on_image


def overlap(a, b, label=1):
    return dice(a == label, b == label)


def test_names_are_known_and_kept_in_the_order_of_the_table():
    chosen = choose(BenchmarkSettings(), ["pca", "network"])
    assert [m.name for m in chosen] == ["network alone", "PCA shape model"]
    assert len({m.name for m in choose(BenchmarkSettings())}) == len(METHODS)
    with pytest.raises(SettingsError, match="no method"):
        choose(BenchmarkSettings(), ["magic"])


def test_every_setting_of_a_method_is_in_the_table():
    plain = choose(BenchmarkSettings())
    other = choose(
        BenchmarkSettings(smoothing={"sigma_ms": 1}, pca={"components": 3}, autoencoder={"seed": 9})
    )
    changed = [a.name for a, b in zip(plain, other, strict=True) if a.settings != b.settings]
    assert changed == [
        "Gaussian smoothing in time", "PCA shape model", "denoising autoencoder",
    ]  # fmt: skip


def test_almost_no_smoothing_changes_almost_nothing(beat, answer):
    smooth = smooth_in_time(answer.masks, beat.sequence, answer, 0.1)
    assert np.array_equal(smooth, labels_on_image(answer.logits.astype(np.float32), answer.grid))


def test_smoothing_takes_a_jump_out(beat, answer):
    jumped = failed(answer, ["jump:2"], 4)
    wrong = (jumped.masks != beat.masks).any(axis=(1, 2))
    smooth = smooth_in_time(jumped.masks, beat.sequence, jumped, 40)
    assert 0 < wrong.sum() < len(beat) / 4
    assert overlap(smooth[wrong], beat.masks[wrong]) > overlap(
        jumped.masks[wrong], beat.masks[wrong]
    )


def test_without_time_there_is_nothing_to_smooth_in(beat, answer):
    still = beat.sequence.replace(times=None)
    assert smooth_in_time(answer.masks, still, answer, 40) is answer.masks


def test_logits_fail_with_the_masks(beat, answer):
    broken = failed(answer, ["bite:3", "leaking_atrium:3"], 1)
    changed = broken.masks != answer.masks
    shown = labels_on_image(broken.logits.astype(np.float32), broken.grid)
    # Nine of ten wrong pixels are wrong in the logits too: the answer cannot be looked up.
    assert (shown == broken.masks)[changed].mean() > 0.9
    assert failed(answer, [], 1) is answer
    again = failed(answer, ["bite:3", "leaking_atrium:3"], 1)
    assert np.array_equal(again.logits, broken.logits)


def test_pca_with_all_its_components_gives_back_what_it_learned_from(hearts):
    shapes = fit(hearts, len(hearts))
    maps = shapes.project(hearts, 10)
    assert np.abs(maps - signed_distances(hearts)).max() < 0.05
    assert np.abs(shapes.components @ shapes.components.T - np.eye(len(hearts) - 1)).max() < 1e-3


def test_more_components_come_closer(hearts):
    true = signed_distances(hearts)
    errors = [np.abs(fit(hearts, k).project(hearts, 10) - true).mean() for k in (2, 5, 15)]
    assert errors[0] > errors[1] > errors[2]


def test_the_sign_of_a_distance_says_which_side_it_is_on(hearts):
    coarse = stacked(signed_distances(hearts))
    fine = hearts[:, ::2, ::2]
    for label in (1, 2, 3):
        assert overlap(coarse, fine, label) > 0.9


def test_pca_puts_a_bitten_heart_back(beat, answer, experts):
    settings = BenchmarkSettings(pca={"components": 8})
    correct = choose(settings, ["pca"])[0].build(experts, lambda _: None)
    broken = failed(answer, ["bite:3"], 3)
    mended = correct(broken.masks, beat.sequence, broken)
    assert mended.shape == beat.masks.shape
    assert mended.dtype == np.uint8
    again = choose(settings, ["pca"])[0].build(replace(experts), lambda _: None)
    assert np.array_equal(again(broken.masks, beat.sequence, broken), mended)


def test_the_pool_fails_in_most_masks_and_keeps_the_whole_ones(hearts):
    bad, whole = pool(hearts, 0)
    assert len(bad) == 2 * len(hearts)
    assert (whole.sum(axis=1) == 4).all()
    assert (bad.sum(axis=1) == 4).all()
    differ = (bad[: len(hearts)] != whole).any(axis=(1, 2, 3)).mean()
    assert 0.5 < differ <= 1
    assert "jump" not in FAILURES


def test_an_autoencoder_is_trained_once_and_alike(beat, answer, experts, tmp_path):
    settings = AutoencoderSettings(steps=20, batch_size=8, code=16, learning_rate=1e-2)
    told = []
    first = trained_autoencoder(experts, settings, told.append)
    second = trained_autoencoder(experts, settings, told.append)
    assert len(told) == 20
    assert told[-1] == 1
    masks = first(answer.masks, beat.sequence, answer)
    assert np.array_equal(masks, second(answer.masks, beat.sequence, answer))
    assert overlap(masks, beat.masks) > 0.3


def test_the_network_alone_is_left_as_it_is(beat, answer):
    broken = failed(answer, ["holes:3"], 1)
    correct = choose(BenchmarkSettings(), ["network"])[0].build(None, lambda _: None)
    assert correct(broken.masks, beat.sequence, broken) is broken.masks
