"""Between the image that masks are written on and the canonical grid that shapes live on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiac.anatomy.attributes import length_powers
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

    def attributes(self, values: Array) -> Array:
        """Measured attributes (T, 7) in canonical pixels and degrees."""
        scaled = values / length_powers(self.pixel_mm)
        # Counted from the corner of the image; the canonical square may begin elsewhere.
        corner = self.grid.points_to_canonical(np.array([-0.5, -0.5])) + 0.5
        scaled[:, 5:7] += corner[::-1]
        return np.asarray(scaled)

    @property
    def followable(self) -> bool:
        """Whether outlines can be followed on the image's own pixels."""
        aspect = 1.0 if self.spacing is None else self.spacing[0] / self.spacing[1]
        return abs(aspect - 1) < SQUARE and max(self.shape) <= LARGEST

    def draw(self, outlines: Array) -> Mask:
        """Label maps (N, H, W) of outlines (N, POINTS, 2) in canonical pixels."""
        return draw_on(self.shape, self.grid.points_to_image(outlines))
