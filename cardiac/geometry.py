"""Where pixels are: spacing, the imaged region, and the canonical grid and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError

Spacing: TypeAlias = tuple[float, float]
"""(row, column) size of a pixel in mm."""
FloatArray: TypeAlias = npt.NDArray[np.float32]
Mask: TypeAlias = npt.NDArray[np.uint8]
"""(H, W) or (T, H, W) label map, CAMUS numbers."""

CANONICAL_SIZE = 256


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of pixels, half open: rows [top, bottom), columns [left, right)."""

    top: int
    left: int
    bottom: int
    right: int

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom and 0 <= self.left < self.right):
            raise GeometryError(f"the region {self} is empty or negative")

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices that cut the region out of an image."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, slots=True)
class CanonicalGrid:
    """The isotropic square grid that every network sees, tied to one image's own grid.

    The region of the image is scaled, aspect kept in physical units, until its longer
    side fills the square, and centred. Both directions are linear operators on rows and
    on columns, so a mask comes back exactly where its image came from.

    Args:
        shape: (H, W) of the image.
        region: The part of the image that holds the ultrasound sector.
        aspect: Height of a pixel divided by its width; 1 where the spacing is unknown.
        size: Side of the square in pixels.
    """

    shape: tuple[int, int]
    region: Region
    aspect: float = 1.0
    size: int = CANONICAL_SIZE

    @classmethod
    def fit(
        cls,
        shape: tuple[int, int],
        spacing: Spacing | None = None,
        region: Region | None = None,
        size: int = CANONICAL_SIZE,
    ) -> CanonicalGrid:
        """Lay the square over an image of ``shape`` (H, W) with ``spacing`` in mm."""
        region = region or Region(0, 0, shape[0], shape[1])
        aspect = 1.0 if spacing is None else spacing[0] / spacing[1]
        return cls(shape, region, aspect, size)

    @property
    def pitch(self) -> tuple[float, float]:
        """(row, column) step of the canonical grid, in pixels of the image."""
        side = max(self.region.height * self.aspect, self.region.width) / self.size
        return side / self.aspect, side

    def _centers(self, axis: int, size: int) -> npt.NDArray[np.float64]:
        """Image coordinates of the centres of ``size`` canonical samples along an axis."""
        low, high = (
            (self.region.top, self.region.bottom)
            if axis == 0
            else (self.region.left, self.region.right)
        )
        step = self.pitch[axis] * self.size / size
        centers = (np.arange(size, dtype=np.float64) + 0.5 - size / 2) * step
        return np.asarray(centers + ((low + high) / 2 - 0.5), dtype=np.float64)

    def to_canonical(self, frames: npt.NDArray[np.generic]) -> FloatArray:
        """Resample images (..., H, W) to (..., size, size), anti-aliased, zero outside."""
        rows, columns = (
            _sampling(self._centers(axis, self.size), self.shape[axis], self.pitch[axis], pad=False)
            for axis in (0, 1)
        )
        return _apply(np.asarray(frames), rows, columns)

    def to_image(self, planes: npt.NDArray[np.generic], fill: float = 0.0) -> FloatArray:
        """Bring planes (..., h, w) on the square back to the image's grid (..., H, W).

        ``planes`` may be coarser than the canonical grid (h = size / n); outside the
        square the result is ``fill``.
        """
        values: FloatArray = np.asarray(planes, dtype=np.float32)
        operators = []
        for axis, n in ((0, values.shape[-2]), (1, values.shape[-1])):
            centers = self._centers(axis, n)
            position = (np.arange(self.shape[axis]) - centers[0]) / (centers[1] - centers[0])
            operators.append(_sampling(position, n, 1.0 / (centers[1] - centers[0]), pad=True))
        result = _apply(values - np.float32(fill), operators[0], operators[1])
        return result + np.float32(fill) if fill else result


def _sampling(
    position: npt.NDArray[np.float64], source: int, step: float, *, pad: bool
) -> FloatArray:
    """Weights (n, source) of a triangle filter at ``position``, as wide as the step is coarse.

    With ``pad`` the edge sample is held for half a sample beyond the edge, so that a map
    brought back from a coarser grid does not fade at the rim.
    """
    width = max(1.0, step)
    inside = (position >= -0.5 - 1e-9) & (position <= source - 0.5 + 1e-9)
    held = np.clip(position, 0, source - 1) if pad or step <= 1 else position
    weights = np.clip(1 - np.abs(held[:, None] - np.arange(source)) / width, 0, None)
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return np.asarray(weights * inside[:, None], dtype=np.float32)


def _apply(planes: npt.NDArray[np.generic], rows: FloatArray, columns: FloatArray) -> FloatArray:
    # Columns first through a 2-D product: BLAS then sees one tall matrix, not many small ones.
    flat = np.ascontiguousarray(planes, dtype=np.float32).reshape(-1, planes.shape[-1])
    half = (flat @ columns.T).reshape(*planes.shape[:-1], columns.shape[0])
    return np.asarray(np.matmul(rows, half), dtype=np.float32)
