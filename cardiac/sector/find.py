"""Finding the ultrasound sector in the pixels of a still or a cine."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from cardiac.geometry import Region
from cardiac.sector.evidence import Evidence, closed, gather, square
from cardiac.sector.flanks import first_apexes
from cardiac.sector.geometry import SectorGeometry
from cardiac.sector.search import PolarSector, SectorSearch
from cardiac.sector.sharpen import sharpened

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

_FILLED = 0.95
"""Part of its bounding box that a rectangle (linear array, zoom without edges) fills at least."""
_MIN_CONFIDENCE = 0.7
_BLACK = 3
"""Grey levels that count as black."""
_FAR_REACH, _REACH = 10.0, 6.0
"""Pixels of the small copy that a border moves at most, to what is lit and to grey levels."""
_CUT_GAIN = 1.012
"""How much more weight a sector has where a straight cut bounds it, for the cut to be believed."""
_JUMP = 6
"""Rows or columns on each side of a straight cut that are compared."""


@dataclass(frozen=True, slots=True)
class FoundSector:
    """Where the echo is in a picture.

    Attributes:
        geometry: The sector, or a rectangle.
        confidence: Dice overlap (0 to 1) of the geometry with the pixels that look like echo.
        moving: Whether it was told from what moves in the cine, not from one picture.
        clean: Whether nothing but background lies outside.
    """

    geometry: SectorGeometry
    confidence: float
    moving: bool
    clean: bool

    @property
    def box(self) -> Region:
        """Bounding box of the sector in the picture."""
        return self.geometry.box or self.geometry.clip

    def mask(self) -> Bools:
        """(H, W) pixels inside the sector."""
        return self.geometry.mask()


def find_sector(frames: Bytes) -> FoundSector | None:
    """Find the ultrasound sector of frames (T, H, W) uint8, all of one cine.

    What is echo (speckle that moves; in a still, texture that is not thin) weighs +1, what looks
    like the background weighs less than 0, and the sector is the one of largest weight. Its
    borders are then moved to where the grey levels fall off.

    Returns:
        The sector; None where nothing in the picture looks like an echo.
    """
    evidence = gather(frames)
    if evidence is None:
        return None
    small = _fit(evidence)
    confidence = _agreement(small, evidence)
    if confidence < _MIN_CONFIDENCE:
        # No sector explains what is seen: the rectangle around it keeps all of it.
        small = SectorGeometry(evidence.shape, evidence.box)
        confidence = _agreement(small, evidence)
    height, width = frames.shape[1:]
    geometry = small.scaled(1 / evidence.factor, (height, width))
    if geometry.is_sector:
        for picture, reach, contrast in (
            (evidence.counted, _FAR_REACH, 40.0),
            (evidence.different, _REACH, 2.0),
        ):
            geometry = sharpened(geometry, picture, reach / evidence.factor, contrast)
        geometry = _cut_finally(geometry, evidence)
    return FoundSector(geometry, confidence, evidence.moving, _is_clean(geometry, evidence))


def _fit(e: Evidence) -> SectorGeometry:
    """The sector of largest weight, on the small copy."""
    filled = closed(e.echo, max(2, min(e.shape) // 20))[e.box.slices]
    if filled.mean() >= _FILLED:
        return SectorGeometry(e.shape, e.box)
    weights = e.weights
    coarse = SectorSearch(_within(weights, e.box), 3)
    start = max(first_apexes(e), key=lambda apex: coarse.best(apex).weight)
    found = coarse.climb(start, (10.0, 5.0, 2.5))
    # What lies beyond the echo's box did not count, for a frame may have cut it off. Where no
    # straight cut is seen, or it explains little, it does.
    whole = SectorSearch(weights, 3).climb(found.apex, (5.0, 2.5, 1.2))
    clip = _cuts(found, e)
    if clip != Region(0, 0, *e.shape):
        part = _within(weights, clip)
        found = SectorSearch(part, 3).climb(found.apex, (5.0, 2.5, 1.2))
        if found.weight > _CUT_GAIN * whole.weight:
            whole, weights = found, part
        else:
            clip = Region(0, 0, *e.shape)
    else:
        clip = Region(0, 0, *e.shape)
    found = SectorSearch(weights, 2).refined(whole)
    near, far = found.radii
    return SectorGeometry(
        e.shape, clip, found.apex, found.edges, (near if near > 2.5 else 0.0, far)
    )


def _cut_finally(geometry: SectorGeometry, e: Evidence) -> SectorGeometry:
    """A sector whose borders are sharp shows the cuts that were missed before."""
    assert geometry.apex is not None
    height, width = geometry.shape
    small = replace(geometry, clip=Region(0, 0, height, width)).scaled(e.factor, e.shape)
    assert small.apex is not None
    cut = _cuts(PolarSector(small.apex, small.edges, small.radii, 0.0), e)
    cut = SectorGeometry(e.shape, cut).scaled(1 / e.factor, geometry.shape).clip
    clip = geometry.clip
    sides = (max(cut.top, clip.top), max(cut.left, clip.left))
    return replace(
        geometry, clip=Region(*sides, min(cut.bottom, clip.bottom), min(cut.right, clip.right))
    )


def _within(weights: npt.NDArray[np.float32], clip: Region) -> npt.NDArray[np.float32]:
    kept = np.zeros_like(weights)
    kept[clip.slices] = weights[clip.slices]
    return kept


def _cuts(found: PolarSector, e: Evidence) -> Region:
    """The straight cuts through a sector: where rows or columns of it are lit up to a line.

    A side of the result that cuts nothing is that of the picture.
    """
    height, width = e.shape
    whole = Region(0, 0, height, width)
    uncut = SectorGeometry(e.shape, whole, found.apex, found.edges, found.radii).mask()
    limits = [0, 0, height, width]
    for axis in (0, 1):
        inside, lit, echo = ((uncut & x).sum(axis=1 - axis) for x in (True, e.lit, e.echo))
        if (high := _cut(inside, lit, echo)) is not None:
            limits[2 + axis] = high
        if (low := _cut(inside[::-1], lit[::-1], echo[::-1])) is not None:
            limits[axis] = e.shape[axis] - low
    return Region(*limits)


def _cut(
    inside: npt.NDArray[np.intp], lit: npt.NDArray[np.intp], echo: npt.NDArray[np.intp]
) -> int | None:
    """First row beyond a straight cut, from the pixels of each row; None where there is none."""
    n = len(lit)
    rows = np.flatnonzero(inside >= 0.06 * inside.max())
    end = int(rows[-1]) + 1
    share = np.divide(lit, inside, out=np.zeros(n), where=inside > 0)
    left = np.concatenate([np.cumsum(inside[::-1])[::-1], [0]])
    solid = np.concatenate([np.cumsum(echo[::-1])[::-1], [0]])
    best, place = 0.35, None
    for row in range(int(rows[0]) + n // 8, end - 2):
        # What is cut off must matter, and hold no echo.
        if left[row] < 0.012 * left[0] or solid[row] > 0.2 * left[row]:
            continue
        before = float(share[row - 3 : row].mean())
        # The median of what follows does not see a trace that runs there.
        after = float(np.median(share[row : min(row + _JUMP, end)]))
        if before >= 0.6 and after <= 0.35 and before - after > best:
            best, place = before - after, row
    return place


def _agreement(geometry: SectorGeometry, e: Evidence) -> float:
    """Dice overlap of a geometry with what looks like echo, its dark places counted as echo."""
    inside = geometry.mask()
    filled = closed(e.echo, max(2, min(e.shape) // 12))
    total = int(inside.sum()) + int(filled.sum())
    return 2 * int((inside & filled).sum()) / total if total else 0.0


def _is_clean(geometry: SectorGeometry, e: Evidence) -> bool:
    """Whether all is black beyond a margin around the sector."""
    inside = geometry.scaled(e.factor, e.shape).mask().astype(np.uint8)
    around = cv2.dilate(inside, square(max(2, min(e.shape) // 30)))
    outside = e.level[around == 0]
    return bool(outside.size == 0 or outside.max() <= _BLACK)
