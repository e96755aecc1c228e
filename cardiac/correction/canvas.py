"""Between the image that masks are written on and the canonical grid that shapes live on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask, Spacing
from cardiac.shape.compose import draw_on
from cardiac.types import Array

LARGEST = 1.5 * CANONICAL_SIZE
"""Side in pixels up to which outlines are followed on the image's own pixels."""
SQUARE = 0.01
"""Deviation of a pixel's aspect up to which it counts as square."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """An image's pixels and the canonical grid over them.

    Attributes:
        shape: (H, W) of the image.
        spacing: (row, column) size of a pixel in mm, or None.
    """

    shape: tuple[int, int]
    spacing: Spacing | None

    @property
    def grid(self) -> CanonicalGrid:
        """The canonical grid laid over the whole image."""
        return CanonicalGrid.fit(self.shape, self.spacing)

    @property
    def pixel_mm(self) -> float:
        """Size of a canonical pixel, in mm; in pixels of the image without spacing."""
        return self.grid.pitch[1] * (1.0 if self.spacing is None else self.spacing[1])

    def _origin(self) -> Array:
        """Image coordinates (row, column) of the first canonical pixel's centre."""
        pitch = np.array(self.grid.pitch)
        return (np.array(self.shape) - 1) / 2 - (CANONICAL_SIZE - 1) / 2 * pitch

    def to_canonical(self, points: Array) -> Array:
        """Points (..., 2) as (row, column) in pixels of the image, in canonical pixels."""
        return np.asarray((points - self._origin()) / np.array(self.grid.pitch))

    def to_image(self, points: Array) -> Array:
        """Points (..., 2) in canonical pixels, in pixels of the image."""
        return np.asarray(points * np.array(self.grid.pitch) + self._origin())

    def attributes(self, values: Array) -> Array:
        """Measured attributes (T, 7) in canonical pixels and degrees."""
        px = self.pixel_mm
        scaled = values / np.array([px**2, px, px, 1.0, px**2, px, px])
        # Counted from the corner of the image; the canonical square may begin elsewhere.
        corner = self.to_canonical(np.array([-0.5, -0.5])) + 0.5
        scaled[:, 5:7] += corner[::-1]
        return np.asarray(scaled)

    @property
    def followable(self) -> bool:
        """Whether outlines can be followed on the image's own pixels."""
        aspect = 1.0 if self.spacing is None else self.spacing[0] / self.spacing[1]
        return abs(aspect - 1) < SQUARE and max(self.shape) <= LARGEST

    def square(self, masks: Mask) -> Mask:
        """Masks (T, S, S) on the canonical grid, each pixel with the label at its centre."""
        centres = np.arange(CANONICAL_SIZE, dtype=float)
        found = self.to_image(np.stack([centres, centres], axis=1))
        rows, columns = (np.rint(found[:, axis]).astype(int) for axis in (0, 1))
        inside = [(i >= 0) & (i < n) for i, n in zip((rows, columns), self.shape, strict=True)]
        result = np.zeros((len(masks), CANONICAL_SIZE, CANONICAL_SIZE), np.uint8)
        cut = masks[:, rows[inside[0]]][:, :, columns[inside[1]]]
        result[np.ix_(np.arange(len(masks)), inside[0], inside[1])] = cut
        return result

    def draw(self, outlines: Array) -> Mask:
        """Label maps (N, H, W) of outlines (N, POINTS, 2) in canonical pixels."""
        return draw_on(self.shape, self.to_image(outlines))
