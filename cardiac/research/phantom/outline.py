"""Outlines of an expert mask, cut at annulus and apex so that two of them can be matched.

The annulus points come from ``cardiac.anatomy``; here the closed borders are only cut and
spread by arc length, which is what makes point k of one mask correspond to point k of another.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from cardiac.anatomy import find_landmarks
from cardiac.anatomy.outlines import resample_curve
from cardiac.errors import InputError
from cardiac.geometry import Mask
from cardiac.labels import STRUCTURES

Floats = npt.NDArray[np.float64]
_SIDE = 24
_CUT = 5
_BASE = 9
_ROOF = 18


def matched_outlines(mask: Mask) -> dict[str, Floats]:
    """Open lines ``endo``, ``epi``, ``la``, ``base`` of a label map, in fixed numbers of points.

    Args:
        mask: (H, W) label map with isotropic pixels.

    Returns:
        Rows and columns (N, 2) in pixels. ``endo`` runs from the left annulus point over the
        apex to the right one; ``epi`` the same way round the wall, its cut ends included;
        ``la`` from the left end of the valve plane over the roof to the right one; ``base``
        along the valve plane.

    Raises:
        InputError: A structure is missing or too small.
        MeasurementError: The LV has no annulus or apex.
    """
    for label in STRUCTURES:
        if not (mask == label).any():
            raise InputError(f"the mask has no {label.title}", hint="Use a pair with all three.")
    lv, myocardium, la = (mask == label for label in STRUCTURES)
    cavity, wall, atrium = _border(lv), _border(lv | myocardium), _border(la)
    found = find_landmarks(mask)
    left, right = np.array(found.left), np.array(found.right)
    middle = (left + right) / 2
    endo, base = _split(cavity, left, right)
    tip = endo[_farthest(endo, middle)]
    around, _ = _split(wall, left, right)
    lines = {"endo": _spread(endo, [tip], [_SIDE, _SIDE]), "base": _spread(base[::-1], [], [_BASE])}
    lines["epi"] = _wall(around, left, right, tip)
    lines["la"] = _atrial(atrium, left, right)
    return lines


def _border(inside: npt.NDArray[np.bool_]) -> Floats:
    """Closed sub-pixel border (N, 2) of the largest part, without its last, repeated point."""
    from skimage.measure import find_contours

    soft = gaussian_filter(np.pad(inside, 2).astype(np.float32), 1.0)
    lines = find_contours(soft, 0.5)
    if not lines:
        raise InputError("a structure of the mask is too small to have a border")
    return np.asarray(max(lines, key=len)[:-1] - 2, dtype=np.float64)


def _split(line: Floats, left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """The two arcs of a closed border between the points nearest ``left`` and ``right``.

    The longer arc first; the first runs left to right, the second right to left.
    """
    i, j = (_nearest(line, p) for p in (left, right))
    ring = np.roll(line, -i, axis=0)
    j = (j - i) % len(line)
    one, two = ring[: j + 1], np.concatenate([ring[j:], ring[:1]])
    return (one, two) if len(one) >= len(two) else (two[::-1], one[::-1])


def _wall(around: Floats, left: Floats, right: Floats, tip: Floats) -> Floats:
    """The epicardial arc, cut at the outer corners of the wall and at its own apex."""
    middle = (left + right) / 2
    axis = (tip - middle) / np.linalg.norm(tip - middle)
    across = (right - left) / np.linalg.norm(right - left)
    top = _farthest(around, middle)
    tall = (around - middle) @ axis < 0.35 * np.linalg.norm(tip - middle)
    side = (around - middle) @ across
    corners = []
    for sign, part in ((-1, slice(0, top)), (1, slice(top, None))):
        score = np.where(tall, sign * side - (around - middle) @ axis, -np.inf)[part]
        corners.append(around[part][int(score.argmax())])
    counts = [_CUT, _SIDE, _SIDE, _CUT]
    return _spread(around, [corners[0], around[top], corners[1]], counts)


def _atrial(border: Floats, left: Floats, right: Floats) -> Floats:
    """The atrium's border without the valve plane, cut at the roof.

    The roof is where the line from the valve through the middle of the atrium leaves it: the
    farthest point would jump from corner to corner where the image cuts the atrium off.
    """
    arc, _ = _split(border, left, right)
    valve = (left + right) / 2
    down = border.mean(axis=0) - valve
    ray = arc - valve
    along = ray @ down / np.linalg.norm(ray, axis=1).clip(1e-6)
    return _spread(arc, [arc[int(along.argmax())]], [_ROOF, _ROOF])


def _spread(line: Floats, cuts: list[Floats], counts: list[int]) -> Floats:
    """Points at even arc length between the cuts of an open line, the ends included."""
    stops = [0, *(_nearest(line, cut) for cut in cuts), len(line) - 1]
    pieces = []
    for a, b, n in zip(stops[:-1], stops[1:], counts, strict=True):
        part = line[a : max(b, a + 1) + 1]
        pieces.append(resample_curve(part, n + 1)[:-1])
    return np.concatenate([*pieces, line[-1:]])


def _nearest(line: Floats, point: Floats) -> int:
    return int(np.linalg.norm(line - point, axis=1).argmin())


def _farthest(line: Floats, point: Floats) -> int:
    return int(np.linalg.norm(line - point, axis=1).argmax())


def between(start: Mapping[str, Floats], end: Mapping[str, Floats], s: float) -> dict[str, Floats]:
    """The matched outlines a share ``s`` of the way."""
    return {name: (1 - s) * line + s * end[name] for name, line in start.items()}
