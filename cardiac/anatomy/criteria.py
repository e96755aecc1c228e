"""The twelve criteria that a label map of an apical view must meet to be anatomically possible.

Source: Painchaud et al., "Echocardiography segmentation with enforced temporal consistency",
IEEE TMI 41(10), 2022, with the gap of criterion 5 measured between ventricle and atrium.

Criteria count pixels of the mask as it is. They suppose an isotropic grid: bring a mask with
oblong pixels to square ones first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.bitmask import dilate, euler, is_connected, pack, span
from cardiac.anatomy.frame import BACKGROUND, LA, LV, MYO, as_masks
from cardiac.anatomy.profiles import PUBLISHED, Profile
from cardiac.anatomy.raster import bounding_box, crop, enclosed, enclosed_by, largest_component
from cardiac.anatomy.thickness import erosion_ratio
from cardiac.geometry import Mask
from cardiac.types import Array, BoolArray

CRITERIA = (
    "holes_lv",
    "holes_epi",
    "holes_la",
    "gap_lv_myo",
    "gap_lv_la",
    "pieces_lv",
    "pieces_myo",
    "pieces_la",
    "lv_touches_background",
    "myo_touches_la",
    "wall_thinning",
    "width_ratio",
)
"""Names of the criteria, in the order of the columns of every result."""
TITLES = (
    "holes in the left ventricle",
    "holes in the myocardium",
    "holes in the left atrium",
    "gap between ventricle and myocardium",
    "gap between ventricle and atrium",
    "disconnected parts of the ventricle",
    "disconnected parts of the myocardium",
    "disconnected parts of the atrium",
    "ventricle open to the background",
    "myocardium touches the atrium",
    "wall thinned to a thin bridge",
    "ventricle out of proportion to its wall on the middle row",
)
ATRIAL = np.isin(CRITERIA, ("holes_la", "gap_lv_la", "pieces_la", "myo_touches_la"))
"""(12,) which criteria need an atrium."""


class Check(NamedTuple):
    """What the criteria say of every frame.

    Attributes:
        values: (T, 12) float64 measured values; NaN where a structure is absent.
        valid: (T, 12) whether each value is within its bound; False where it is NaN, but
            for the atrial criteria of masks from which no atrium is expected.
    """

    values: Array
    valid: BoolArray


def check(masks: npt.ArrayLike, profile: Profile = PUBLISHED, *, atrium: bool = True) -> Check:
    """Hold label maps against the twelve criteria.

    Args:
        masks: (H, W) or (T, H, W) label maps.
        profile: The bounds.
        atrium: Whether the masks are meant to hold an atrium. Without one its four
            criteria do not apply and count as met.

    Raises:
        GeometryError, InvalidPixelsError: See `as_masks`.
    """
    values = measure_criteria(masks)
    valid = profile.within(values)
    if not atrium:
        valid |= ATRIAL & np.isnan(values)
    return Check(values, valid)


def measure_criteria(masks: npt.ArrayLike) -> Array:
    """Values (T, 12) of the criteria, in the order of `CRITERIA`; NaN where they do not apply."""
    return np.stack([_frame(mask) for mask in as_masks(masks)])


class _Part(NamedTuple):
    """One structure of a frame: its pixels, those of its largest component, and its faults."""

    region: BoolArray
    bits: int
    body: int
    holes: int
    loose: int

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of the array that the bits are of."""
        return self.region.shape[0], self.region.shape[1]


def _frame(mask: Mask) -> Array:
    """Values (12,) of one label map (H, W)."""
    values = np.full(12, np.nan)
    box = bounding_box(mask != BACKGROUND)
    if box is None:
        return values
    labels = crop(mask, box)
    least_gap = mask.size / 2**14
    shape, width = (labels.shape[0], labels.shape[1]), labels.shape[1]
    lv, myo, la = _part(labels == LV), _part(labels == MYO), _part(labels == LA)
    if lv:
        values[0], values[5] = lv.holes, lv.loose
        beside = dilate(pack(labels == BACKGROUND), width) & lv.bits
        values[8] = beside.bit_count() / span(lv.bits, shape)
    if myo:
        values[6] = myo.loose
        values[10] = erosion_ratio(myo.body, shape, solid=myo.holes == 0)
    if la:
        values[2], values[7] = la.holes, la.loose
    if lv and myo:
        gap, holes = _enclosed_by(lv, myo)
        # A gap too small to count as one is still a hole of the epicardium.
        values[1], values[3] = (holes, gap) if gap > least_gap else (holes + gap, 0)
        values[11] = _width_ratio(lv.region, myo.region)
    if lv and la:
        gap, _ = _enclosed_by(lv, la)
        values[4] = gap if gap > least_gap else 0
    if myo and la:
        beside = dilate(la.bits, width) & myo.bits
        values[9] = beside.bit_count() / span(myo.bits, shape)
    return values


def _part(region: BoolArray) -> _Part | None:
    """Look at one structure, which keeps off the edge of the array."""
    bits, width = pack(region), region.shape[1]
    if not bits:
        return None
    euler_number = euler(bits, width)
    if euler_number == 1 and is_connected(bits, width):
        return _Part(region, bits, bits, 0, 0)
    body, count = largest_component(region)
    holes = 0 if euler_number == count else int(np.count_nonzero(enclosed(region)))
    if count == 1:
        return _Part(region, bits, bits, holes, 0)
    largest = pack(body)
    return _Part(region, bits, largest, holes, bits.bit_count() - largest.bit_count())


def _enclosed_by(first: _Part, second: _Part) -> tuple[int, int]:
    """Pixels enclosed by both together, and by the second alone (see `enclosed_by`)."""
    if first.loose == second.loose == 0:
        width = first.shape[1]
        touch = dilate(first.bits, width) & second.bits
        # One component each: their Euler number tells whether anything is enclosed.
        if euler(first.bits | second.bits, width) == (1 if touch else 2):
            return 0, 0
    return enclosed_by(first.region, second.region)


def _width_ratio(lv: BoolArray, myo: BoolArray) -> float:
    """Width of the ventricle ÷ width of its wall on the row through the middle (criterion 12).

    Infinite where either of them is absent from that row.
    """
    rows = np.count_nonzero(lv | myo, axis=1)
    row = int(np.floor(rows @ np.arange(rows.size) / rows.sum() + 0.5))
    cavity, wall = np.count_nonzero(lv[row]), np.count_nonzero(myo[row])
    return cavity / wall if cavity and wall else np.inf
