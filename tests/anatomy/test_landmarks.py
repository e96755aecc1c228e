"""Landmarks move with the heart, and by no more than the heart does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from cardiac.anatomy import find_landmarks
from cardiac.errors import GeometryError, MeasurementError
from tests.shapes import Apical

HEART = Apical()


def test_landmarks_lie_where_the_heart_was_drawn() -> None:
    heart = HEART.with_(tilt=12.0)
    found = find_landmarks(heart.mask(), heart.spacing)
    assert found.notes == ()
    middle = (np.array(found.middle) + 0.5) * heart.spacing
    np.testing.assert_allclose(middle, heart.annulus, atol=0.5)
    assert found.length(heart.spacing) == pytest.approx(80.0, rel=0.01)
    assert found.base_width(heart.spacing) == pytest.approx(44.0, rel=0.03)
    assert found.orientation(heart.spacing) == pytest.approx(12.0, abs=0.3)
    assert found.left[1] < found.right[1]


@pytest.mark.parametrize("tilt", [-90.0, -45.0, -20.0, 0.0, 30.0, 60.0])
def test_orientation_turns_with_the_heart(tilt: float) -> None:
    heart = HEART.with_(tilt=tilt, annulus=(90.0, 90.0), atrium=(30.0, 17.0), length=60.0)
    found = find_landmarks(heart.mask(), heart.spacing)
    assert found.orientation(heart.spacing) == pytest.approx(tilt, abs=0.5)
    assert found.length(heart.spacing) == pytest.approx(60.0, rel=0.015)


def test_a_shift_by_whole_pixels_shifts_every_point_exactly() -> None:
    mask = HEART.with_(tilt=7.0).mask()
    before = find_landmarks(mask)
    after = find_landmarks(np.roll(mask, (5, -9), (0, 1)))
    for name in ("left", "right", "middle", "apex"):
        moved = np.subtract(getattr(after, name), getattr(before, name))
        np.testing.assert_allclose(moved, (5, -9), atol=1e-6)


def test_a_mirrored_heart_has_mirrored_landmarks() -> None:
    mask = HEART.with_(tilt=15.0).mask()
    plain, mirrored = find_landmarks(mask), find_landmarks(mask[:, ::-1])
    width = mask.shape[1] - 1
    np.testing.assert_allclose(mirrored.apex, (plain.apex[0], width - plain.apex[1]), atol=1e-6)
    np.testing.assert_allclose(mirrored.left, (plain.right[0], width - plain.right[1]), atol=1e-6)


def test_lengths_do_not_depend_on_the_resolution() -> None:
    lengths = []
    for pitch in (0.35, 0.7, 1.4):
        heart = HEART.with_(tilt=9.0, spacing=(pitch, pitch), size=(round(180 / pitch),) * 2)
        lengths.append(find_landmarks(heart.mask(), heart.spacing).length(heart.spacing))
    assert np.ptp(lengths) < 0.8


def test_oblong_pixels_give_the_same_heart() -> None:
    heart = HEART.with_(tilt=20.0, spacing=(0.6, 0.9), size=(300, 200))
    found = find_landmarks(heart.mask(), heart.spacing)
    assert found.length(heart.spacing) == pytest.approx(80.0, rel=0.01)
    assert found.orientation(heart.spacing) == pytest.approx(20.0, abs=0.4)


def test_one_pixel_of_border_moves_landmarks_by_less_than_a_pixel() -> None:
    heart = HEART.with_(tilt=5.0, spacing=(1.4, 1.4), size=(112, 112))
    mask = heart.mask()
    before = find_landmarks(mask)
    lv = mask == 1
    rim = [p for p in np.argwhere(lv) if not lv[p[0] - 1 : p[0] + 2, p[1] - 1 : p[1] + 2].all()]
    for row, column in rim:
        changed = mask.copy()
        around = mask[row - 1 : row + 2, column - 1 : column + 2]
        changed[row, column] = around[around != 1].max()
        after = find_landmarks(changed)
        for name in ("middle", "apex"):
            assert np.hypot(*np.subtract(getattr(after, name), getattr(before, name))) < 0.5
        for name in ("left", "right"):
            assert np.hypot(*np.subtract(getattr(after, name), getattr(before, name))) < 1.0


def test_specks_and_holes_move_nothing() -> None:
    mask = HEART.mask()
    before = find_landmarks(mask)
    mask[5:8, 5:8] = 1
    mask[110, 112] = 0
    after = find_landmarks(mask)
    np.testing.assert_allclose(after.apex, before.apex, atol=1e-6)
    np.testing.assert_allclose(after.middle, before.middle, atol=1e-6)


def test_a_small_gap_in_the_wall_does_not_carry_the_annulus_away() -> None:
    mask = HEART.mask()
    before = find_landmarks(mask)
    row = 90
    edge = int(np.flatnonzero(mask[row] == 1)[-1])
    mask[row : row + 5, edge + 1 : edge + 40] = 0
    after = find_landmarks(mask)
    np.testing.assert_allclose(after.middle, before.middle, atol=0.2)


def test_where_one_wall_is_missing_the_atrium_keeps_the_annulus_in_place() -> None:
    heart = HEART.with_(atrium=(40.0, 21.0))
    mask = heart.mask()
    before = find_landmarks(mask)
    mask[:, 115:][mask[:, 115:] == 2] = 0
    after = find_landmarks(mask)
    assert "open wall" in after.notes
    np.testing.assert_allclose(after.middle, before.middle, atol=2.0)
    np.testing.assert_allclose(after.apex, before.apex, atol=2.0)


def test_without_an_atrium_the_base_is_still_found() -> None:
    with_atrium = find_landmarks(HEART.mask())
    without = find_landmarks(HEART.with_(atrium=(0.0, 0.0)).mask())
    np.testing.assert_allclose(without.middle, with_atrium.middle, atol=0.3)
    np.testing.assert_allclose(without.apex, with_atrium.apex, atol=0.3)


def test_without_a_wall_the_atrium_shows_the_base() -> None:
    heart = HEART.with_(thickness=0.0, atrium=(40.0, 22.0))
    found = find_landmarks(heart.mask(), heart.spacing)
    assert "no myocardium" in found.notes
    assert found.length(heart.spacing) == pytest.approx(80.0, rel=0.02)
    assert found.orientation(heart.spacing) == pytest.approx(0.0, abs=1.5)


def test_a_ventricle_all_alone_has_an_axis_of_inertia() -> None:
    heart = HEART.with_(thickness=0.0, atrium=(0.0, 0.0), tilt=10.0)
    found = find_landmarks(heart.mask(), heart.spacing)
    assert "no myocardium" in found.notes
    assert found.orientation(heart.spacing) == pytest.approx(10.0, abs=3.0)
    assert 70 < found.length(heart.spacing) < 85


def test_a_ventricle_cut_off_at_the_base_says_so() -> None:
    mask = HEART.mask()[:150]
    found = find_landmarks(mask, HEART.spacing)
    assert "cut off" in found.notes
    assert found.middle[0] == pytest.approx(149.5, abs=1.0)
    assert abs(found.orientation()) < 1.0


def test_no_ventricle_no_landmarks() -> None:
    with pytest.raises(MeasurementError, match="no left ventricle"):
        find_landmarks(np.where(HEART.mask() == 1, 0, HEART.mask()))
    tiny = np.zeros((20, 20), np.uint8)
    tiny[5:8, 5:8] = 1
    with pytest.raises(MeasurementError, match="too small"):
        find_landmarks(tiny)


def test_several_frames_are_refused() -> None:
    with pytest.raises(GeometryError):
        find_landmarks(np.zeros((2, 9, 9), np.uint8))


@pytest.mark.parametrize("spacing", [(0.0, 1.0), (1.0, -1.0), (np.nan, 1.0), (np.inf, 1.0)])
def test_impossible_spacing_is_refused(spacing: tuple[float, float]) -> None:
    with pytest.raises(GeometryError):
        find_landmarks(HEART.mask(), spacing)


def test_random_label_maps_give_landmarks_or_a_reason() -> None:
    from scipy import ndimage

    generator = np.random.default_rng(2)
    for blur in (0.5, 2.0, 5.0):
        for _ in range(20):
            noise = ndimage.gaussian_filter(generator.normal(size=(4, 40, 40)), (0, blur, blur))
            try:
                found = find_landmarks(noise.argmax(axis=0))
            except MeasurementError:
                continue
            assert np.isfinite([found.left, found.right, found.middle, found.apex]).all()


def test_a_ventricle_that_its_wall_surrounds_has_no_base() -> None:
    mask = HEART.mask()
    ventricle = mask == 1
    mask[binary_dilation(ventricle, iterations=3) & ~ventricle] = 2
    with pytest.raises(MeasurementError, match="surrounds"):
        find_landmarks(mask, HEART.spacing)
