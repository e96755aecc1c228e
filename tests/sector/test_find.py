from __future__ import annotations

import numpy as np
import pytest

from cardiac.geometry import Region
from cardiac.research.phantom import synthetic_cine
from cardiac.research.phantom.screens import ScreenSettings, hospital_screen
from cardiac.sector.find import find_sector
from cardiac.sector.geometry import SectorGeometry


def iou(found, truth):
    a, b = found.mask(), truth.mask()
    return (a & b).sum() / (a | b).sum()


@pytest.fixture(scope="module")
def echo():
    return synthetic_cine("A4C", n_frames=12, size=(256, 256), seed=5)


@pytest.mark.parametrize("seed", range(12))
def test_the_sector_of_a_cine_is_found_on_any_screen(echo, seed):
    screen = hospital_screen(echo.frames, seed=seed)
    found = find_sector(screen.frames)
    assert found is not None
    assert found.moving
    assert iou(found, screen.sector) > 0.93


def test_most_sectors_of_stills_are_found_to_three_percent(echo):
    settings = ScreenSettings(size=(480, 640))
    overlaps = []
    for seed in range(20, 44):
        screen = hospital_screen(echo.frames[seed % 12], seed=seed, settings=settings)
        found = find_sector(screen.frames)
        overlaps.append(iou(found, screen.sector) if found else 0.0)
    assert np.median(overlaps) > 0.98
    assert np.mean(np.array(overlaps) > 0.93) > 0.9


def test_a_mirrored_picture_has_the_mirrored_sector(echo):
    screen = hospital_screen(echo.frames, seed=3, settings=ScreenSettings(mirror=0))
    straight = find_sector(screen.frames)
    turned = find_sector(np.ascontiguousarray(screen.frames[:, :, ::-1]))
    assert iou(turned, straight.geometry.mirrored()) > 0.98


def test_a_cut_by_a_straight_line_is_told(echo):
    sector = SectorGeometry(
        (300, 400), Region(0, 0, 300, 330), (8.0, 200.0), (-0.7, 0.7), (0.0, 280.0)
    )
    frames = np.random.default_rng(0).integers(30, 160, (8, 300, 400)).astype(np.uint8)
    frames[:, ~sector.mask()] = 0
    found = find_sector(frames)
    assert iou(found, sector) > 0.97
    assert abs(found.geometry.clip.right - 330) <= 3


def test_text_beside_the_sector_is_no_echo(echo):
    settings = ScreenSettings(
        cuts=False, mirror=0, furniture=0, tone=False, storage=False, size=(480, 640)
    )
    plain = hospital_screen(echo.frames, seed=1, settings=settings)
    busy = hospital_screen(
        echo.frames, seed=1, settings=settings.model_copy(update={"furniture": 2.0})
    )
    assert find_sector(plain.frames).clean
    assert not find_sector(busy.frames).clean
    assert iou(find_sector(busy.frames), plain.sector) > 0.97


def test_a_rectangle_without_edges_is_its_whole_content():
    frames = np.zeros((6, 200, 300), np.uint8)
    frames[:, 30:180, 40:260] = np.random.default_rng(1).integers(20, 200, (6, 150, 220))
    found = find_sector(frames)
    assert not found.geometry.is_sector
    assert found.box == Region(30, 40, 180, 260)


@pytest.mark.parametrize("level", [0, 90])
def test_an_empty_picture_has_no_sector(level):
    assert find_sector(np.full((3, 200, 240), level, np.uint8)) is None


def test_camus_pictures_are_clean_and_fill_their_sector(data):
    from cardiac.io import read

    for patient in range(1, 7):
        folder = data / "camus" / f"patient{patient:04d}"
        for view in ("4CH", "2CH"):
            sequence = read(folder / f"{folder.name}_{view}_ED.nii.gz")
            found = find_sector(sequence.frames)
            lit = sequence.frames[0] > 0
            assert found.clean
            assert (found.mask() & lit).sum() > 0.975 * lit.sum()
