"""Polygons: areas, centres and pixels that a geometer would agree with."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.shape.polygon import centre, fill, mixed_area, resample

TURN = 2 * np.pi * np.arange(200) / 200


def test_a_circle_has_its_area_and_centre():
    x, y = 50 + 20 * np.cos(TURN), 60 + 20 * np.sin(TURN)
    assert mixed_area(x, y) == pytest.approx(np.pi * 400, rel=1e-3)
    assert np.allclose(centre(x, y), (50, 60))
    assert fill([np.stack([y, x], 1)], (128, 128)).sum() == pytest.approx(np.pi * 400, rel=0.01)


def test_pixels_on_whole_corners():
    square = np.array([[2, 3], [2, 7], [5, 7], [5, 3]]) - 0.5
    inside = fill([square], (10, 10))[0]
    assert inside[2:5, 3:7].all()
    assert inside.sum() == 12


def test_a_loop_leaves_no_hole_and_what_is_outside_is_cut():
    twice = np.concatenate([TURN, TURN])
    ring = np.stack([10 + 12 * np.sin(twice), 30 + 12 * np.cos(twice)], 1)
    inside = fill([ring], (40, 40))[0]
    assert inside[10, 30]
    assert inside[0, 30]
    assert not inside[30].any()


def test_polygons_are_filled_each_by_itself():
    square = np.array([[2.0, 3], [2, 7], [5, 7], [5, 3]]) - 0.5
    many = fill([square, square + 2, square + 100], (10, 12))
    assert many.shape == (3, 10, 12)
    assert (many[1] == np.roll(many[0], (2, 2), axis=(0, 1))).all()
    assert not many[2].any()


def test_pixels_are_those_whose_centre_lies_inside():
    corners = np.random.default_rng(0).uniform(2, 18, size=(3, 2))
    inside = fill([corners], (20, 20))[0]
    rows, columns = np.mgrid[:20, :20]
    following = np.roll(corners, -1, axis=0)
    side = [
        (stop[0] - start[0]) * (columns - start[1]) - (stop[1] - start[1]) * (rows - start[0]) > 0
        for start, stop in zip(corners, following, strict=True)
    ]
    truth = np.all(side, axis=0) | ~np.any(side, axis=0)
    assert (inside == truth).all()


def test_resampled_points_lie_at_equal_distances():
    points = resample(np.array([[0.0, 0], [0, 1], [0, 10]]), 6)
    assert np.allclose(points[:, 1], [0, 2, 4, 6, 8, 10])
