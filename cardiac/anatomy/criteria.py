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

from cardiac.anatomy.frame import (
    BACKGROUND,
    LA,
    LV,
    MYO,
    Array,
    BoolArray,
    as_masks,
    bounds,
    crop,
)
from cardiac.anatomy.profiles import PUBLISHED, Profile
from cardiac.anatomy.thickness import erosion_ratio
from cardiac.anatomy.topology import (
    dilate,
    enclosed,
    enclosed_by,
    euler,
    is_simple,
    largest_piece,
    touch,
)
from cardiac.geometry import Mask

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
    "loose pieces of the ventricle",
    "loose pieces of the myocardium",
    "loose pieces of the atrium",
    "ventricle open to the background",
    "myocardium touches the atrium",
    "wall thinned to a thread",
    "ventricle too wide for its wall",
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
    """One structure of a frame: its pixels, box, largest piece cut to the box, and faults."""

    region: BoolArray
    box: tuple[int, int, int, int]
    body: BoolArray
    holes: int
    loose: int

    @property
    def around(self) -> tuple[slice, slice]:
        """The box and one pixel more on each side."""
        top, left, bottom, right = self.box
        return slice(top - 1, bottom + 1), slice(left - 1, right + 1)

    @property
    def width(self) -> int:
        """Columns of the box."""
        return self.box[3] - self.box[1]


def _frame(mask: Mask) -> Array:
    """Values (12,) of one label map (H, W)."""
    values = np.full(12, np.nan)
    box = bounds(mask != BACKGROUND)
    if box is None:
        return values
    labels = crop(mask, box)
    dust = mask.size / 2**14
    lv, myo, la = _part(labels == LV), _part(labels == MYO), _part(labels == LA)
    if lv:
        values[0], values[5] = lv.holes, lv.loose
        beside = dilate(labels[lv.around] == BACKGROUND) & lv.region[lv.around]
        values[8] = np.count_nonzero(beside) / lv.width
    if myo:
        values[6] = myo.loose
        values[10] = erosion_ratio(myo.body, solid=myo.holes == 0)
    if la:
        values[2], values[7] = la.holes, la.loose
    if lv and myo:
        gap, values[1] = _enclosed_by(lv, myo)
        values[3] = gap if gap > dust else 0
        values[11] = _width_ratio(lv.region, myo.region)
    if lv and la:
        gap, _ = _enclosed_by(lv, la)
        values[4] = gap if gap > dust else 0
    if myo and la:
        beside = dilate(la.region[la.around]) & myo.region[la.around]
        values[9] = np.count_nonzero(beside) / myo.width
    return values


def _part(region: BoolArray) -> _Part | None:
    """Look at one structure, which has an empty rim."""
    box = bounds(region)
    if box is None:
        return None
    top, left, bottom, right = box
    tight = region[top - 1 : bottom + 1, left - 1 : right + 1]
    if is_simple(tight):
        return _Part(region, box, tight, 0, 0)
    body, pieces = largest_piece(tight)
    holes = 0 if euler(tight) == pieces else int(np.count_nonzero(enclosed(tight)))
    loose = int(np.count_nonzero(tight) - np.count_nonzero(body)) if pieces > 1 else 0
    return _Part(region, box, body, holes, loose)


def _enclosed_by(first: _Part, second: _Part) -> tuple[int, int]:
    """Pixels enclosed by both together, and by the second alone (see `enclosed_by`)."""
    if first.loose == second.loose == 0:
        union = first.region | second.region
        # One piece each: their Euler number tells whether anything is enclosed.
        if euler(union) == (1 if touch(first.region, second.region) else 2):
            return 0, 0
    return enclosed_by(first.region, second.region)


def _width_ratio(lv: BoolArray, myo: BoolArray) -> float:
    """Width of the ventricle ÷ width of its wall on the row through the middle (criterion 12)."""
    rows = np.count_nonzero(lv | myo, axis=1)
    row = int(np.floor(rows @ np.arange(rows.size) / rows.sum() + 0.5))
    cavity, wall = np.count_nonzero(lv[row]), np.count_nonzero(myo[row])
    return cavity / wall if wall else np.inf
