"""References keep masks whole, and their answer is a weighted vote on an absolute scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.errors import WeightsError
from cardiac.uncertainty.ood import (
    ReferenceEmbeddings,
    bandwidth,
    concentration,
    disagreement,
    kernel,
    pack_labels,
    unpack_labels,
)
from tests.shapes import Apical

SIDE = 64
RNG = np.random.default_rng(1)


def unit(n: int, p: int = 8, spread: float = 1.0) -> np.ndarray:
    codes = RNG.standard_normal((n, p)) * spread + np.eye(p)[0]
    return (codes / np.linalg.norm(codes, axis=1, keepdims=True)).astype(np.float32)


def heart(**changes: object) -> np.ndarray:
    return Apical(size=(128, 128), spacing=(1.4, 1.4)).with_(**changes).mask()


@given(st.integers(0, 2**32 - 1))
def test_masks_come_out_of_the_references_as_they_went_in(seed: int):
    masks = np.random.default_rng(seed).integers(0, 4, (3, 8, 8)).astype(np.uint8)
    assert (unpack_labels(pack_labels(masks), 8) == masks).all()


def test_codes_without_their_masks_are_refused():
    with pytest.raises(WeightsError):
        ReferenceEmbeddings(unit(3), pack_labels(np.zeros((2, SIDE, SIDE), np.uint8)), SIDE)


def test_a_prediction_that_all_references_share_is_certain():
    coarse = heart()[1::2, 1::2]
    bank = ReferenceEmbeddings(unit(60), pack_labels(np.repeat(coarse[None], 60, 0)), SIDE)
    labels = np.repeat(np.repeat(coarse, 2, 0), 2, 1)[None]
    found = disagreement(labels, bank.votes(bank.cosine(unit(1))))
    inner = found[0][np.kron(_inner(coarse), np.ones((2, 2))) > 0]
    assert inner.max() < 1e-6


def _inner(labels: np.ndarray) -> np.ndarray:
    """Pixels whose eight neighbours have their label."""
    same = np.ones(labels.shape, bool)
    for rows in (-1, 0, 1):
        for columns in (-1, 0, 1):
            same &= np.roll(labels, (rows, columns), (0, 1)) == labels
    return same


def test_a_prediction_that_none_shares_is_as_uncertain_as_can_be_wherever_labels_differ():
    bank = ReferenceEmbeddings(unit(60), pack_labels(np.zeros((60, SIDE, SIDE), np.uint8)), SIDE)
    labels = heart()[None]
    found = disagreement(labels, bank.votes(bank.cosine(unit(1))))
    assert (found[labels > 0] == 1).all()
    assert (found[labels == 0] == 0).all()


def test_the_order_of_the_references_does_not_matter():
    masks = np.stack([heart(tilt=float(t))[1::2, 1::2] for t in range(-30, 30)])
    codes, seen = unit(60), unit(2)
    order = RNG.permutation(60)
    one, other = (
        ReferenceEmbeddings(codes, pack_labels(masks), SIDE),
        ReferenceEmbeddings(codes[order], pack_labels(masks[order]), SIDE),
    )
    a, b = (bank.votes(bank.cosine(seen)) for bank in (one, other))
    np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_allclose(a.sum(axis=1), 1, atol=1e-5)


def test_nearer_codes_weigh_more_and_weights_sum_to_one():
    cosine = np.array([[0.9, 0.5, -0.2, 0.99]], np.float32)
    weights = kernel(cosine, 0.1, 3)[0]
    assert weights[3] > weights[0] > weights[1] > weights[2] == 0
    assert weights.sum() == pytest.approx(1)


def test_codes_that_crowd_are_more_concentrated_and_judged_more_finely():
    wide, close = unit(400, spread=2.0), unit(400, spread=0.2)
    assert concentration(close) > concentration(wide)
    assert bandwidth(close) < bandwidth(wide)


def test_even_an_image_opposite_to_all_references_gets_finite_weights():
    weights = kernel(np.full((1, 5), -1, np.float32), 1e-3, 50)
    np.testing.assert_allclose(weights, 0.2)


def test_a_mirrored_image_finds_the_mirrored_mask():
    mask = heart(tilt=25.0)[1::2, 1::2]
    code = unit(1)
    mirrored = -code
    references = ReferenceEmbeddings(
        np.concatenate([code, mirrored]), pack_labels(mask[None]), SIDE
    )
    for seen, expected in ((code, mask), (mirrored, mask[:, ::-1])):
        votes = references.votes(references.cosine(seen), nearest=1)
        np.testing.assert_array_equal(votes[0].argmax(axis=0), expected)
