"""Local repair of a label map: what no heart has is taken away, nothing is moved."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from cardiac.anatomy import CRITERIA, Profile
from cardiac.anatomy.frame import BACKGROUND, LA, LV, MYO
from cardiac.anatomy.raster import (
    bounding_box,
    dilate,
    erode,
    fill_holes,
    is_connected,
    keep_largest,
)
from cardiac.geometry import Mask, Spacing, is_square, on_square_pixels
from cardiac.types import BoolArray

LARGEST_END = 0.1
"""Fraction of the wall that may be cut off beyond a thin bridge."""


def remove_debris(masks: Mask, *, copy: bool = True) -> Mask:
    """Keep the largest part of every structure and fill its holes, frame by frame.

    Args:
        masks: (T, H, W) or (H, W) labels.
        copy: Leave ``masks`` alone; otherwise they are repaired in place.

    Returns:
        The repaired masks. A frame without debris comes back unchanged.
    """
    repaired = masks.copy() if copy else masks
    for frame in repaired.reshape(-1, *masks.shape[-2:]):
        box = bounding_box(frame != BACKGROUND)
        if box is not None:
            _keep_whole(frame[box[0] : box[2], box[1] : box[3]])
    return repaired


def _keep_whole(box: Mask) -> None:
    """Repair a crop in place: islands first, so that none of them closes a hole."""
    if _is_whole(box):
        return
    labels = np.pad(box, 1)
    for label in (LV, MYO, LA):
        region = labels == label
        labels[region & ~keep_largest(region)] = BACKGROUND
    lv, epicardium = labels == LV, (labels == LV) | (labels == MYO)
    inside, cavity = fill_holes(epicardium) & ~epicardium, fill_holes(lv)
    labels[inside] = np.where(cavity[inside], LV, MYO)
    for label in (LV, LA):
        labels[fill_holes(labels == label) & (labels == BACKGROUND)] = label
    box[:] = labels[1:-1, 1:-1]


def _is_whole(box: Mask) -> bool:
    """Whether every label of a crop, the background around it included, is one component.

    There is then neither an island nor a hole, and one pass over the pixels has told so.
    """
    from skimage.measure import label

    _, count = label(np.pad(box, 1), background=-1, return_num=True, connectivity=1)
    return int(count) == np.unique(box).size + int((box != BACKGROUND).all())


def repair_frame(mask: Mask, profile: Profile, spacing: Spacing | None = None) -> Mask:
    """A label map (H, W) of one ventricle in one wall under one atrium, changed where it must be.

    Disconnected parts go, holes and gaps are filled, parts of the wall that lie apart go to the
    cavity, and where wall and atrium touch along more than criterion 10 allows the foot of the
    wall is cut back. So is an end of the wall beyond a thin bridge (criterion 11). What takes
    a larger change, such as a wall that is open, is left alone.

    Args:
        mask: (H, W) labels.
        profile: Bounds of the criteria.
        spacing: (row, column) pixel size; oblong pixels are repaired as square ones.
    """
    if not is_square(spacing):
        fine = repair_frame(on_square_pixels(mask[None], spacing)[0], profile)
        rows, columns = (
            ((np.arange(n) + 0.5) * m // n).astype(int)
            for n, m in zip(mask.shape, fine.shape, strict=True)
        )
        return fine[np.ix_(rows, columns)]
    box = bounding_box(mask != BACKGROUND)
    if box is None:
        return mask
    around = np.s_[box[0] : box[2], box[1] : box[3]]
    labels = _one_of_each(np.pad(mask[around], 1))
    _cut_feet(labels, profile.bounds[CRITERIA.index("myo_touches_la")])
    _cut_thin_bridges(labels, profile.bounds[CRITERIA.index("wall_thinning")])
    repaired = mask.copy()
    repaired[around] = labels[1:-1, 1:-1]
    return repaired


def _one_of_each(labels: Mask) -> Mask:
    """Labels off the edge with one component of each structure and nothing enclosed."""
    lv = _solid(labels == LV)
    epi = _solid(lv | (labels == MYO))
    wall = keep_largest(epi & ~lv)
    lv = _solid(epi & ~wall)
    la = keep_largest((labels == LA) & ~epi)
    la |= fill_holes(la | lv) & ~epi
    result = np.full_like(labels, BACKGROUND)
    result[wall], result[lv], result[la] = MYO, LV, LA
    return result


def _solid(region: BoolArray) -> BoolArray:
    return fill_holes(keep_largest(region))


def _cut_feet(labels: Mask, share: float) -> None:
    """Cut the wall back, in place, where it touches the atrium far from the cavity.

    Experts end the wall at the annulus. Where a mask lets it run on beside the atrium, the
    pixels in contact and those behind them were the wall's in 6 % and 18 % of the cases.
    """
    wall = labels == MYO
    contact = np.argwhere(wall & dilate(labels == LA))
    columns = np.flatnonzero(wall.any(axis=0))
    allowed = int(share * (columns[-1] - columns[0] + 1)) if columns.size else 0
    if len(contact) <= allowed:
        return
    cavity = labels == LV
    edge = np.argwhere(dilate(cavity) & ~cavity)
    if not len(edge):
        return
    distance = np.asarray(cKDTree(edge).query(contact)[0])
    far = np.zeros_like(wall)
    # Of pixels that are equally far all are cut: there is no first one on a mirrored mask.
    far[tuple(contact[distance >= np.sort(distance)[allowed]].T)] = True
    labels[dilate(far) & wall] = BACKGROUND


def _cut_thin_bridges(labels: Mask, least: float) -> None:
    """Cut off, in place, the small ends of the wall that its erosion would part from it."""
    wall = labels == MYO
    levels = [wall]
    while levels[-1].any():
        levels.append(erode(levels[-1]))
    # The wall is at most √2 times as deep as it has levels; the last erosion may part it.
    wanted = min(int(np.ceil(least * np.sqrt(2) * (len(levels) - 1))) - 1, len(levels) - 2)
    if wanted < 1 or is_connected(levels[wanted]):
        return
    core = np.pad(keep_largest(levels[wanted]), wanted)
    for _ in range(wanted + 1):
        core = dilate(core)
    end = wall & ~core
    if np.count_nonzero(end) <= LARGEST_END * np.count_nonzero(wall):
        labels[end] = BACKGROUND
