"""Shape of an ultrasound sector on a screen: apex, two edges, two arcs, and what cuts it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError
from cardiac.geometry import Region

Points = npt.NDArray[np.float64]
_ARC_POINTS = 33


@dataclass(frozen=True, slots=True)
class SectorGeometry:
    """A sector scan, or a rectangle where ``apex`` is None (linear array, zoom without edges).

    Attributes:
        shape: (H, W) of the picture.
        clip: Rectangle that the sector is cut to; the whole picture where nothing cuts it.
        apex: (row, column) in pixels where the two edges meet; it may lie outside the picture.
        edges: Angle of the left and the right edge in radians from straight down, positive
            to the right of the picture.
        radii: Distance of the near and the far arc from the apex in pixels.
    """

    shape: tuple[int, int]
    clip: Region
    apex: tuple[float, float] | None = None
    edges: tuple[float, float] = (0.0, 0.0)
    radii: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if self.clip.bottom > self.shape[0] or self.clip.right > self.shape[1]:
            raise GeometryError(f"{self.clip} does not lie in a picture of {self.shape}")
        if self.apex is None:
            return
        (left, right), (near, far) = self.edges, self.radii
        if not (left < right < left + math.pi and 0 <= near < far):
            raise GeometryError(
                f"edges {self.edges} and radii {self.radii} do not bound a sector of under 180°"
            )

    @property
    def is_sector(self) -> bool:
        """Whether it has an apex; False for a rectangle."""
        return self.apex is not None

    def mask(self) -> npt.NDArray[np.bool_]:
        """(H, W) pixels whose centre lies inside."""
        inside = np.zeros(self.shape, dtype=bool)
        rows, columns = self.clip.slices
        if self.apex is None:
            inside[rows, columns] = True
            return inside
        down = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - self.apex[0]
        right = np.arange(columns.start, columns.stop, dtype=np.float32)[None] - self.apex[1]
        span = down * down + right * right
        part = span <= self.radii[1] ** 2
        part &= span >= self.radii[0] ** 2
        # The sign of the cross product tells on which side of an edge a pixel lies.
        left_edge, right_edge = self.edges
        part &= right * math.cos(left_edge) >= down * math.sin(left_edge)
        part &= right * math.cos(right_edge) <= down * math.sin(right_edge)
        inside[rows, columns] = part
        return inside

    def outline(self) -> Points:
        """(N, 2) rows and columns around it, uncut: near arc, right edge, far arc, left edge."""
        if self.apex is None:
            top, left, bottom, right = (
                self.clip.top,
                self.clip.left,
                self.clip.bottom - 1,
                self.clip.right - 1,
            )
            return np.array([(top, left), (top, right), (bottom, right), (bottom, left)], float)
        angle = np.linspace(*self.edges, _ARC_POINTS)
        ray = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        near, far = (np.array(self.apex) + radius * ray for radius in self.radii)
        return np.concatenate([near if self.radii[0] else near[:1], far[::-1]])

    @property
    def box(self) -> Region | None:
        """Bounding box of what is inside the clip; None where nothing is."""
        if self.apex is None:
            return self.clip
        points = self._corners()
        (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
        top, left = max(math.floor(top), self.clip.top), max(math.floor(left), self.clip.left)
        bottom = min(math.ceil(bottom) + 1, self.clip.bottom)
        right = min(math.ceil(right) + 1, self.clip.right)
        return Region(top, left, bottom, right) if top < bottom and left < right else None

    def _corners(self) -> Points:
        """The outline cut to the clip (Sutherland and Hodgman 1974, one side after another)."""
        points = self.outline()
        low = (self.clip.top, self.clip.left)
        high = (self.clip.bottom - 1, self.clip.right - 1)
        for axis in (0, 1):
            for sign, bound in ((1, low[axis]), (-1, -high[axis])):
                points = _cut(points, axis, sign, bound)
                if not len(points):
                    return np.array([[0.0, 0.0], [-1.0, -1.0]])
        return points

    def scaled(self, factor: float, shape: tuple[int, int]) -> SectorGeometry:
        """The same sector on a picture ``factor`` times as large, of ``shape`` (H, W)."""
        clip = Region(
            min(round(self.clip.top * factor), shape[0] - 1),
            min(round(self.clip.left * factor), shape[1] - 1),
            min(max(round(self.clip.bottom * factor), 1), shape[0]),
            min(max(round(self.clip.right * factor), 1), shape[1]),
        )
        if self.apex is None:
            return SectorGeometry(shape, clip)
        row, column = ((position + 0.5) * factor - 0.5 for position in self.apex)
        near, far = (radius * factor for radius in self.radii)
        return SectorGeometry(shape, clip, (row, column), self.edges, (near, far))

    def mirrored(self) -> SectorGeometry:
        """The sector of the picture turned left to right."""
        width = self.shape[1]
        clip = replace(self.clip, left=width - self.clip.right, right=width - self.clip.left)
        if self.apex is None:
            return replace(self, clip=clip)
        edges = (-self.edges[1], -self.edges[0])
        return replace(self, clip=clip, apex=(self.apex[0], width - 1 - self.apex[1]), edges=edges)


def _cut(points: Points, axis: int, sign: int, bound: float) -> Points:
    """Part of a polygon where ``sign`` × coordinate is at least ``bound``."""
    distance = sign * points[:, axis] - bound
    following = np.roll(points, -1, axis=0)
    beyond = np.roll(distance, -1)
    kept = []
    for here, there, d, e in zip(points, following, distance, beyond, strict=True):
        if d >= 0:
            kept.append(here)
        if (d >= 0) != (e >= 0):
            kept.append(here + (there - here) * d / (d - e))
    return np.array(kept).reshape(-1, 2)
