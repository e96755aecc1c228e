"""Discs give the volume of a body that geometry knows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.anatomy import find_landmarks
from cardiac.clinical import (
    area_length_volume,
    biplane_volume,
    disc_diameters,
    ejection_fraction,
    single_plane_volume,
)
from cardiac.errors import GeometryError, MeasurementError
from tests.shapes import Apical


def _ellipse(tilt: float, pitch: float) -> tuple[np.ndarray, tuple, tuple]:
    """An ellipse of 80 by 40 mm with the ends of its long axis."""
    n = round(140 / pitch)
    rows, columns = (np.indices((n, n)) + 0.5) * pitch - 70
    turn = np.deg2rad(tilt)
    up, across = (
        -rows * np.cos(turn) + columns * np.sin(turn),
        rows * np.sin(turn) + columns * np.cos(turn),
    )
    region = (up / 40) ** 2 + (across / 20) ** 2 < 1
    end = np.array([-40 * np.cos(turn), 40 * np.sin(turn)])
    base, tip = ((70 + side * end) / pitch - 0.5 for side in (-1, 1))
    return region, tuple(base), tuple(tip)


@pytest.mark.parametrize("tilt", [0.0, 13.0, 45.0, 90.0])
@pytest.mark.parametrize("pitch", [0.4, 1.0])
def test_an_ellipsoid_has_its_volume(tilt: float, pitch: float) -> None:
    region, base, tip = _ellipse(tilt, pitch)
    diameters = disc_diameters(region, base, tip, (pitch, pitch))
    truth = 4 / 3 * np.pi * 40 * 20 * 20 / 1000
    assert single_plane_volume(diameters, 80.0) == pytest.approx(truth, rel=0.006 + 0.006 * pitch)


@given(st.floats(-25, 25), st.floats(55, 95), st.floats(18, 28))
def test_a_half_ellipsoid_measured_by_its_landmarks_has_its_volume(tilt, length, width) -> None:
    heart = Apical(length=length, half_width=width, tilt=tilt, annulus=(120, 90))
    mask = heart.mask()
    marks = find_landmarks(mask, heart.spacing)
    diameters = disc_diameters(mask == 1, marks.middle, marks.apex, heart.spacing)
    volume = single_plane_volume(diameters, marks.length(heart.spacing))
    assert volume == pytest.approx(heart.lv_volume, rel=0.02)


def test_slices_add_up_to_the_area() -> None:
    region, base, tip = _ellipse(30.0, 0.7)
    diameters = disc_diameters(region, base, tip, (0.7, 0.7))
    assert diameters.sum() * 80 / 20 == pytest.approx(region.sum() * 0.49, rel=0.005)


def test_oblong_pixels_give_the_same_discs() -> None:
    heart = Apical(tilt=15.0, spacing=(0.5, 1.0), size=(360, 180))
    mask = heart.mask()
    marks = find_landmarks(mask, heart.spacing)
    diameters = disc_diameters(mask == 1, marks.middle, marks.apex, heart.spacing)
    volume = single_plane_volume(diameters, marks.length(heart.spacing))
    assert volume == pytest.approx(heart.lv_volume, rel=0.02)


def test_two_equal_views_are_one_round_body_and_unequal_ones_lie_between() -> None:
    a, b = np.full(20, 40.0), np.full(20, 50.0)
    assert biplane_volume(a, a, 80) == single_plane_volume(a, 80)
    assert single_plane_volume(a, 80) < biplane_volume(a, b, 80) < single_plane_volume(b, 80)
    # A cylinder.
    assert single_plane_volume(a, 80) == pytest.approx(np.pi * 20**2 * 80 / 1000)


def test_area_and_length_know_the_ellipsoid() -> None:
    assert area_length_volume(np.pi * 40 * 20, 80) == pytest.approx(
        4 / 3 * np.pi * 40 * 20 * 20 / 1000
    )


def test_ejection_fraction_of_no_motion_is_zero() -> None:
    assert ejection_fraction(100.0, 100.0) == 0
    assert ejection_fraction(120.0, 48.0) == pytest.approx(60)
    with pytest.raises(MeasurementError):
        ejection_fraction(0.0, 0.0)


def test_what_cannot_be_stacked_is_refused() -> None:
    region, base, tip = _ellipse(0.0, 1.0)
    with pytest.raises(MeasurementError, match="no length"):
        disc_diameters(region, base, base, (1, 1))
    with pytest.raises(MeasurementError, match="beside"):
        disc_diameters(np.zeros_like(region), base, tip, (1, 1))
    with pytest.raises(GeometryError):
        biplane_volume(np.ones(20), np.ones(10), 80)
