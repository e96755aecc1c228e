"""The two ends of the border that the left ventricle does not share with its wall."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.frame import LA, LV, MYO
from cardiac.anatomy.outlines import Border
from cardiac.anatomy.raster import window
from cardiac.errors import MeasurementError
from cardiac.geometry import Mask, Spacing
from cardiac.types import Array, Array32, BoolArray

BLUR = 0.065
"""Blur of the label map at the annulus ÷ √(area of the ventricle): 3 to 4 mm in an adult."""
SHARPNESS = 3
SECTORS = 72
OPEN_WALL = 9
"""Sectors (of 5°) that the base may reach beyond the atrium before a wall must be missing there."""
OPEN_BASE = 36
"""Sectors that the base may take up where there is no atrium to tell."""


def annulus_points(
    mask: Mask,
    body: BoolArray,
    border: Border,
    origin: tuple[int, int],
    *,
    centre: tuple[float, float],
    scale: Spacing,
) -> tuple[Array, tuple[str, ...]]:
    """Annulus points (2, 2) in the ventricle's crop, between pixels, and what was doubtful.

    Args:
        mask: (H, W) label map.
        body: Ventricle in the crop of the mask.
        border: Its border.
        origin: (row, column) of the crop in the mask.
        centre: Centre of mass (row, column) of the ventricle in the crop.
        scale: (row, column) size of a pixel.

    Raises:
        MeasurementError: The wall leaves no part of the border free.
    """
    shared = border.across == MYO
    notes: tuple[str, ...] = ()
    if not shared.any():
        notes = ("no myocardium",)
        shared = border.across != LA
        if shared.all():
            return _ends_by_inertia(body, border, scale), notes
    elif shared.all():
        raise MeasurementError("the wall surrounds the ventricle, so it has no base.")
    ends, pixels, open_wall = _ends(border, shared, centre, scale)
    if open_wall:
        notes = (*notes, "open wall")
    if "no myocardium" in notes:
        return ends, notes
    sharp = _meeting_points(mask, pixels + origin, int(np.count_nonzero(body)), scale)
    found = np.isfinite(sharp[:, 0])
    if not found.all():
        notes = (*notes, "one wall")
    return np.where(found[:, None], sharp - origin, ends), notes


def _ends(
    border: Border, shared: BoolArray, centre: tuple[float, float], scale: Spacing
) -> tuple[Array, Array, bool]:
    """Outermost edges (2, 2) of the unshared arc, their pixels, and whether a wall is missing.

    Border edges are sorted into sectors around the centre of mass. Of several arcs the one
    with most contact to the atrium is the base, or the longest where there is no atrium. Where
    it runs far beyond the atrium, wall is missing, and the atrium's edge stands for the annulus.
    """
    angle = np.arctan2(
        (border.columns - centre[1]) * scale[1], (border.rows - centre[0]) * scale[0]
    )
    turns = (angle / (2 * np.pi)) % 1.0
    # The vertical runs through the middle of a sector, so that a mirrored mask has the same.
    sector = np.floor(turns * SECTORS + 0.5).astype(int) % SECTORS
    free = np.bincount(sector[~shared], minlength=SECTORS)
    held = np.bincount(sector[shared], minlength=SECTORS)
    atrial = np.bincount(sector[border.across == LA], minlength=SECTORS)
    first, length = _longest_arc(free > held, atrial if atrial.any() else free, free)
    # One sector more on either side: the ends of the arc may lie in mixed sectors.
    along = (turns * SECTORS - (first - 1.5)) % SECTORS
    candidates = np.flatnonzero(~shared & (along < length + 2))
    low, high = _extremes(candidates, along)
    open_wall = length > OPEN_BASE
    valve = candidates[border.across[candidates] == LA]
    if valve.size:
        first_valve, last_valve = _extremes(valve, along)
        open_low = along[first_valve] - along[low] > OPEN_WALL
        open_high = along[high] - along[last_valve] > OPEN_WALL
        low, high = first_valve if open_low else low, last_valve if open_high else high
        open_wall = bool(open_low or open_high)
    edges = [low, high]
    ends = np.stack([border.rows[edges], border.columns[edges]], axis=1)
    inward = np.stack([border.down[edges], border.right[edges]], axis=1)
    return ends, ends - 0.5 * inward, open_wall


def _extremes(edges: npt.NDArray[np.intp], along: Array) -> tuple[int, int]:
    """First and last of some border edges on the way along the arc."""
    order = along[edges]
    return int(edges[order.argmin()]), int(edges[order.argmax()])


def _longest_arc(
    open_: BoolArray, merit: npt.NDArray[np.intp], size: npt.NDArray[np.intp]
) -> tuple[int, int]:
    """(first sector, number of sectors) of the circular run of open sectors of most merit.

    Runs that are parted by up to two sectors count as one: the outermost ends are wanted.
    """
    if open_.all():
        return 0, SECTORS
    if not open_.any():
        return int(np.argmax(size)), 1
    first_held = open_.tolist().index(False)
    order = [(first_held + step) % SECTORS for step in range(SECTORS)]
    runs: list[list[int]] = []
    for step, sector in enumerate(order):
        if open_[sector]:
            if runs and step - runs[-1][1] <= 2:
                runs[-1][1] = step + 1
            else:
                runs.append([step, step + 1])

    def worth(run: list[int]) -> tuple[int, int]:
        sectors = order[run[0] : run[1]]
        return int(merit[sectors].sum()), int(size[sectors].sum())

    low, high = max(runs, key=worth) if len(runs) > 1 else runs[0]
    return order[low], high - low


def _meeting_points(mask: Mask, near: Array, size: int, scale: Spacing) -> Array:
    """Where ventricle, wall and the rest meet, close to pixels (n, 2); NaN where they do not.

    With blurred indicators v, w and r the point is the centre of (v w r²)^k. The square
    makes a straight base that runs on under the wall come out on the base itself.
    """
    blur = max(BLUR * np.sqrt(size * scale[0] * scale[1]), *scale)
    reach = [int(np.ceil(2 * blur / s)) for s in scale]
    height, width = (4 * r + 1 for r in reach)
    rows = _blur_matrix(reach[0], blur / scale[0])
    columns = rows if scale[0] == scale[1] else _blur_matrix(reach[1], blur / scale[1])
    start = np.rint(near).astype(int) - 2 * np.array(reach)
    cuts = np.stack([window(mask, int(r), int(c), height, width) for r, c in start])
    which = np.array([LV, MYO], np.uint8)[:, None, None, None]
    ventricle, wall = rows @ (cuts == which).astype(np.float32) @ columns.T
    rest = np.clip(1 - ventricle - wall, 0, 1)
    meeting = ventricle * wall * rest**2
    peak = meeting.max(axis=(1, 2), keepdims=True)
    weight = (meeting / np.maximum(peak, 1e-12)) ** SHARPNESS
    total = np.maximum(weight.sum(axis=(1, 2)), 1e-12)
    down, right = (_samples(r, blur / s) for r, s in zip(reach, scale, strict=True))
    row, column = (weight.sum(axis=2) @ down) / total, (weight.sum(axis=1) @ right) / total
    points = start + np.stack([row, column], axis=1)
    return np.where(peak[:, :, 0] > 1e-4, points, np.nan)


def _blur_matrix(reach: int, blur: float) -> Array32:
    """Gaussian weights (n, 4 reach + 1) that blur a window at its samples."""
    offset = np.arange(4 * reach + 1) - _samples(reach, blur)[:, None]
    weights = np.exp(-0.5 * (offset / blur) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _samples(reach: int, blur: float) -> npt.NDArray[np.intp]:
    """Places in the inner half of a window where a map of this blur (pixels) is sampled."""
    stride = max(1, int(blur / 2.5))  # coarser would lose something
    steps = reach // stride
    return 2 * reach + stride * np.arange(-steps, steps + 1)


def _ends_by_inertia(body: BoolArray, border: Border, scale: Spacing) -> Array:
    """Corners (2, 2) of the lower end of a ventricle that touches neither wall nor atrium."""
    rows, columns = np.nonzero(body)
    y, x = (rows - rows.mean()) * scale[0], (columns - columns.mean()) * scale[1]
    _, axes = np.linalg.eigh(np.cov(np.stack([y, x])))
    axis = axes[:, 1] * (1 if axes[0, 1] >= 0 else -1)
    y = (border.rows - rows.mean()) * scale[0]
    x = (border.columns - columns.mean()) * scale[1]
    along, across = y * axis[0] + x * axis[1], x * axis[0] - y * axis[1]
    span = along.max() - along.min()
    low = along > along.max() - 0.1 * span
    across, along = across[low], along[low]
    depth = along.mean()
    corners = np.array([[depth, across.min()], [depth, across.max()]])
    y = corners[:, 0] * axis[0] - corners[:, 1] * axis[1]
    x = corners[:, 0] * axis[1] + corners[:, 1] * axis[0]
    return np.stack([y / scale[0] + rows.mean(), x / scale[1] + columns.mean()], axis=1)
