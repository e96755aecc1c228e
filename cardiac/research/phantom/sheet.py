"""A sheet of phantom frames to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiac.io.files import replacing
from cardiac.research.phantom.cine import PhantomCine
from cardiac.research.phantom.polar import visible
from cardiac.research.phantom.synthetic import synthetic_cine

Image = npt.NDArray[np.uint8]
_SEEDS = (("A4C", 11), ("A4C", 2), ("A2C", 3))


def picture_sheet(
    cines: Sequence[PhantomCine] | None = None, columns: int = 5, gap: int = 4
) -> Image:
    """Frames of one beat, a row a cine: from end-diastole through end-systole to filling.

    Args:
        cines: Cines of one frame size; three synthetic ones if None.
        columns: Frames a cine, at even steps over its first beat.
        gap: Pixels between frames.

    Returns:
        (rows, columns) grey levels.
    """
    if cines is None:
        cines = [synthetic_cine(view, 40, (256, 256), seed) for view, seed in _SEEDS]
    cines = [_cropped(cine) for cine in cines]
    height, width = (max(cine.frames.shape[axis] for cine in cines) for axis in (1, 2))
    sheet = np.zeros((len(cines) * (height + gap) - gap, columns * (width + gap) - gap), np.uint8)
    for row, cine in enumerate(cines):
        beat = min(60 / cine.heart_rate_bpm, float(cine.times[-1]))
        for column in range(columns):
            t = int(np.abs(cine.times - 0.8 * beat * column / max(columns - 1, 1)).argmin())
            top, left = row * (height + gap), column * (width + gap)
            frame = cine.frames[t]
            sheet[top : top + frame.shape[0], left : left + frame.shape[1]] = frame
    return sheet


def _cropped(cine: PhantomCine) -> PhantomCine:
    """The cine without the black rows and columns around its sector."""
    rows, columns = (np.flatnonzero(visible(cine.frames).any(axis=axis)) for axis in (1, 0))
    part = np.s_[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return cine.replace(frames=cine.frames[part], masks=cine.masks[part])


def save_sheet(path: str | Path, cines: Sequence[PhantomCine] | None = None) -> Path:
    """Write :func:`picture_sheet` as a PNG, making its folder.

    Raises:
        OutputError: The file cannot be written.
    """
    from PIL import Image as Pictures

    path = Path(path)
    with replacing(path) as temporary:
        Pictures.fromarray(picture_sheet(cines)).save(temporary, optimize=True)
    return path
