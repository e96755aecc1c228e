"""From outlines or signed distance maps to label maps that are whole by construction.

The wall is what lies between two curves that share their base, so the cavity is closed. The
atrium ends where the heart begins, and is trimmed by the pixels that touch the wall.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cardiac.anatomy.frame import BACKGROUND, LA, LV, MYO, Array, BoolArray
from cardiac.anatomy.topology import dilate, largest_piece
from cardiac.geometry import CANONICAL_SIZE, FloatArray, Mask
from cardiac.shape.outline import ATRIUM, BASE, EPI, WALL
from cardiac.shape.polygon import fill

LEAST_WALL = 2.5
"""Least thickness in pixels of a wall that is drawn."""


def draw(outlines: npt.ArrayLike, size: int = CANONICAL_SIZE) -> Mask:
    """Label maps (N, size, size) of outlines (N, POINTS, 2) in canonical pixels.

    ``size`` other than that of the canonical grid draws the same hearts finer or coarser.
    """
    points = np.asarray(outlines, dtype=float)
    scale = size / CANONICAL_SIZE
    points = (points + 0.5) * scale - 0.5
    return np.stack([_draw_one(p, (size, size)) for p in points])


def rings(points: Array) -> tuple[Array, Array, Array]:
    """Closed polygons of the cavity, the epicardium and the atrium of one outline.

    The atrium's is closed through the cavity, and is meant to be cut off at the epicardium.
    """
    wall, base, epi, atrium = points[WALL], points[BASE], points[EPI], points[ATRIUM]
    inside = wall.mean(axis=0)
    within = 0.8 * wall[[-1, 0]] + 0.2 * inside
    return np.vstack([wall, base]), np.vstack([epi, base]), np.vstack([atrium, within])


def _draw_one(points: Array, shape: tuple[int, int]) -> Mask:
    cavity, ring, atrium = rings(points)
    lv = fill(cavity, shape)
    return assemble(lv, fill(ring, shape) | lv, fill(atrium, shape))


def from_maps(maps: npt.NDArray[np.floating]) -> Mask:
    """Label maps (N, H, W) of signed distance maps (N, 3, H, W), positive inside.

    The maps are those of the cavity, the epicardium and the atrium.
    """
    return np.stack([assemble(m[0] > 0, m[1] > 0, m[2] > 0) for m in maps])


def assemble(lv: BoolArray, epi: BoolArray, la: BoolArray) -> Mask:
    """One label map (H, W) from three regions that may overlap, be in pieces or have holes."""
    lv, epi = _solid(lv), _solid(epi | lv)
    wall = epi & ~lv
    if wall.any():
        body = _largest(wall)
        # Slivers of the wall below the base belong to the cavity that they lie on.
        lv |= wall & ~body
        wall = body
    la = la & ~lv & ~wall
    near_wall = dilate(np.pad(wall, 1))[1:-1, 1:-1]
    la = _largest(la & ~near_wall)
    la = _filled(la) & ~lv & ~wall
    labels = np.full(lv.shape, BACKGROUND, np.uint8)
    labels[wall], labels[lv], labels[la] = MYO, LV, LA
    _close_gaps(labels)
    return labels


def _close_gaps(labels: Mask) -> None:
    """Give background that cavity and atrium enclose to the atrium, unless it is at the wall."""
    region = (labels == LV) | (labels == LA)
    gap = _filled(region) & (labels == BACKGROUND)
    if gap.any():
        labels[gap] = LA


def _solid(region: BoolArray) -> BoolArray:
    return _filled(_largest(region))


def _largest(region: BoolArray) -> BoolArray:
    return largest_piece(region)[0]


def _filled(region: BoolArray) -> BoolArray:
    return np.asarray(ndimage.binary_fill_holes(region))


def distance_maps(
    outlines: npt.ArrayLike, size: int = CANONICAL_SIZE, step: int = 4
) -> FloatArray:
    """Signed distances (N, 3, size, size) in canonical pixels, positive inside.

    Measured to the curves themselves on a grid ``step`` pixels wide and interpolated: they
    move smoothly with the outline, as distances between pixels do not.
    """
    points = np.asarray(outlines, dtype=float)
    coarse = (np.arange(size // step) + 0.5) * step * CANONICAL_SIZE / size - 0.5
    maps = np.stack([_coarse_maps(p, coarse) for p in points])
    if step == 1:
        return maps
    weights = _cubic(size, size // step)
    fine = np.matmul(np.matmul(weights, maps), weights.T).astype(np.float32)
    # Three distances, each smooth, meet where the atrium is cut off at the epicardium.
    fine[:, 2] = np.minimum(fine[:, 2], -fine[:, 1])
    return fine


def _coarse_maps(points: Array, centres: Array) -> FloatArray:
    """Distances (3, n, n) to the cavity, the epicardium and the uncut atrium."""
    from scipy.spatial import cKDTree

    grid = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1).reshape(-1, 2)
    pitch, first = centres[1] - centres[0], centres[0]
    maps = []
    for ring in rings(points):
        dense = _densified(ring)
        distance = np.asarray(cKDTree(dense).query(grid)[0]).reshape(len(centres), -1)
        inside = fill((ring - first) / pitch, distance.shape)
        maps.append(np.where(inside, distance, -distance))
    return np.stack(maps).astype(np.float32)


def _densified(ring: Array, parts: int = 16) -> Array:
    """Points of a closed polygon with ``parts`` on every side."""
    along = (np.arange(parts) / parts)[:, None, None]
    return np.asarray((ring * (1 - along) + np.roll(ring, -1, axis=0) * along).reshape(-1, 2))


def _cubic(size: int, coarse: int) -> FloatArray:
    """Weights (size, coarse) of cubic spline interpolation between pixel centres."""
    position = (np.arange(size) + 0.5) * coarse / size - 0.5
    padded = ndimage.spline_filter1d(np.eye(coarse), order=3, axis=0, mode="nearest")
    at = np.stack(np.meshgrid(position, np.arange(coarse), indexing="ij"))
    return np.asarray(
        ndimage.map_coordinates(padded, at, order=3, mode="nearest", prefilter=False), np.float32
    )
