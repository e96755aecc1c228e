"""What a network does wrong: failures of label maps, each in three grades."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, shift

from cardiac.anatomy import Landmarks, find_landmarks
from cardiac.errors import GeometryError, MeasurementError
from cardiac.geometry import Mask
from cardiac.labels import STRUCTURES, Label
from cardiac.research.phantom.grades import parse_requests

Floats = npt.NDArray[np.float64]
Failure = Callable[[Mask, Landmarks, float, np.random.Generator], Mask]
_SIZES = (0.5, 1.0, 1.7)
_SHARES = (0.15, 0.30, 0.50)


def corrupt_masks(masks: Mask, requests: str | Sequence[str], seed: int = 0) -> Mask:
    """Masks (T, H, W) as a network might have drawn them in some of the frames.

    The grade sets both how large the failure is and in how many frames it occurs (15, 30,
    50 %; jumps 4, 8, 16 %). Frames without a measurable ventricle stay as they are.

    Args:
        masks: (T, H, W) label maps.
        requests: "name:grade" or several of them; see :data:`MASK_CORRUPTIONS`.
        seed: The same seed gives the same failures.

    Raises:
        SettingsError: An unknown name or grade.
        GeometryError: The masks are not (T, H, W).
    """
    if masks.ndim != 3:
        raise GeometryError(f"masks must be (T, H, W), got {masks.shape}")
    out = np.array(masks, dtype=np.uint8)
    for request in parse_requests(requests, MASK_CORRUPTIONS):
        rng = request.rng(seed)
        size = _SIZES[request.grade - 1]
        share = _SHARES[request.grade - 1] * (0.3 if request.name == "jump" else 1.0)
        chosen = rng.permutation(len(out))[: max(1, round(share * len(out)))]
        for t in sorted(chosen.tolist()):
            try:
                points = find_landmarks(out[t])
            except MeasurementError:
                continue
            out[t] = MASK_CORRUPTIONS[request.name](out[t], points, size, rng)
    return out


def jump(mask: Mask, points: Landmarks, size: float, rng: np.random.Generator) -> Mask:
    """The whole mask stands somewhere else for one frame."""
    angle = rng.uniform(0, 2 * np.pi)
    step = 0.09 * size * points.length() * np.array([np.sin(angle), np.cos(angle)])
    return np.asarray(shift(mask, np.rint(step), order=0), dtype=np.uint8)


def missing_base(mask: Mask, points: Landmarks, size: float, _: np.random.Generator) -> Mask:
    """Ventricle and wall end above the valve plane."""
    height = _axes(mask, points)[0]
    low = (height < 0.16 * size) & (mask != Label.LA)
    return np.where(low, Label.BACKGROUND, mask).astype(np.uint8)


def leaking_atrium(mask: Mask, points: Landmarks, size: float, rng: np.random.Generator) -> Mask:
    """The atrium runs through the valve into the ventricle, more on one side."""
    height, across = _axes(mask, points)
    side = rng.choice([-1, 1]) * 0.5 * across
    low = (mask == Label.LV) & (height < (0.22 + 0.22 * side) * size)
    return np.where(low, Label.LA, mask).astype(np.uint8)


def swapped_labels(mask: Mask, points: Landmarks, size: float, rng: np.random.Generator) -> Mask:
    """A part of one structure carries the label of another."""
    out = mask.copy()
    first, second = rng.permutation(np.array(STRUCTURES))[:2]
    for label, other in ((first, second), (second, first)):
        spot = _spot(mask == label, 0.16 * size * points.length(), rng)
        out[spot & (mask == label)] = other
    return out


def bite(mask: Mask, points: Landmarks, size: float, rng: np.random.Generator) -> Mask:
    """A piece is bitten out of the outer border of wall and cavity."""
    heart = (mask == Label.LV) | (mask == Label.MYOCARDIUM)
    edge = (mask == Label.MYOCARDIUM) & binary_dilation(mask == Label.BACKGROUND)
    spot = _spot(edge if edge.any() else heart, 0.15 * size * points.length(), rng)
    return np.where(spot & heart, Label.BACKGROUND, mask).astype(np.uint8)


def holes(mask: Mask, points: Landmarks, size: float, rng: np.random.Generator) -> Mask:
    """Background inside the structures."""
    out = mask.copy()
    for label in STRUCTURES:
        inside = mask == label
        deep = inside & ~binary_dilation(~inside, iterations=3)
        if deep.any():
            out[_spot(deep, 0.05 * size * points.length(), rng) & deep] = Label.BACKGROUND
    return out


def islands(mask: Mask, points: Landmarks, size: float, rng: np.random.Generator) -> Mask:
    """Pieces of a structure where there is nothing."""
    out = mask.copy()
    far = ~binary_dilation(mask > 0, iterations=max(2, int(0.06 * points.length())))
    for label in rng.permutation(np.array(STRUCTURES))[:2]:
        if far.any():
            out[_spot(far, 0.06 * size * points.length(), rng) & far] = label
    return out


MASK_CORRUPTIONS: Mapping[str, Failure] = {
    "jump": jump,
    "missing_base": missing_base,
    "leaking_atrium": leaking_atrium,
    "swapped_labels": swapped_labels,
    "bite": bite,
    "holes": holes,
    "islands": islands,
}
"""Failures of masks by name, in the order in which they are applied."""


def _axes(mask: Mask, points: Landmarks) -> tuple[Floats, Floats]:
    """(H, W) height over the valve plane in long axes, and way across in half base widths."""
    rows, columns = np.indices(mask.shape)
    down, right = rows - points.middle[0], columns - points.middle[1]
    axis = np.subtract(points.apex, points.middle)
    chord = np.subtract(points.right, points.left)
    height = (down * axis[0] + right * axis[1]) / (axis @ axis)
    return height, 2 * (down * chord[0] + right * chord[1]) / max(chord @ chord, 1e-9)


def _spot(
    where: npt.NDArray[np.bool_], radius: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """(H, W) a lopsided blob around one of the pixels of ``where``."""
    pixels = np.argwhere(where)
    spot = np.zeros(where.shape, bool)
    if not len(pixels):
        return spot
    row, column = pixels[rng.integers(len(pixels))]
    down, right = np.indices(where.shape) - np.array([row, column])[:, None, None]
    angle = np.arctan2(right, down)
    lobes = 1 + 0.25 * np.sin(2 * angle + rng.uniform(0, 6)) + 0.15 * np.sin(3 * angle)
    return np.asarray(np.hypot(down, right) <= np.maximum(radius, 1.5) * lobes)
