"""How a sequence is laid out on a screen: its imaged region, square pixels, large enough."""

from __future__ import annotations

from collections.abc import Sequence as Indexable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError
from cardiac.geometry import Mask, Region
from cardiac.sequence import EchoSequence

MIN_HEIGHT = 480
"""Smaller images are magnified by the least whole number that reaches it."""

_SQUARE = 0.005
_FLATTEST = 10
"""Pixels more oblong than this are a mistake in the file, and are shown as they are."""
_WIDEST = 2048
"""No image is magnified beyond this width."""


@dataclass(frozen=True, slots=True)
class Display:
    """The way from a frame's pixels to a picture's pixels.

    Only the region of the two-dimensional image is shown: what a scanner writes around it
    can name the patient.

    Attributes:
        region: What is shown of the frame.
        shape: (h, w) of it once its pixels are square.
        scale: Whole number by which it is then magnified.
        pixel_mm: Size of a display pixel in mm, or None without calibration.
    """

    region: Region
    shape: tuple[int, int]
    scale: int
    pixel_mm: float | None

    @classmethod
    def of(cls, sequence: EchoSequence, min_height: int = MIN_HEIGHT) -> Display:
        """Lay out a sequence at least ``min_height`` pixels tall."""
        region = sequence.region or Region(0, 0, *sequence.shape)
        region = Region(
            region.top,
            region.left,
            min(region.bottom, sequence.shape[0]),
            min(region.right, sequence.shape[1]),
        )
        height, width, pitch = region.height, region.width, None
        if sequence.spacing is not None:
            row, column = sequence.spacing
            pitch = min(row, column)
            if max(row, column) > _FLATTEST * pitch:
                pitch = None
            elif abs(row / column - 1) > _SQUARE:
                height, width = round(height * row / pitch), round(width * column / pitch)
        scale = max(1, min(-(-min_height // height), _WIDEST // width))
        return cls(region, (height, width), scale, None if pitch is None else pitch / scale)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in display pixels."""
        return self.shape[0] * self.scale, self.shape[1] * self.scale

    def image(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Cut (H, W) grey levels to ``shape``, not yet magnified."""
        return self._cut(frame, smooth=True)

    def labels(self, mask: Mask) -> Mask:
        """Cut an (H, W) label map to ``shape``, not yet magnified."""
        return self._cut(mask, smooth=False)

    def point(self, position: Indexable[float] | npt.NDArray[np.float64]) -> tuple[float, float]:
        """Display (x, y) of the (row, column) centre of a pixel; pixel centres at halves."""
        row = (float(position[0]) + 0.5 - self.region.top) * self.size[0] / self.region.height
        column = (float(position[1]) + 0.5 - self.region.left) * self.size[1] / self.region.width
        return column, row

    def _cut(self, plane: npt.NDArray[np.uint8], *, smooth: bool) -> npt.NDArray[np.uint8]:
        part = plane[self.region.slices]
        if part.shape == self.shape:
            return np.ascontiguousarray(part)
        from PIL import Image

        method = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
        size = (self.shape[1], self.shape[0])
        return np.asarray(Image.fromarray(np.ascontiguousarray(part)).resize(size, method))


def check_masks(sequence: EchoSequence, masks: npt.NDArray[np.generic]) -> None:
    """Raise ``GeometryError`` unless ``masks`` (T, H, W) lie on the frames' grid."""
    if masks.shape != sequence.frames.shape:
        raise GeometryError(
            f"masks of shape {masks.shape} do not fit frames of shape {sequence.frames.shape}",
            path=sequence.source,
        )


def levels(share: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Numbers from 0 to 1 in 256 levels; bytes are taken to be such levels already."""
    if share.dtype == np.uint8:
        return share.view(np.uint8)
    return np.rint(np.clip(share.astype(np.float32), 0, 1) * 255).astype(np.uint8)
