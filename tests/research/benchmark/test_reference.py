"""The reference's attributes are ours up to a pixel, and jump where ours do not."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import measure
from cardiac.research.benchmark.reference import reference_attributes, reference_consistency
from cardiac.temporal import consistency
from tests.shapes import Apical, beating

SPACING = (0.7, 0.7)


@pytest.mark.parametrize("tilt", [-25.0, 0.0, 12.0])
def test_both_definitions_agree_on_an_ellipse(tilt: float) -> None:
    mask = Apical(tilt=tilt).mask()[None]
    ours, theirs = measure(mask, SPACING).values[0], reference_attributes(mask, SPACING)[0]
    np.testing.assert_allclose(theirs[[0, 4, 5, 6]], ours[[0, 4, 5, 6]])
    np.testing.assert_allclose(theirs[[1, 2]], ours[[1, 2]], atol=3 * SPACING[0])
    assert theirs[3] == pytest.approx(ours[3], abs=2)


def test_whole_pixels_jitter_more() -> None:
    masks = beating(30)
    ours = consistency(measure(masks, SPACING).values).deviation[1:-1, 1]
    theirs = reference_consistency(masks, SPACING).deviation[1:-1, 1]
    assert np.abs(theirs).mean() > 2 * np.abs(ours).mean()


def test_without_a_base_there_is_no_axis() -> None:
    alone = (Apical().mask() == 1).astype(np.uint8)[None]
    assert np.isnan(reference_attributes(alone, SPACING)[0, 1:4]).all()
