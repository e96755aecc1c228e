"""Outlines between pixels against scikit-image, polygons and curves against geometry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import find_contours

from cardiac.anatomy.outlines import (
    BLUR,
    STEP,
    fill_polygons,
    mixed_area,
    polygon_area,
    polygon_centre,
    region_outline,
    resample_curve,
)
from cardiac.errors import MeasurementError
from tests.shapes import Apical

TURN = 2 * np.pi * np.arange(200) / 200


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


def test_a_circle_has_its_area_and_centre():
    x, y = 50 + 20 * np.cos(TURN), 60 + 20 * np.sin(TURN)
    assert mixed_area(x, y) == pytest.approx(np.pi * 400, rel=1e-3)
    assert polygon_area(np.stack([x, y], axis=-1)[::-1]) == pytest.approx(mixed_area(x, y))
    assert np.allclose(polygon_centre(x, y), (50, 60))
    assert fill_polygons([np.stack([y, x], 1)], (128, 128)).sum() == pytest.approx(
        np.pi * 400, rel=0.01
    )


def test_pixels_on_whole_corners():
    square = np.array([[2, 3], [2, 7], [5, 7], [5, 3]]) - 0.5
    inside = fill_polygons([square], (10, 10))[0]
    assert inside[2:5, 3:7].all()
    assert inside.sum() == 12


def test_a_loop_leaves_no_hole_and_what_is_outside_is_cut():
    twice = np.concatenate([TURN, TURN])
    ring = np.stack([10 + 12 * np.sin(twice), 30 + 12 * np.cos(twice)], 1)
    inside = fill_polygons([ring], (40, 40))[0]
    assert inside[10, 30]
    assert inside[0, 30]
    assert not inside[30].any()


def test_polygons_are_filled_each_by_itself():
    square = np.array([[2.0, 3], [2, 7], [5, 7], [5, 3]]) - 0.5
    many = fill_polygons([square, square + 2, square + 100], (10, 12))
    assert many.shape == (3, 10, 12)
    assert (many[1] == np.roll(many[0], (2, 2), axis=(0, 1))).all()
    assert not many[2].any()


def test_pixels_are_those_whose_centre_lies_inside():
    corners = np.random.default_rng(0).uniform(2, 18, size=(3, 2))
    inside = fill_polygons([corners], (20, 20))[0]
    rows, columns = np.mgrid[:20, :20]
    following = np.roll(corners, -1, axis=0)
    side = [
        (stop[0] - start[0]) * (columns - start[1]) - (stop[1] - start[1]) * (rows - start[0]) > 0
        for start, stop in zip(corners, following, strict=True)
    ]
    truth = np.all(side, axis=0) | ~np.any(side, axis=0)
    assert (inside == truth).all()


def test_resampled_points_lie_at_equal_distances():
    points = resample_curve(np.array([[0.0, 0], [0, 1], [0, 10]]), 6)
    assert np.allclose(points[:, 1], [0, 2, 4, 6, 8, 10])
