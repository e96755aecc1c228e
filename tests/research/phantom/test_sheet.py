"""A sheet shows different moments of different hearts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cardiac.errors import OutputError
from cardiac.research.phantom import PhantomCine, picture_sheet, save_sheet

ROOT = Path(__file__).parents[3]


def test_a_sheet_has_a_row_a_cine_and_five_moments(phantom: PhantomCine, tmp_path: Path) -> None:
    path = save_sheet(tmp_path / "sheet.png", [phantom, phantom])
    sheet = np.asarray(Image.open(path))
    half = sheet.shape[0] // 2
    assert np.array_equal(sheet[: half - 2], sheet[half + 2 :])
    width = (sheet.shape[1] + 4) // 5
    moments = [sheet[: half - 2, k * width : (k + 1) * width - 4] for k in range(5)]
    assert all(not np.array_equal(a, b) for a, b in pairwise(moments))
    assert all(moment.mean() > 20 for moment in moments)


def test_the_sheet_that_ships_can_be_made_again_without_data() -> None:
    shipped = np.asarray(Image.open(ROOT / "docs" / "phantom.png")).astype(float)
    assert np.abs(picture_sheet() - shipped).mean() < 0.5


def test_a_sheet_that_cannot_be_written_is_refused(phantom: PhantomCine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        save_sheet(tmp_path / "file" / "sheet.png", [phantom])
