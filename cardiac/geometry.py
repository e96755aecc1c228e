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

    def mirrored(self, width: int) -> Region:
        """Where the region lies in the image of that width turned over, left to right."""
        return Region(self.top, width - self.right, self.bottom, width - self.left)


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

    def points_to_canonical(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Points (..., 2) as (row, column) in pixels of the image, in canonical pixels."""
        return np.asarray((points - self._first_centre()) / np.array(self.pitch))

    def points_to_image(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Points (..., 2) as (row, column) in canonical pixels, in pixels of the image."""
        return np.asarray(points * np.array(self.pitch) + self._first_centre())

    def _first_centre(self) -> npt.NDArray[np.float64]:
        """Image coordinates (row, column) of the first canonical pixel's centre."""
        return np.array([self._centers(axis, self.size)[0] for axis in (0, 1)])

    def nearest_labels(self, masks: Mask, side: int | None = None) -> Mask:
        """Label maps (T, side, side): the label of the image's pixel at each sample's centre.

        Args:
            masks: (T, H, W) on the image.
            side: Samples along the square; its size if None.
        """
        side = side or self.size
        places = [self._nearest_pixels(axis, side) for axis in (0, 1)]
        inside = [(p >= 0) & (p < n) for p, n in zip(places, masks.shape[1:], strict=True)]
        result = np.zeros((len(masks), side, side), np.uint8)
        cut = masks[:, places[0][inside[0]]][:, :, places[1][inside[1]]]
        result[np.ix_(np.arange(len(masks)), *map(np.flatnonzero, inside))] = cut
        return result

    def _nearest_pixels(self, axis: int, side: int) -> npt.NDArray[np.intp]:
        """(side,) pixel of the image at each sample's centre, mirrored in a mirrored image."""
        centres = self._centers(axis, side)
        before = centres < (self.shape[axis] - 1) / 2
        # Half way between two pixels it is the one nearer to the middle of the image.
        return np.where(before, np.floor(centres + 0.5), np.ceil(centres - 0.5)).astype(np.intp)

    def label_fractions(self, masks: Mask) -> FloatArray:
        """(..., 4, size, size) fraction of each canonical pixel that each label covers.

        Args:
            masks: (..., H, W) on the image, outside of which there is background.
        """
        fractions = self.to_canonical(masks[..., None, :, :] == np.arange(4)[:, None, None])
        fractions[..., 0, :, :] = 1 - fractions[..., 1:, :, :].sum(axis=-3)
        return fractions

    def majority_labels(self, masks: Mask) -> Mask:
        """Label maps (..., size, size): the label that covers most of each canonical pixel."""
        return np.asarray(self.label_fractions(masks).argmax(axis=-3), np.uint8)

    def labels_to_image(self, labels: Mask) -> Mask:
        """Labels (T, H, W) of the image's pixels: those of the sample each one's centre is in.

        Args:
            labels: (T, side, side) on the square.
        """
        region, side = self.region, labels.shape[-1]
        result = np.zeros((len(labels), *self.shape), np.uint8)
        cells, inside = [], []
        limits = ((region.top, region.bottom), (region.left, region.right))
        for axis, (first, last) in enumerate(limits):
            pixels = np.arange(first, last)
            step = self.pitch[axis] * self.size / side
            cell = (pixels - (first + last) / 2 + 0.5) / step + side / 2
            cell = np.floor(cell).astype(np.intp)
            found = (cell >= 0) & (cell < side)
            cells.append(cell[found])
            inside.append(pixels[found])
        result[np.ix_(np.arange(len(labels)), *inside)] = labels[:, cells[0]][:, :, cells[1]]
        return result

    def to_canonical(self, frames: npt.NDArray[np.generic]) -> FloatArray:
        """Resample images (..., H, W) to (..., size, size), anti-aliased, zero outside."""
        rows, columns = (
            _sampling(self._centers(axis, self.size), self.shape[axis], self.pitch[axis], pad=False)
            for axis in (0, 1)
        )
        return _apply(np.asarray(frames), rows, columns)

    def to_image(
        self, planes: npt.NDArray[np.generic], fill: float = 0.0, window: Region | None = None
    ) -> FloatArray:
        """Bring planes (..., h, w) on the square back to the image's grid (..., H, W).

        Args:
            planes: May be coarser than the canonical grid (h = size / n).
            fill: Value outside the square.
            window: Only this part of the image, if given: (..., window height, window width).
        """
        values: FloatArray = np.asarray(planes, dtype=np.float32)
        window = window or Region(0, 0, *self.shape)
        operators = []
        spans = ((window.top, window.bottom), (window.left, window.right))
        for axis, (n, span) in enumerate(zip(values.shape[-2:], spans, strict=True)):
            centers = self._centers(axis, n)
            step = centers[1] - centers[0]
            operators.append(
                _sampling((np.arange(*span) - centers[0]) / step, n, 1.0 / step, pad=True)
            )
        result = _apply(values - np.float32(fill), operators[0], operators[1])
        return result + np.float32(fill) if fill else result

    def window(self, found: npt.NDArray[np.bool_]) -> Region | None:
        """Part of the image that ``found`` (h, w), on the square, can reach; None if nowhere.

        It has a margin of one sample of ``found``, as far as linear interpolation carries.
        """
        limits = []
        for axis in (0, 1):
            hits = np.flatnonzero(found.any(axis=1 - axis))
            if not hits.size:
                return None
            centers = self._centers(axis, found.shape[axis])
            step = centers[1] - centers[0]
            low = int(np.floor(centers[hits[0]] - step))
            high = int(np.ceil(centers[hits[-1]] + step)) + 1
            limits.append((max(low, 0), min(high, self.shape[axis])))
        (top, bottom), (left, right) = limits
        if top >= bottom or left >= right:
            return None
        return Region(top, left, bottom, right)


SQUARE = 0.01
"""Deviation of a pixel's aspect from 1 up to which it counts as square."""


def is_square(spacing: Spacing | None) -> bool:
    """Whether pixels of this (row, column) size are square, as they are taken to be if unknown."""
    return spacing is None or abs(spacing[0] / spacing[1] - 1) < SQUARE


def on_square_pixels(masks: Mask, spacing: Spacing | None) -> Mask:
    """Label maps (T, h, w) of masks (T, H, W) on square pixels of the finer of both sizes."""
    if spacing is None or is_square(spacing):
        return masks
    fine = min(spacing)
    for axis in (1, 2):
        count, step = masks.shape[axis], spacing[axis - 1]
        if step > fine:
            wanted = max(1, round(count * step / fine))
            masks = masks.take(((np.arange(wanted) + 0.5) * count // wanted).astype(int), axis=axis)
    return masks


def at_spacing(masks: Mask, spacing: Spacing, pixel_mm: float) -> Mask:
    """Label maps (T, h, w) of masks (T, H, W) on square pixels of a size in mm.

    Each pixel gets the label that covers most of it.
    """
    operators = []
    for count, step in zip(masks.shape[1:], spacing, strict=True):
        wanted = max(1, round(count * step / pixel_mm))
        pitch = pixel_mm / step
        centres = (np.arange(wanted) + 0.5 - wanted / 2) * pitch + (count - 1) / 2
        operators.append(_sampling(centres, count, pitch, pad=True))
    fractions = [_apply(masks == label, *operators) for label in range(1, 4)]
    background = 1 - np.sum(fractions, axis=0)
    return np.asarray(np.argmax([background, *fractions], axis=0), np.uint8)


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
    """Resample along columns, then rows. An axis that is not resampled costs nothing."""
    result = np.ascontiguousarray(planes, dtype=np.float32)
    if not _is_identity(columns):
        # Through a 2-D product: BLAS then sees one tall matrix, not many small ones.
        flat = result.reshape(-1, result.shape[-1]) @ columns.T
        result = flat.reshape(*planes.shape[:-1], columns.shape[0])
    return result if _is_identity(rows) else np.matmul(rows, result)


def _is_identity(operator: FloatArray) -> bool:
    height, width = operator.shape
    return height == width and bool((operator == np.eye(height, dtype=np.float32)).all())
