"""Outlines between pixels, against the well-kept implementation of the same lines."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import find_contours

from cardiac.errors import MeasurementError
from cardiac.shape.contour import BLUR, STEP, region_outline
from tests.shapes import Apical


def length(closed: np.ndarray) -> float:
    return float(np.hypot(*np.diff(np.vstack([closed, closed[:1]]), axis=0).T).sum())


def regions() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    heart = Apical(tilt=14).mask()
    blobs = [ndimage.gaussian_filter(rng.normal(size=(50, 60)), 1.3) > 0.02 for _ in range(6)]
    touching = np.zeros((20, 20), bool)
    touching[4:10, 4:10] = touching[10:17, 10:18] = True
    return [heart == 1, (heart == 1) | (heart == 2), heart == 3, touching, *blobs]


@pytest.mark.parametrize("region", regions())
def test_the_outline_is_the_longest_line_of_the_blurred_region(region):
    soft = ndimage.gaussian_filter(np.pad(region.astype(np.float32), 4), BLUR)
    truth = max(find_contours(soft, 0.5), key=len)[:-1] - 4
    ours = region_outline(region)
    assert length(ours) == pytest.approx(length(truth), rel=0.01)
    gap = np.sqrt(((ours[:, None] - truth[None]) ** 2).sum(axis=-1).min(axis=1))
    assert gap.max() < 0.75  # half the longest side of the polygon
    assert np.abs(ours[0] - truth[0]).max() < 1e-5  # both begin at the lowest, rightmost square


def test_points_are_even_and_a_circle_is_round():
    rows, columns = np.mgrid[:80, :90]
    ours = region_outline((rows - 40.5) ** 2 + (columns - 41.5) ** 2 < 30**2)
    steps = np.hypot(*np.diff(ours, axis=0).T)
    assert steps.max() < STEP + 1e-3
    assert steps.mean() == pytest.approx(STEP, rel=0.01)
    assert np.hypot(*(ours - [40.5, 41.5]).T) == pytest.approx(30, abs=0.4)


def test_where_the_region_lies_does_not_matter():
    heart = Apical().mask() == 1
    moved = np.roll(heart, (17, -9), axis=(0, 1))
    np.testing.assert_allclose(
        region_outline(moved), region_outline(heart) + np.array([17, -9]), atol=1e-9
    )


def test_a_region_at_the_edge_of_the_image_is_followed_round():
    corner = np.zeros((30, 30), bool)
    corner[:12, 20:] = True
    assert len(region_outline(corner)) > 64


@pytest.mark.parametrize("pixels", [0, 1])
def test_what_is_too_thin_is_refused(pixels):
    speck = np.zeros((9, 9), bool)
    speck.flat[40 : 40 + pixels] = True
    with pytest.raises(MeasurementError):
        region_outline(speck)
