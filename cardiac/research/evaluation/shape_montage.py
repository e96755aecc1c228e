"""A sheet of shapes in rows, with words under each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.raster import bounding_box
from cardiac.errors import OutputError
from cardiac.geometry import Mask
from cardiac.io.files import write_atomically
from cardiac.labels import Label
from cardiac.types import BoolArray

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

TITLE_WIDTH = 104
CELL_WIDTH = 100
"""Pixels of the sheet that a shape is wide."""
MARGIN = 5
FONT_SIZE, LINE = 12, 16
PAPER, INK, WARNING = (255, 255, 255), (40, 40, 40), (200, 40, 40)


@dataclass(frozen=True, eq=False, slots=True)
class MontageRow:
    """One row of a sheet.

    Attributes:
        title: Lines of text at its left.
        masks: (n, S, S) shapes.
        captions: What stands under each.
        valid: (n,) those that are not are marked.
    """

    title: Sequence[str]
    masks: Mask
    captions: Sequence[str]
    valid: BoolArray


def draw_sheet(rows: Sequence[MontageRow], footer: Sequence[str] = ()) -> Image:
    """Draw rows of shapes, all cut to one frame so that places can be compared.

    Args:
        rows: From top to bottom; their masks have one size.
        footer: Lines of text at the bottom.
    """
    from PIL import Image as Images
    from PIL.ImageDraw import Draw

    frame = _frame(rows)
    height = round(CELL_WIDTH * (frame[2] - frame[0]) / (frame[3] - frame[1]))
    columns = max(len(row.masks) for row in rows)
    tall = height + LINE + 2 * MARGIN
    size = (
        TITLE_WIDTH + columns * (CELL_WIDTH + MARGIN) + MARGIN,
        len(rows) * tall + LINE * len(footer) + 2 * MARGIN,
    )
    sheet = Images.new("RGB", size, PAPER)
    pen, font = Draw(sheet), _font()
    for number, row in enumerate(rows):
        y = MARGIN + number * tall
        pen.multiline_text((MARGIN, y), "\n".join(row.title), INK, font)
        for column, (mask, caption, valid) in enumerate(
            zip(row.masks, row.captions, row.valid, strict=True)
        ):
            x = TITLE_WIDTH + column * (CELL_WIDTH + MARGIN)
            shape = _coloured(mask[frame[0] : frame[2], frame[1] : frame[3]])
            sheet.paste(Images.fromarray(shape).resize((CELL_WIDTH, height)), (x, y))
            words, ink = (caption, INK) if valid else (f"{caption} invalid", WARNING)
            place = (x + CELL_WIDTH // 2, y + height + LINE // 2 + 1)
            pen.text(place, words, ink, font, anchor="mm")
    place = (MARGIN, size[1] - LINE * len(footer) - MARGIN)
    pen.multiline_text(place, "\n".join(footer), INK, font)
    # Few colours: a sheet is a small file.
    return sheet.quantize(64)


def write_sheet(path: Path, rows: Sequence[MontageRow], footer: Sequence[str] = ()) -> Path:
    """Write a sheet (see `draw_sheet`) as PNG.

    Raises:
        OutputError: It cannot be written, or the name does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise OutputError("is not the name of a picture.", path=path, hint="Let it end in .png.")
    buffer = BytesIO()
    draw_sheet(rows, footer).save(buffer, "PNG", optimize=True)
    write_atomically(path, buffer.getvalue())
    return path


def _font() -> FreeTypeFont:
    """A font that has superscripts."""
    import matplotlib
    from PIL.ImageFont import truetype

    return truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), FONT_SIZE)


def _frame(rows: Sequence[MontageRow]) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) around all shapes, with a margin."""
    everything = np.concatenate([row.masks for row in rows]).max(axis=0)
    box = bounding_box(everything > 0)
    height, width = everything.shape
    if box is None:
        return 0, 0, height, width
    top, left, bottom, right = box
    return (
        max(top - MARGIN, 0),
        max(left - MARGIN, 0),
        min(bottom + MARGIN, height),
        min(right + MARGIN, width),
    )


def _coloured(mask: Mask) -> npt.NDArray[np.uint8]:
    """(H, W, 3) picture of a label map."""
    colours = np.array([label.color for label in Label], np.uint8)
    return colours[mask]
