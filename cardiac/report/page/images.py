"""Frames and uncertainty maps as small images inside a text."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cardiac.report.display import Display, levels

if TYPE_CHECKING:
    from PIL.Image import Image

Grey = npt.NDArray[np.uint8]

TYPE = "image/webp"
MOST_FRAMES = 400
"""Of a longer cine every second, third, ... frame is shown."""
QUARTER = 4
"""How much coarser the uncertainty map is."""
THUMB = 120
"""Longest side of the little picture in a table."""


class Size(NamedTuple):
    """How small images are made.

    Attributes:
        side: Longest side in pixels; nothing is magnified.
        quality: Of the lossy WebP.
    """

    side: int
    quality: int


SIZES = tuple(
    Size(side, quality)
    for side, quality in (
        (400, 78), (400, 60), (360, 45), (300, 40), (224, 36), (160, 30), (112, 25), (80, 20),
    )
)  # fmt: skip
"""Tried one after the other until a cine is small enough."""


def frames_shown(count: int, wanted: Sequence[int] = ()) -> list[int]:
    """Frames that are shown of a cine: all, or every n-th and those that are wanted."""
    step = -(-count // MOST_FRAMES)
    return sorted({*range(0, count, step), *(frame for frame in wanted if 0 <= frame < count)})


def shape_within(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """(h, w) shrunk until the longer side fits."""
    share = min(1.0, side / max(shape))
    return max(1, round(shape[0] * share)), max(1, round(shape[1] * share))


def encode_cine(
    frames: Grey, shown: Sequence[int], display: Display, budget: int
) -> tuple[list[str], tuple[int, int]]:
    """Frames (T, H, W) as base64 WebP, and their size (h, w).

    Args:
        frames: Grey levels.
        shown: Which frames.
        display: How the sequence is laid out: only its imaged region is shown.
        budget: Characters that all together may take.
    """
    size = shape_within(display.shape, SIZES[-1].side)
    images: list[str] = []
    for choice in SIZES:
        size = shape_within(display.shape, choice.side)
        sample = shown[:: max(1, len(shown) // 8)]
        probe = [encode(small(display.image(frames[t]), size), choice.quality) for t in sample]
        if sum(map(len, probe)) / len(probe) * len(shown) <= budget or choice is SIZES[-1]:
            images = [encode(small(display.image(frames[t]), size), choice.quality) for t in shown]
            if sum(map(len, images)) <= 1.1 * budget:
                break
    return images, size


def encode_map(
    planes: npt.NDArray[Any], shown: Sequence[int], display: Display, side: int
) -> tuple[list[str], tuple[int, int]]:
    """Maps (T, H, W) from 0 to 1, or in 256 levels, as base64 WebP, and their size (h, w)."""
    size = shape_within(display.shape, max(1, side // QUARTER))
    images = [_text(map_webp(planes[t], display, size)) for t in shown]
    return images, size


def map_webp(plane: npt.NDArray[Any], display: Display, size: tuple[int, int]) -> bytes:
    """One map (H, W) from 0 to 1, or in 256 levels, as WebP of a size (h, w)."""
    rows, columns = display.region.slices
    # The image of the whole frame would be cut to its region all the same.
    level = np.zeros(plane.shape, np.uint8)
    level[rows, columns] = levels(plane[rows, columns])
    return webp(small(display.image(level), size), 80)


def encode(image: Image, quality: int) -> str:
    """One grey image as base64 WebP."""
    return _text(webp(image, quality))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def webp(image: Image, quality: int) -> bytes:
    """One image as WebP: about half a JPEG's bytes, quick enough with the second method."""
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality, method=2)
    return file.getvalue()


def small(plane: Grey, size: tuple[int, int]) -> Image:
    """Grey levels as an image of a size (h, w)."""
    from PIL import Image

    image = Image.fromarray(plane)
    if plane.shape == size:
        return image
    return image.resize((size[1], size[0]), Image.Resampling.LANCZOS)
