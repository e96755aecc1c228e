"""What must never be certified, and what must never depend on the side or on the pixels' shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cardiac.anatomy import CRITERIA
from cardiac.anatomy.overlap import region_dice
from cardiac.correction import correct_masks
from cardiac.correction.certificate import IMPLAUSIBLE
from cardiac.correction.certify import certify
from cardiac.geometry import at_spacing, on_square_pixels
from cardiac.research.phantom import PhantomCine, corrupt_masks, synthetic_cine
from tests.shapes import Apical, beating

SPACING = (0.7, 0.7)
INTERVAL = 0.02


@pytest.fixture(scope="module")
def truth() -> PhantomCine:
    return synthetic_cine(n_frames=16, size=(128, 128), seed=1)


def turned(masks: np.ndarray, degrees: float) -> np.ndarray:
    """Hearts turned about the middle of a picture that is large enough."""
    wide = np.pad(masks, ((0, 0), (60, 60), (60, 60)))
    return ndimage.rotate(wide, degrees, axes=(1, 2), order=0, reshape=False)


@pytest.mark.parametrize("degrees", [-90, -60, 60, 90, 180])
def test_a_heart_that_lies_on_its_side_is_never_certified(degrees: float) -> None:
    masks = turned(beating(12), degrees)
    assert certify(turned(beating(12), 0), SPACING, INTERVAL).certified
    assert not certify(masks, SPACING, INTERVAL).certified
    corrected = correct_masks(masks, SPACING, INTERVAL)
    assert not corrected.after.certified
    assert IMPLAUSIBLE in {reason.code for reason in corrected.after.reasons}


def test_a_wall_that_runs_on_to_the_corner_of_the_picture_is_implausible() -> None:
    masks = beating(6)
    rows, columns = np.indices(masks.shape[1:])
    ray = (np.abs((rows - 90) - 0.9 * (columns - 150)) < 14) & (columns > 150)
    masks[:, ray] = np.where(masks[:, ray] == 0, 2, masks[:, ray])
    certificate = certify(masks, SPACING, INTERVAL)
    assert certificate.implausible.all()
    assert not certificate.certified


def test_an_atrium_that_lies_elsewhere_is_implausible() -> None:
    masks = beating(6)
    masks[masks == 3] = 0
    masks[:, 20:60, 20:60] = 3
    certificate = certify(masks, SPACING, INTERVAL)
    assert certificate.implausible.all()
    assert not correct_masks(masks, SPACING, INTERVAL).after.certified


def test_one_implausible_frame_is_drawn_anew(truth: PhantomCine) -> None:
    masks = truth.masks.copy()
    masks[7] = ndimage.rotate(masks[7], 70, order=0, reshape=False)
    corrected = correct_masks(masks, truth.spacing, INTERVAL)
    assert corrected.before.implausible[7]
    assert corrected.after.certified
    assert corrected.after.changes is not None
    assert corrected.after.changes.actions[7] == "replaced"
    assert min(region_dice(corrected.masks[7], truth.masks[7])) > 0.95


def test_what_is_mostly_rewritten_is_not_certified(truth: PhantomCine) -> None:
    masks = truth.masks.copy()
    masks[:11] = np.roll(masks[:11], 30, axis=2)
    masks[:11, ::2] = 0
    corrected = correct_masks(masks, truth.spacing, INTERVAL)
    assert not corrected.after.certified


@given(st.integers(0, 100_000))
@settings(max_examples=12)
def test_random_label_maps_end_honestly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(2 ** rng.uniform(0, 6)) for _ in range(2))
    noise = rng.normal(size=(rng.integers(1, 3), 4, height, width))
    blur = (0, 0, height / rng.uniform(6, 40), width / rng.uniform(6, 40))
    masks = ndimage.gaussian_filter(noise, blur).argmax(axis=1).astype(np.uint8)
    spacing = None if rng.random() < 0.3 else tuple(rng.uniform(0.2, 1.2, 2))
    corrected = correct_masks(masks, spacing, INTERVAL)
    assert corrected.masks.shape == masks.shape
    assert corrected.after.certified == (corrected.after.reason == "")
    again = certify(corrected.masks, spacing, INTERVAL)
    assert corrected.after.certified <= again.certified


def test_a_cavity_too_wide_for_its_wall_is_mended() -> None:
    wide = Apical(half_width=27.0, thickness=5.2, atrium=(40.0, 22.0))
    masks = np.stack([wide.with_(half_width=27 + 0.5 * np.sin(t / 3)).mask() for t in range(12)])
    corrected = correct_masks(masks, SPACING, INTERVAL)
    column = CRITERIA.index("width_ratio")
    assert not corrected.before.criteria.valid[:, column].all()
    assert corrected.after.criteria.valid[:, column].all(), corrected.after.reason


@pytest.mark.parametrize("request_", ["bite:2", "jump:2", "missing_base:1"])
def test_the_mirror_image_is_corrected_to_the_mirror_image(
    truth: PhantomCine, request_: str
) -> None:
    failed = corrupt_masks(truth.masks, request_, seed=3)
    ours = correct_masks(failed, truth.spacing, INTERVAL)
    theirs = correct_masks(failed[:, :, ::-1], truth.spacing, INTERVAL)
    assert ours.after.certified == theirs.after.certified
    back = theirs.masks[:, :, ::-1]
    assert min(min(region_dice(a, b)) for a, b in zip(ours.masks, back, strict=True)) > 0.98


def test_a_certificate_is_that_of_the_mirror_image(truth: PhantomCine) -> None:
    failed = corrupt_masks(truth.masks, "holes:2", seed=3)
    ours = certify(failed, truth.spacing, INTERVAL)
    theirs = certify(np.ascontiguousarray(failed[:, :, ::-1]), truth.spacing, INTERVAL)
    np.testing.assert_array_equal(theirs.criteria.valid, ours.criteria.valid)
    np.testing.assert_allclose(theirs.shape_distance, ours.shape_distance, atol=0.02)
    np.testing.assert_array_equal(theirs.consistency.within, ours.consistency.within)


def test_oblong_pixels_are_judged_as_square_ones(truth: PhantomCine) -> None:
    oblong = truth.masks[:, ::2]
    spacing = (2 * truth.spacing[0], truth.spacing[1])
    square = on_square_pixels(oblong, spacing)
    assert square.shape == truth.masks.shape
    ours, theirs = certify(oblong, spacing, INTERVAL), certify(square, truth.spacing, INTERVAL)
    np.testing.assert_allclose(ours.criteria.values, theirs.criteria.values)


def test_the_resolution_is_told_and_can_be_another(truth: PhantomCine) -> None:
    summary = certify(truth.masks, truth.spacing, INTERVAL).summary()
    assert summary["grid"] == "128×128"
    assert summary["column_spacing_mm"] == pytest.approx(truth.spacing[1])
    coarse = at_spacing(truth.masks, truth.spacing, 2 * truth.spacing[0])
    assert coarse.shape[1:] == (64, 64)
    same = at_spacing(truth.masks, truth.spacing, truth.spacing[0])
    np.testing.assert_array_equal(same, truth.masks)


def test_an_atrium_in_few_frames_is_refused_as_one_in_none(truth: PhantomCine) -> None:
    for seen in (0, 2):
        masks = truth.masks.copy()
        masks[seen:][masks[seen:] == 3] = 0
        assert not certify(masks, truth.spacing, INTERVAL).certified
        after = correct_masks(masks, truth.spacing, INTERVAL).after
        assert not after.certified
        assert "left atrium" in after.reason
