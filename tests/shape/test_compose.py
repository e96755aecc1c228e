"""Label maps are whole by construction, and outlines give a mask back."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.anatomy import CRITERIA, check
from cardiac.anatomy.raster import count_components, is_connected
from cardiac.errors import MeasurementError
from cardiac.labels import STRUCTURES, Label
from cardiac.shape import draw, from_maps, mask_distance_maps
from cardiac.shape.compose import assemble, distance_maps
from cardiac.shape.outline import ATRIUM, BASE, EPI, WALL, extract
from tests.shape.conftest import dice
from tests.shapes import Apical


def test_an_outline_gives_its_mask_back(hearts):
    drawn = draw(np.stack([extract(mask) for mask in hearts]))
    for ours, truth in zip(drawn, hearts, strict=True):
        assert all(dice(ours == s, truth == s) > 0.98 for s in STRUCTURES)
    assert check(drawn).valid.all()


def test_a_finer_grid_shows_the_same_heart():
    outline = extract(Apical().mask())[None]
    coarse, fine = draw(outline, 128)[0], draw(outline, 512)[0]
    assert coarse.shape == (128, 128)
    for label in STRUCTURES:
        assert (coarse == label).sum() * 16 == pytest.approx((fine == label).sum(), rel=0.05)


def test_a_heart_outside_the_image_leaves_it_empty():
    assert not draw(extract(Apical().mask())[None] + 1000).any()


def test_maps_of_a_mask_give_it_back_less_what_touches_the_wall(hearts):
    again = from_maps(mask_distance_maps(hearts))
    for label in (Label.LV, Label.MYOCARDIUM):
        assert ((again == label) == (hearts == label)).all()
    assert ((hearts == Label.LA) >= (again == Label.LA)).all()


def test_distances_to_the_curves_are_those_between_pixels():
    mask = Apical().mask()
    ours, truth = distance_maps(extract(mask)[None])[0], mask_distance_maps(mask[None])[0]
    near = np.abs(truth[:2]) < 15
    assert np.abs(ours[:2] - truth[:2])[near].mean() < 0.4


def test_distances_move_with_the_outline_below_a_pixel():
    outline = extract(Apical().mask())[None]
    shifted = outline + np.array([0.1, 0.0])
    change = distance_maps(shifted)[0, 0] - distance_maps(outline)[0, 0]
    rows, columns = np.round(outline[0, WALL][24]).astype(int)
    assert change[rows, columns] == pytest.approx(-0.1, abs=0.02)  # the apex moved down and away


def test_debris_overlaps_and_holes_do_not_survive():
    mask = Apical().mask()
    lv, epi, la = mask == 1, (mask == 1) | (mask == 2), mask == 3
    lv[100, 80] = False
    lv[5:9, 5:9] = epi[200:204, 20:24] = la[3, 200] = True
    la |= np.roll(la, -20, axis=0)
    found = check(assemble(lv, epi, la))
    assert found.valid.all(), np.array(CRITERIA)[~found.valid[0]]


def test_absent_structures_are_far_away():
    maps = mask_distance_maps(np.zeros((1, 20, 30), np.uint8))
    assert (maps == -50).all()
    assert not from_maps(maps).any()


def test_points_of_an_absent_structure_are_missing():
    no_wall, no_atrium = Apical(thickness=0).mask(), Apical(atrium=(0.0, 0.0)).mask()
    assert np.isnan(extract(no_wall)[EPI]).all()
    assert np.isfinite(extract(no_wall)[np.r_[WALL, BASE, ATRIUM]]).all()
    assert np.isnan(extract(no_atrium)[ATRIUM]).all()
    with pytest.raises(MeasurementError):
        extract(np.zeros((64, 64), np.uint8))


def test_what_is_said_to_hang_together_is_one_piece(hearts):
    rng = np.random.default_rng(0)
    noise = rng.random((2000, 6, 7)) < rng.uniform(0.2, 0.9, size=(2000, 1, 1))
    shown = 0
    for region in np.pad(noise, ((0, 0), (1, 1), (1, 1))):
        if is_connected(region):
            shown += 1
            assert count_components(region) == 1
    assert shown > 200
    for heart in hearts:
        assert all(is_connected(np.pad(heart == label, 1)) for label in STRUCTURES)
    assert not is_connected(np.zeros((4, 4), bool))
