"""The sheet: every shape in its colours, what is invalid marked."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cardiac.errors import OutputError
from cardiac.labels import Label
from cardiac.research.evaluation.shape_montage import (
    CELL_WIDTH,
    MontageRow,
    draw_sheet,
    write_sheet,
)


def colours_of(picture: Image.Image) -> set[tuple[int, ...]]:
    return {color for _, color in picture.convert("RGB").getcolors(1 << 24)}


def test_shapes_are_drawn_in_the_colours_of_their_labels(hearts):
    row = MontageRow(("two", "hearts"), hearts[:2], ("a", "b"), np.array([True, True]))
    sheet = draw_sheet([row, row], ("below",))
    assert sheet.width > 2 * CELL_WIDTH
    assert {label.color for label in Label} <= colours_of(sheet)
    assert sheet.height > draw_sheet([row]).height


def test_an_invalid_shape_is_marked(hearts):
    sound, unsound = (
        MontageRow((), hearts[:1], ("a",), np.array([valid])) for valid in (True, False)
    )
    assert np.asarray(draw_sheet([sound])).shape == np.asarray(draw_sheet([unsound])).shape
    red = [c for c in colours_of(draw_sheet([unsound])) if c[0] > 190 and max(c[1:]) < 60]
    assert red
    assert not [c for c in colours_of(draw_sheet([sound])) if c[0] > 190 and max(c[1:]) < 60]


def test_a_sheet_is_a_small_png_and_the_same_every_time(hearts, tmp_path):
    row = MontageRow(("many",), hearts[:8], [str(i) for i in range(8)], np.ones(8, bool))
    first = write_sheet(tmp_path / "new" / "a.png", [row])
    again = write_sheet(tmp_path / "b.png", [row])
    assert first.read_bytes() == again.read_bytes()
    assert first.stat().st_size < 60_000
    with pytest.raises(OutputError, match="png"):
        write_sheet(tmp_path / "a.jpg", [row])


def test_nothing_to_see_is_drawn_all_the_same():
    empty = MontageRow((), np.zeros((1, 32, 40), np.uint8), ("none",), np.array([False]))
    assert draw_sheet([empty]).width > CELL_WIDTH
