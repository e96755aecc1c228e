from __future__ import annotations

import numpy as np

from cardiac.sector.graphics import fill_in, still_graphics

INSIDE = np.ones((160, 200), bool)


def speckle(seed=0):
    return np.random.default_rng(seed).integers(20, 120, (10, 160, 200)).astype(np.uint8)


def test_a_line_that_stands_still_is_found_and_the_echo_is_not():
    frames = speckle()
    assert not still_graphics(frames, INSIDE).any()
    frames[:, 80, 40:160] = 255
    found = still_graphics(frames, INSIDE)
    assert found[80, 45:155].all()
    assert found.sum() <= 120


def test_one_picture_cannot_tell():
    frames = speckle()[:1]
    frames[:, 80, 40:160] = 255
    assert not still_graphics(frames, INSIDE).any()


def test_filling_in_changes_only_the_drawn_pixels_and_their_fringe():
    frames = speckle()
    drawn = np.zeros((160, 200), bool)
    drawn[80, 40:160] = True
    changed = frames.copy()
    changed[:, drawn] = 255
    before = changed.copy()
    fill_in(changed, drawn)
    near = np.zeros_like(drawn)
    near[79:82, 39:161] = True
    assert (changed[:, ~near] == before[:, ~near]).all()
    assert changed[:, drawn].max() < 120
