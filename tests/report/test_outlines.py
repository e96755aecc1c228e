from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiac.labels import Label
from cardiac.report.outlines import Stroke, outline, paint


def disk(radius: float, center: tuple[float, float], size: int = 80) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return (np.hypot(y - center[0], x - center[1]) <= radius).astype(np.uint8)


def by_label(mask: np.ndarray, scale: int = 1, width: float = 2.0) -> dict[Label, Stroke]:
    return {stroke.label: stroke for stroke in outline(mask, scale, width)}


@given(
    radius=st.floats(10, 28),
    dy=st.floats(-4, 4),
    dx=st.floats(-4, 4),
    scale=st.integers(1, 5),
    width=st.sampled_from([1.5, 2.0, 3.0]),
)
def test_the_line_of_a_disk_is_a_ring_inside_its_border(
    radius: float, dy: float, dx: float, scale: int, width: float
) -> None:
    center = np.array([39.5 + dy, 39.5 + dx])
    stroke = by_label(disk(radius, tuple(center)), scale, width)[Label.LV]
    # Centre of a display pixel in pixels of the mask, then its depth below the border.
    y, x = ((v + 0.5) / scale - 0.5 for v in (stroke.rows, stroke.columns))
    depth = radius - np.hypot(y - center[0], x - center[1])
    slack = 1.0  # The disk is a staircase of whole pixels.
    assert depth.min() > -slack - 0.5 / scale
    assert depth.max() < slack + (width + 0.5) / scale
    # Ink laid down is length times width.
    expected = 2 * np.pi * (radius * scale - width / 2) * width
    assert stroke.alpha.sum() == pytest.approx(expected, rel=0.08)


@given(dy=st.integers(-10, 10), dx=st.integers(-10, 10), scale=st.integers(1, 3))
def test_the_line_moves_with_the_mask(dy: int, dx: int, scale: int) -> None:
    mask = disk(15.3, (40, 40))
    here = by_label(mask, scale)[Label.LV]
    there = by_label(np.roll(mask, (dy, dx), (0, 1)), scale)[Label.LV]
    np.testing.assert_array_equal(here.rows + dy * scale, there.rows)
    np.testing.assert_array_equal(here.columns + dx * scale, there.columns)
    np.testing.assert_array_equal(here.alpha, there.alpha)


def test_the_epicardium_goes_around_both_lv_and_myocardium() -> None:
    mask = disk(20, (40, 40)) * np.uint8(Label.MYOCARDIUM)
    mask[disk(12, (40, 40)) > 0] = Label.LV
    strokes = by_label(mask)
    assert set(strokes) == {Label.MYOCARDIUM, Label.LV}
    outer = np.hypot(strokes[Label.MYOCARDIUM].rows - 40, strokes[Label.MYOCARDIUM].columns - 40)
    inner = np.hypot(strokes[Label.LV].rows - 40, strokes[Label.LV].columns - 40)
    assert outer.min() > 16
    assert inner.max() < 14


def test_neighbours_keep_their_lines_on_their_own_side() -> None:
    mask = np.zeros((60, 60), np.uint8)
    mask[10:30, 15:45] = Label.LV
    mask[30:50, 15:45] = Label.LA
    strokes = by_label(mask, scale=2)
    middle = {
        label: np.average(s.rows[near], weights=s.alpha[near])
        for label, s in strokes.items()
        for near in [(abs(s.rows - 59.5) < 5) & (abs(s.columns - 59.5) < 10)]
        if label != Label.MYOCARDIUM
    }
    assert middle[Label.LV] < 59.5 < middle[Label.LA]


def test_a_structure_cut_by_the_image_border_is_closed_along_it() -> None:
    mask = np.zeros((40, 50), np.uint8)
    mask[20:, 10:40] = Label.LA
    stroke = by_label(mask, scale=3)[Label.LA]
    assert (stroke.rows >= 0).all()
    assert stroke.rows.max() == 3 * 40 - 1
    assert np.ptp(stroke.columns[stroke.rows == 3 * 40 - 1]) > 70


@pytest.mark.parametrize("pixels", [0, 1])
def test_nothing_is_drawn_of_nothing_or_a_speck(pixels: int) -> None:
    mask = np.zeros((30, 30), np.uint8)
    mask[15, 15 : 15 + pixels] = Label.LA
    assert outline(mask, 2) == ()


def test_paint_touches_only_the_line_and_covers_it_with_the_labels_colour() -> None:
    mask = disk(20, (40, 40))
    strokes = outline(mask, 1, 3.0)
    image = np.full((80, 80, 3), 100, np.uint8)
    paint(image, strokes)
    line = np.zeros((80, 80), bool)
    for stroke in strokes:
        line[stroke.rows, stroke.columns] = True
    assert (image[~line] == 100).all()
    lv = strokes[-1]
    full = lv.alpha == 1
    assert full.any()
    assert (image[lv.rows[full], lv.columns[full]] == Label.LV.color).all()
