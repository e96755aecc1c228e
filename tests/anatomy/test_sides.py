"""A mirrored mask has the same attributes and criteria, but for the sign of what has a side."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from cardiac.anatomy import ATTRIBUTES, find_landmarks, measure, measure_criteria
from tests.shapes import Apical

SPACING = (0.7, 0.7)
ACROSS = ATTRIBUTES.index("epi_center_x")
ANGLE = ATTRIBUTES.index("lv_orientation")
HEARTS = st.builds(
    Apical,
    tilt=st.floats(-35, 35),
    length=st.floats(55, 90),
    half_width=st.floats(14, 28),
    annulus=st.tuples(st.floats(108, 122), st.floats(70, 90)),
    size=st.tuples(st.just(256), st.integers(230, 260)),
)


@given(HEARTS, st.floats(0, 4))
def test_attributes_are_those_of_the_mirror_image(heart: Apical, ripple: float) -> None:
    mask = _rippled(heart.mask(), ripple)
    values = measure(mask, SPACING).values[0]
    mirrored = measure(np.fliplr(mask), SPACING).values[0]
    mirrored[ANGLE] *= -1
    mirrored[ACROSS] = mask.shape[1] * SPACING[1] - mirrored[ACROSS]
    np.testing.assert_allclose(mirrored, values, atol=1e-4)


def _rippled(mask: np.ndarray, pixels: float) -> np.ndarray:
    """Rows pushed to and fro, so that the heart is no symmetrical one."""
    push = np.rint(pixels * np.sin(np.arange(len(mask)) / 9)).astype(int)
    return np.stack([np.roll(row, k) for row, k in zip(mask, push, strict=True)])


@given(st.integers(0, 10_000))
def test_criteria_are_those_of_the_mirror_image(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=(4, 40, 41))
    mask = ndimage.gaussian_filter(noise, (0, 3, 3)).argmax(axis=0).astype(np.uint8)
    values = measure_criteria(mask)
    # Of two largest components of the same size either may be taken.
    np.testing.assert_array_equal(measure_criteria(np.fliplr(mask))[:, :10], values[:, :10])


@given(HEARTS)
def test_left_and_right_change_places(heart: Apical) -> None:
    mask = heart.mask()
    seen, mirrored = find_landmarks(mask), find_landmarks(np.fliplr(mask))
    last = mask.shape[1] - 1
    for ours, theirs in (("left", "right"), ("right", "left"), ("apex", "apex")):
        row, column = getattr(mirrored, theirs)
        np.testing.assert_allclose((row, last - column), getattr(seen, ours), atol=1e-4)
