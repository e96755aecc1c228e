"""The heart behind a broken mask: the most likely outline, whatever part of it is wrong.

Points of the outline look for the nearest border of their structure, and those that find none
near by are believed less and less, while a linear model of outlines holds the rest together: an
active shape model (Cootes et al., CVIU 61(1), 1995) with robust weights. A leak, a bite or a
missing base then pulls at a few points and not at the heart.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from cardiac.anatomy.frame import LA, LV, MYO
from cardiac.anatomy.outlines import region_outline
from cardiac.anatomy.raster import dilate
from cardiac.errors import MeasurementError
from cardiac.geometry import CANONICAL_SIZE, Mask
from cardiac.shape.outline import ATRIUM, BASE, EPI, POINTS, WALL
from cardiac.types import Array, BoolArray

COMPONENTS = 40
LEAST_PIXELS = 16
NOISE = 3.0
"""Pixels that neighbouring points are off together."""
REACHES = np.geomspace(24.0, 2.0, 16)
"""Distances in pixels up to which a border is believed, from the first round to the last."""


class Border(NamedTuple):
    """Border points of one structure and the points of an outline that belong on them."""

    tree: cKDTree
    places: Array
    members: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class Prior:
    """Mean and principal components of outlines in canonical pixels.

    Attributes:
        mean: (2 POINTS,).
        components: (k, 2 POINTS), each as long as its standard deviation.
    """

    mean: Array
    components: Array

    def recover(self, borders: list[Border]) -> Array:
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

    def _start(self, borders: list[Border]) -> Array:
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


def borders_of(mask: Mask) -> list[Border]:
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
            borders.append(Border(cKDTree(places), places, members))
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


def misfit(outline: Array, borders: list[Border]) -> float:
    """Median distance in pixels of an outline's points to their structure's border."""
    distances = [np.asarray(b.tree.query(outline[b.members])[0]) for b in borders]
    return float(np.median(np.concatenate(distances)))


def fit_prior(outlines: Array) -> Prior:
    """Components of whole outlines (n, POINTS, 2) in canonical pixels."""
    data = outlines.reshape(len(outlines), -1)
    mean = data.mean(axis=0)
    _, spread, axes = np.linalg.svd(data - mean, full_matrices=False)
    k = min(COMPONENTS, len(spread) - 1)
    return Prior(mean, spread[:k, None] / np.sqrt(len(data) - 1) * axes[:k])
