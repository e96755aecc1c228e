from __future__ import annotations

import numpy as np
import pytest

from cardiac.research.phantom import synthetic_cine
from cardiac.research.phantom.screens import ScreenSettings, hospital_screen, picture_sector

PLAIN = ScreenSettings(cuts=False, turn_deg=0, mirror=0, furniture=0, tone=False, storage=False)


@pytest.fixture(scope="module")
def echo():
    return synthetic_cine("A4C", n_frames=4, size=(256, 256), seed=5)


def test_the_same_seed_gives_the_same_screen(echo):
    first, second = (hospital_screen(echo.frames, echo.masks, seed=4) for _ in range(2))
    assert (first.rgb == second.rgb).all()
    assert first.sector == second.sector
    assert (first.rgb.shape != (other := hospital_screen(echo.frames, seed=5)).rgb.shape) or (
        first.rgb != other.rgb
    ).any()


@pytest.mark.parametrize("seed", range(6))
def test_labels_and_echo_lie_within_the_sector(echo, seed):
    screen = hospital_screen(echo.frames, echo.masks, seed=seed)
    inside = screen.sector.mask()
    assert not (screen.masks[:, ~inside]).any()
    assert screen.masks.shape == screen.frames.shape


@pytest.mark.parametrize("seed", range(6))
def test_a_plain_screen_holds_the_picture_and_nothing_else(echo, seed):
    screen = hospital_screen(echo.frames, echo.masks, seed=seed, settings=PLAIN)
    lit = screen.frames.max(axis=0) > 0
    inside = screen.sector.mask()
    assert not (lit & ~inside).any()
    assert (lit & inside).sum() > 0.9 * inside.sum()
    scale = np.linalg.det(screen.to_screen[:, :2])
    shown = (echo.masks[0] > 0) & picture_sector(echo.frames.max(axis=0)).mask()
    assert (screen.masks[0] > 0).sum() == pytest.approx(scale * shown.sum(), rel=0.03)


def test_a_mirrored_screen_says_so(echo):
    settings = PLAIN.model_copy(update={"mirror": 1.0, "size": (300, 400)})
    screen = hospital_screen(echo.frames, echo.masks, seed=2, settings=settings)
    straight = hospital_screen(
        echo.frames, echo.masks, seed=2, settings=settings.model_copy(update={"mirror": 0.0})
    )
    assert screen.mirrored and not straight.mirrored
    side = [np.nonzero(s.masks[0] == 1)[1].mean() - s.sector.apex[1] for s in (screen, straight)]
    assert side[0] == pytest.approx(-side[1], abs=1.5)


def test_the_geometry_of_a_picture_on_black_is_read_from_it(echo):
    sector = picture_sector(echo.frames.max(axis=0))
    lit = echo.frames.max(axis=0) > 0
    assert (sector.mask() & lit).sum() > 0.99 * lit.sum()
    assert (sector.mask() ^ lit).sum() < 0.03 * lit.sum()
