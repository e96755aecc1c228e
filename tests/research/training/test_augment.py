import numpy as np
import pytest
import torch

from cardiac.labels import Label
from cardiac.research.training.augment import (
    Augmenter,
    AugmentSettings,
    normalize,
    ventricle_center,
)

STILL = AugmentSettings(
    rotation_deg=0, log_scale=0, log_aspect=0, shift=0, elastic=0, zoom_probability=0,
    flip_probability=0, crop_probability=0, sector_probability=0, screen_probability=0,
)  # fmt: skip

QUIET = {
    "gain_field": 0, "speckle": 0, "blur_probability": 0, "low_resolution_probability": 0,
    "shadow_probability": 0, "haze_probability": 0, "log_gain": 0, "log_gamma": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def batch():
    rows, columns = np.mgrid[:80, :80]
    labels = np.zeros((80, 80))
    labels[((rows - 35) / 22) ** 2 + ((columns - 42) / 14) ** 2 < 1] = Label.MYOCARDIUM
    labels[((rows - 35) / 18) ** 2 + ((columns - 42) / 10) ** 2 < 1] = Label.LV
    labels[((rows - 62) / 9) ** 2 + ((columns - 42) / 9) ** 2 < 1] = Label.LA
    image = 0.2 + 0.6 * (labels == Label.MYOCARDIUM)
    stack = [torch.tensor(a).float().expand(4, 1, 80, 80) for a in (image, labels)]
    return stack[0], stack[1]


def augmenter(settings: AugmentSettings, seed: int = 0) -> Augmenter:
    return Augmenter(settings, 64, torch.Generator().manual_seed(seed))


def test_a_seed_repeats_a_batch(batch):
    first, second = augmenter(AugmentSettings())(*batch), augmenter(AugmentSettings())(*batch)
    other = augmenter(AugmentSettings(), seed=1)(*batch)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[0], other[0])


def test_shares_of_the_labels_sum_to_one(batch):
    image, shares = augmenter(AugmentSettings())(*batch)
    assert image.shape == (4, 1, 64, 64)
    assert shares.shape == (4, len(Label), 32, 32)
    assert torch.allclose(shares.sum(1), torch.ones(4, 32, 32))
    assert image.min() >= 0
    assert image.max() <= 1


def test_without_geometry_labels_stay_where_they_are(batch):
    _, shares = augmenter(STILL)(*batch)
    expected = (batch[1][0, 0] == Label.LV).float().mean()
    assert shares[:, Label.LV].mean().item() == pytest.approx(expected.item(), rel=0.05)


def test_image_and_labels_move_together(batch):
    settings = STILL.model_copy(update=QUIET | {"rotation_deg": 40, "shift": 0.2, "log_scale": 0.3})
    image, shares = augmenter(settings)(*batch)
    wall = torch.nn.functional.avg_pool2d(image, 2)[:, 0]
    assert wall[shares[:, Label.MYOCARDIUM] == 1].mean() > 2 * wall[shares[:, Label.LV] == 1].mean()


def test_the_middle_of_the_ventricle_is_found(batch):
    row, column = ventricle_center(batch[1])[0].flatten().tolist()
    assert row == pytest.approx((35.5 * 2 / 80) - 1, abs=0.02)
    assert column == pytest.approx((42.5 * 2 / 80) - 1, abs=0.02)


def test_a_flip_turns_image_and_labels_over_and_keeps_each_structure(batch):
    quiet = STILL.model_copy(update=QUIET)
    image, shares = augmenter(quiet)(*batch)
    turned, theirs = augmenter(quiet.model_copy(update={"flip_probability": 1}))(*batch)
    assert torch.allclose(turned.flip(-1), image, atol=1e-4)
    assert (theirs.flip(-1) - shares).abs().mean() < 0.01


def test_a_screen_hides_no_ventricle_but_what_is_drawn_upon_it(batch):
    quiet = STILL.model_copy(update=QUIET | {"screen_shrink": 0, "screen_shift": 0})
    image, shares = augmenter(quiet)(*batch)
    screens = [
        augmenter(quiet.model_copy(update={"screen_probability": 1}), seed)(*batch)
        for seed in range(6)
    ]
    changed = torch.stack([(shown - image).abs() > 0.2 for shown, _ in screens]).float()
    assert all(torch.equal(labels, shares) for _, labels in screens)
    assert 0 < changed.mean() < 0.25


def test_normalised_images_ignore_gain(batch):
    assert torch.allclose(normalize(batch[0]), normalize(batch[0] * 0.5), rtol=0.02)
