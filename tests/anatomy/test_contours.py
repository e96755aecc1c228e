"""Contours have the length, and walls the thickness, that they were drawn with."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import find_landmarks
from cardiac.anatomy.atrium import find_atrium
from cardiac.anatomy.contours import endocardium, wall_thickness
from cardiac.anatomy.outlines import contour_length
from cardiac.errors import MeasurementError
from tests.shapes import Apical

HEART = Apical(spacing=(0.5, 0.5), size=(360, 360))


def _arc(heart: Apical) -> float:
    angle = np.linspace(0, np.pi, 2001)
    points = np.stack([heart.length * np.sin(angle), heart.half_width * np.cos(angle)])
    return float(np.hypot(*np.diff(points)).sum())


@pytest.mark.parametrize("tilt", [0.0, 20.0])
def test_the_endocardium_is_as_long_as_the_half_ellipse(tilt: float) -> None:
    heart = HEART.with_(tilt=tilt)
    mask = heart.mask()
    points = endocardium(mask, find_landmarks(mask, heart.spacing), heart.spacing)
    assert contour_length(points) == pytest.approx(_arc(heart), rel=0.015)


def test_the_endocardium_runs_from_left_over_the_apex_to_the_right() -> None:
    mask = HEART.mask()
    points = endocardium(mask, find_landmarks(mask, HEART.spacing), HEART.spacing)
    assert points[0, 1] < points[60, 1] < points[-1, 1]
    assert points[60, 0] < min(points[0, 0], points[-1, 0])


def test_a_thicker_wall_is_thicker_by_as_much() -> None:
    thickness = []
    for wall in (6.0, 10.0):
        mask = HEART.with_(thickness=wall).mask()
        thickness.append(wall_thickness(mask, find_landmarks(mask), HEART.spacing).mean)
    assert thickness[0] == pytest.approx(6.0, rel=0.1)
    assert thickness[1] == pytest.approx(10.0, rel=0.1)


def test_the_side_with_the_thicker_wall_is_told() -> None:
    mask = HEART.mask()
    # Give the outermost 3 mm of the right wall away.
    for row in range(mask.shape[0]):
        wall = np.flatnonzero(mask[row, 160:] == 2)
        if wall.size:
            mask[row, 160 + wall[-6:]] = 0
    found = wall_thickness(mask, find_landmarks(mask), HEART.spacing)
    assert found.left - found.right == pytest.approx(3.0, abs=0.8)


def test_a_side_without_a_wall_has_no_thickness_rather_than_none_at_all() -> None:
    mask = HEART.mask()
    mask[:, 160:][mask[:, 160:] == 2] = 0
    found = wall_thickness(mask, find_landmarks(mask), HEART.spacing)
    assert np.isnan(found.right)
    assert found.left == pytest.approx(9.0, rel=0.1)


def test_no_wall_no_thickness() -> None:
    mask = HEART.with_(thickness=0.0).mask()
    with pytest.raises(MeasurementError, match="myocardium"):
        wall_thickness(mask, find_landmarks(mask), HEART.spacing)


def test_the_atrium_is_as_long_as_drawn_and_its_cut_is_seen() -> None:
    mask = HEART.mask()
    marks = find_landmarks(mask, HEART.spacing)
    whole = find_atrium(mask, marks, HEART.spacing)
    assert whole.length(HEART.spacing) == pytest.approx(40.0, rel=0.02)
    assert not whole.cut_off
    cut = find_atrium(mask[:280], marks, HEART.spacing)
    assert cut.cut_off
    with pytest.raises(MeasurementError, match="atrium"):
        find_atrium(np.where(mask == 3, 0, mask), marks)
