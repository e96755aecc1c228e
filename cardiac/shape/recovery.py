"""What a mask lacks or has wrong, found by linear models of outlines.

`Completion` guesses a wall or an atrium that is missing from the points that are there:
probabilistic principal components in the frame of the cavity. `ActiveShapeModel` finds the most
likely outline behind a broken mask, whatever part of it is wrong: points look for the nearest
border of their structure, and those that find none near by get less and less weight, while the
linear model holds the rest together (Cootes et al., CVIU 61(1), 1995, with robust weights). A
leak, a bite or a missing base then pulls at a few points and not at the heart.

Both are fitted to hearts and their mirror images, so neither prefers a side.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from cardiac.anatomy.frame import LA, LV, MYO
from cardiac.anatomy.outlines import mixed_area, region_outline
from cardiac.anatomy.raster import dilate
from cardiac.errors import MeasurementError
from cardiac.geometry import CANONICAL_SIZE, Mask
from cardiac.shape.outline import ATRIUM, BASE, EPI, MARKS, POINTS, WALL
from cardiac.types import Array, BoolArray

LEAST_PIXELS = 16
NOISE = 3.0
"""Pixels that neighbouring points are off together."""
REACHES = np.geomspace(24.0, 2.0, 16)
"""Distances in pixels up to which a border is followed, from the first round to the last."""


@dataclass(frozen=True, eq=False, slots=True)
class Completion:
    """Mean and principal components of outlines in the frame of the cavity.

    Attributes:
        mean: (2 POINTS,).
        components: (k, 2 POINTS), each as long as its standard deviation.
        noise: Standard deviation of what the components leave.
    """

    mean: Array
    components: Array
    noise: float

    def complete(self, outlines: Array) -> Array:
        """Outlines (N, POINTS, 2) with the points that are NaN filled in."""
        result = outlines.copy()
        for index in np.flatnonzero(np.isnan(outlines).any(axis=(1, 2))):
            result[index] = self._one(outlines[index])
        return result

    def _one(self, points: Array) -> Array:
        origin, turn, scale = cavity_frame(points)
        seen = ((points - origin) @ turn / scale).ravel()
        known = np.isfinite(seen)
        basis = self.components[:, known]
        normal = basis @ basis.T + self.noise**2 * np.eye(len(basis))
        weights = np.linalg.solve(normal, basis @ (seen - self.mean)[known])
        whole = np.where(known, seen, self.mean + weights @ self.components)
        filled = whole.reshape(-1, 2) @ turn.T * scale + origin
        return np.asarray(np.where(np.isnan(points), filled, points))


def cavity_frame(points: Array) -> tuple[Array, Array, float]:
    """Origin, rotation (2, 2) and size of the cavity: annulus middle, long axis, root of area."""
    left, right, apex = points[MARKS]
    middle = (left + right) / 2
    up = (apex - middle) / max(float(np.hypot(*(apex - middle))), 1e-9)
    ring = points[np.r_[WALL, BASE]]
    area = abs(float(mixed_area(ring[:, 1], ring[:, 0])))
    return middle, np.stack([up, [up[1], -up[0]]], axis=1), float(np.sqrt(max(area, 1.0)))


class BorderPoints(NamedTuple):
    """Border points of one structure and the points of an outline that belong on them."""

    tree: cKDTree
    places: Array
    members: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class ActiveShapeModel:
    """Mean and principal components of outlines in canonical pixels.

    Attributes:
        mean: (2 POINTS,).
        components: (k, 2 POINTS), each as long as its standard deviation.
    """

    mean: Array
    components: Array

    def recover(self, borders: list[BorderPoints]) -> Array:
        """Most likely outline (POINTS, 2) of the heart with these borders, in canonical pixels."""
        points = self._start(borders)
        for reach in REACHES:
            target, weight = np.zeros((POINTS, 2)), np.zeros(POINTS)
            for border in borders:
                distance, index = border.tree.query(points[border.members])
                target[border.members] = border.places[index]
                weight[border.members] = 1 / (1 + (np.asarray(distance) / reach) ** 2) ** 2
            points = self.most_likely(target, weight)
        return points

    def _start(self, borders: list[BorderPoints]) -> Array:
        """The mean outline, moved to where the structures are."""
        mean = self.mean.reshape(POINTS, 2)
        shifts = [np.median(b.places, axis=0) - np.median(mean[b.members], axis=0) for b in borders]
        return np.asarray(mean + np.median(shifts, axis=0))

    def most_likely(self, target: Array, weight: Array) -> Array:
        """Most likely outline, where points are seen at their target with a weight."""
        double = np.repeat(weight, 2) / NOISE**2
        offset = target.ravel() - self.mean
        weighted = self.components * double
        normal = weighted @ self.components.T + np.eye(len(self.components))
        share = np.linalg.solve(normal, weighted @ offset)
        return np.asarray((self.mean + share @ self.components).reshape(POINTS, 2))


def borders_of(mask: Mask) -> list[BorderPoints]:
    """Borders in canonical pixels of the structures that a mask (S, S) shows.

    Raises:
        MeasurementError: There is none.
    """
    lv, wall, la = mask == LV, mask == MYO, mask == LA
    # Only what lies between two structures that belong side by side can be trusted: a leak
    # has no wall around it, and an atrium ends where the heart begins.
    beside_wall = dilate(wall)
    away = ~dilate(dilate(lv | wall))
    borders = []
    for region, structure, members, sound in (
        (lv, lv, np.r_[WALL, BASE], None),
        (lv | wall, wall, np.r_[EPI], beside_wall),
        (la, la, np.r_[ATRIUM], away),
    ):
        if not structure.any() or np.count_nonzero(region) < LEAST_PIXELS:
            continue
        with suppress(MeasurementError):
            places = _places(region, sound)
            places = (places + 0.5) * (CANONICAL_SIZE / mask.shape[0]) - 0.5
            borders.append(BorderPoints(cKDTree(places), places, members))
    if not borders:
        raise MeasurementError("the mask shows no structure to recover a heart from")
    return borders


def _places(region: BoolArray, sound: BoolArray | None) -> Array:
    """Points (n, 2) of a region's outline, those on ``sound`` pixels if there are enough."""
    places = region_outline(region)
    if sound is None:
        return places
    row, column = np.clip(np.rint(places).astype(int), 0, np.array(region.shape) - 1).T
    kept = sound[row, column]
    return places[kept] if np.count_nonzero(kept) >= LEAST_PIXELS else places


def misfit(outline: Array, borders: list[BorderPoints]) -> float:
    """Median distance in pixels of an outline's points to their structure's border."""
    distances = [np.asarray(b.tree.query(outline[b.members])[0]) for b in borders]
    return float(np.median(np.concatenate(distances)))
