"""From outlines or signed distance maps to label maps that are whole by construction.

The wall is what lies between two curves that share their base, so the cavity is closed. The
atrium ends where the heart begins, and is trimmed by the pixels that touch the wall.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.interpolate import make_interp_spline
from scipy.spatial import cKDTree

from cardiac.anatomy.frame import BACKGROUND, LA, LV, MYO, as_masks
from cardiac.anatomy.outlines import fill_polygons
from cardiac.anatomy.overlap import REGIONS, region
from cardiac.anatomy.raster import dilate, fill_holes, keep_largest
from cardiac.geometry import CANONICAL_SIZE, FloatArray, Mask
from cardiac.shape.outline import ATRIUM, BASE, EPI, FOOT, WALL
from cardiac.types import Array, BoolArray

REACH, MARGIN = 2.8, 2.0
"""Pixels of wall that a 3×3 erosion takes away, aslant, and that have to be left."""
TAPER = 4
"""Points next to the annulus over which the least thickness sets in."""


def draw(outlines: npt.ArrayLike, size: int = CANONICAL_SIZE) -> Mask:
    """Label maps (N, size, size) of outlines (N, POINTS, 2) in canonical pixels.

    ``size`` other than that of the canonical grid draws the same hearts finer or coarser.
    """
    points = np.asarray(outlines, dtype=float)
    return draw_on((size, size), (points + 0.5) * (size / CANONICAL_SIZE) - 0.5)


def draw_on(shape: tuple[int, int], points: Array) -> Mask:
    """Label maps (N, H, W) of outlines (N, POINTS, 2) in pixels of an image of this shape."""
    if not len(points):
        return np.zeros((0, *shape), np.uint8)
    polygons = zip(*rings(points), _thinnest(points), strict=True)
    return np.stack([_draw_one(each, shape) for each in polygons])


def rings(points: Array) -> tuple[Array, Array, Array]:
    """Closed polygons of the cavity, the epicardium and the atrium of outlines (..., POINTS, 2).

    The atrium's is closed through the cavity, and is meant to be cut off at the epicardium.
    """
    wall, base, epi, atrium = (points[..., part, :] for part in (WALL, BASE, EPI, ATRIUM))
    inside = wall.mean(axis=-2, keepdims=True)
    within = 0.8 * wall[..., [-1, 0], :] + 0.2 * inside
    pairs = (wall, base), (epi, base), (atrium, within)
    cavity, ring, round_atrium = (np.concatenate(pair, axis=-2) for pair in pairs)
    return cavity, ring, round_atrium


def _thinnest(points: Array) -> Array:
    """Closed polygons of the cavities in the thinnest wall that criterion 11 lets pass."""
    wall = points[:, WALL]
    thickest = np.hypot(*np.moveaxis(points[:, EPI][:, FOOT:-FOOT] - wall, -1, 0)).max(axis=1)
    # Erosions that the wall has to survive, each of which takes up to 2√2 pixels of it.
    reach = REACH * np.ceil(0.06 * thickest) + MARGIN
    along = np.gradient(wall, axis=1)
    along /= np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-9)[..., None]
    outward = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    middle = wall.mean(axis=1, keepdims=True)
    inward = ((wall - middle) * outward).sum(axis=(1, 2)) < 0
    outward[inward] *= -1
    # Nothing is added at the annulus: there the wall may end in an edge.
    count = wall.shape[1]
    rise = np.minimum(np.minimum(np.arange(count), np.arange(count)[::-1]) / TAPER, 1)
    thin = wall + (reach[:, None] * rise)[..., None] * outward
    return np.concatenate([thin, points[:, BASE]], axis=1)


def _draw_one(polygons: tuple[Array, ...], shape: tuple[int, int]) -> Mask:
    """Label map (H, W) of cavity, epicardium, atrium and thinnest wall."""
    labels = np.full(shape, BACKGROUND, np.uint8)
    corners = np.concatenate(polygons)
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 3, shape)
    if (high <= low).any():
        return labels
    box = int(high[0] - low[0]), int(high[1] - low[1])
    cavity, ring, atrium, thin = fill_polygons([polygon - low for polygon in polygons], box)
    labels[low[0] : high[0], low[1] : high[1]] = assemble(cavity, cavity | ring | thin, atrium)
    return labels


def from_maps(maps: npt.NDArray[np.floating]) -> Mask:
    """Label maps (N, H, W) of signed distance maps (N, 3, H, W), positive inside.

    The maps are those of the cavity, the epicardium and the atrium.
    """
    return np.stack([assemble(m[0] > 0, m[1] > 0, m[2] > 0) for m in maps])


def assemble(lv: BoolArray, epi: BoolArray, la: BoolArray) -> Mask:
    """One label map (H, W) from three regions that may overlap, be in pieces or have holes."""
    # Raster operations need background around a region.
    lv, epi, la = (np.pad(region, 1) for region in (lv, epi, la))
    lv = fill_holes(keep_largest(lv))
    epi = fill_holes(keep_largest(epi | lv))
    body = keep_largest(epi & ~lv)
    # Slivers of the wall below the base belong to the cavity that they lie on.
    lv = epi & ~body
    la = keep_largest(la & ~epi & ~dilate(body))
    # What cavity and atrium enclose is the atrium's; the wall cannot be, it is dilated away.
    la |= fill_holes(la | lv) & ~epi
    labels = LV * lv.view(np.uint8) + MYO * body.view(np.uint8) + LA * la.view(np.uint8)
    return np.asarray(labels[1:-1, 1:-1], np.uint8)


def mask_distance_maps(masks: Mask) -> FloatArray:
    """Signed distances (N, 3, H, W) in pixels of label maps (N, H, W), positive inside.

    The maps are those of the cavity, the epicardium (cavity and wall) and the atrium. The border
    lies half way between pixels. A structure that is absent is H + W pixels away everywhere.
    """
    frames = as_masks(masks)
    regions = (region(frames, name) for name in REGIONS)
    return np.stack([[_signed(mask) for mask in found] for found in regions], axis=1)


def _signed(found: BoolArray) -> FloatArray:
    if not found.any():
        return np.full(found.shape, -float(sum(found.shape)), np.float32)
    inside = ndimage.distance_transform_edt(np.pad(found, 1))[1:-1, 1:-1]
    outside = np.asarray(ndimage.distance_transform_edt(~found))
    return np.asarray(np.where(found, inside - 0.5, 0.5 - outside), np.float32)


def distance_maps(outlines: npt.ArrayLike, size: int = CANONICAL_SIZE, step: int = 4) -> FloatArray:
    """Signed distances (N, 3, size, size) in canonical pixels, positive inside.

    Measured to the curves themselves on a grid ``step`` pixels wide and interpolated: they
    move smoothly with the outline, as distances between pixels do not.
    """
    points = np.asarray(outlines, dtype=float)
    coarse = (np.arange(size // step) + 0.5) * step * CANONICAL_SIZE / size - 0.5
    maps = np.stack([_coarse_maps(p, coarse) for p in points])
    fine = upsampled(maps, size)
    # Three distances, each smooth, meet where the atrium is cut off at the epicardium.
    fine[:, 2] = np.minimum(fine[:, 2], -fine[:, 1])
    return fine


def upsampled(maps: FloatArray, size: int) -> FloatArray:
    """Maps (..., n, n) interpolated by cubic splines to (..., size, size)."""
    if maps.shape[-1] == size:
        return maps
    weights = _cubic(size, maps.shape[-1])
    return np.asarray(np.matmul(np.matmul(weights, maps), weights.T), np.float32)


def _coarse_maps(points: Array, centres: Array) -> FloatArray:
    """Distances (3, n, n) to the cavity, the epicardium and the uncut atrium."""
    grid = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1).reshape(-1, 2)
    pitch, first = centres[1] - centres[0], centres[0]
    maps = []
    for ring in rings(points):
        distance = _to_curve(grid, _densified(ring)).reshape(len(centres), -1)
        inside = fill_polygons([(ring - first) / pitch], distance.shape)[0]
        maps.append(np.where(inside, distance, -distance))
    return np.stack(maps).astype(np.float32)


def _to_curve(places: Array, ring: Array) -> Array:
    """Distance (n,) of places (n, 2) to a closed polygon with many short sides."""
    nearest = np.asarray(cKDTree(ring).query(places)[1])
    down, right = (np.roll(ring, -1, axis=0) - ring).T
    square = np.maximum(down**2 + right**2, 1e-12)
    best = np.full(len(places), np.inf)
    for side in (nearest - 1, nearest):
        row, column = places[:, 0] - ring[side, 0], places[:, 1] - ring[side, 1]
        along = np.clip((row * down[side] + column * right[side]) / square[side], 0, 1)
        away = (row - along * down[side]) ** 2 + (column - along * right[side]) ** 2
        best = np.minimum(best, away)
    return np.asarray(np.sqrt(best))


def _densified(ring: Array, parts: int = 4) -> Array:
    """Points of a closed polygon with ``parts`` on every side."""
    along = (np.arange(parts) / parts)[:, None, None]
    return np.asarray((ring * (1 - along) + np.roll(ring, -1, axis=0) * along).reshape(-1, 2))


def _cubic(size: int, coarse: int) -> FloatArray:
    """Weights (size, coarse) of cubic spline interpolation between pixel centres."""
    position = (np.arange(size) + 0.5) * coarse / size - 0.5
    unit = np.eye(coarse)
    spline = make_interp_spline(np.arange(coarse), unit, k=3)
    # Beyond the outermost centres the spline goes on straight.
    return np.asarray(
        spline(np.clip(position, 0, coarse - 1))
        + np.where(position < 0, position, np.maximum(position - coarse + 1, 0))[:, None]
        * np.where(position[:, None] < 0, spline(0.0, 1), spline(coarse - 1.0, 1)),
        np.float32,
    )
