"""A probe that is not held still: the heart shakes in the sector, and its truth with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform, distance_transform_edt, gaussian_filter1d

from cardiac.geometry import Mask
from cardiac.research.phantom.cine import PhantomCine
from cardiac.research.phantom.polar import Fan, visible

Floats = npt.NDArray[np.float64]


def probe_jitter(cine: PhantomCine, grade: int, rng: np.random.Generator) -> PhantomCine:
    """Shift and turn every frame about the probe; the sector stays where it is.

    Frames, masks, landmarks, orientation and epicardial centre move together; areas, lengths
    and volumes are those of the same heart.
    """
    shift = _shake(rng, len(cine), 2) * (0.6, 1.3, 2.5)[grade - 1]
    turn = np.radians(_shake(rng, len(cine), 1)[:, 0] * (0.6, 1.3, 2.5)[grade - 1])
    seen = visible(cine.frames)
    index = distance_transform_edt(~seen, return_distances=False, return_indices=True)
    spacing = np.array(cine.spacing)
    probe = np.array(Fan.of(cine.frames).top) * spacing
    frames, masks = np.zeros_like(cine.frames), np.zeros_like(cine.masks)
    points = np.array(cine.landmarks)
    center = np.stack([cine.attributes["epi_center_y"], cine.attributes["epi_center_x"]], axis=1)
    for t in range(len(cine)):
        turned = _rotation(turn[t])
        matrix = turned / spacing[:, None] * spacing
        offset = (probe + shift[t] - turned @ probe) / spacing
        back = np.linalg.inv(matrix)
        whole = cine.frames[t][tuple(index)].astype(np.float32)
        moved = affine_transform(whole, back, -back @ offset, order=1, mode="nearest")
        frames[t] = np.where(seen, np.rint(moved), 0)
        masks[t] = _moved(cine.masks[t], back, -back @ offset)
        points[t] = points[t] @ matrix.T + offset
        # The centre is counted from the image's corner, half a pixel before the first centre.
        center[t] = ((center[t] / spacing - 0.5) @ matrix.T + offset + 0.5) * spacing
    attributes = dict(cine.attributes)
    attributes["lv_orientation"] = attributes["lv_orientation"] + np.degrees(turn)
    attributes["epi_center_y"], attributes["epi_center_x"] = center.T.copy()
    return cine.replace(frames=frames, masks=masks, landmarks=points, attributes=attributes)


def _shake(rng: np.random.Generator, frames: int, columns: int) -> Floats:
    """(T, columns) unrest of unit size: slow drift and a faster tremor."""
    slow = gaussian_filter1d(rng.standard_normal((frames + 60, columns)), 8, axis=0)[30:-30]
    fast = gaussian_filter1d(rng.standard_normal((frames + 60, columns)), 0.7, axis=0)[30:-30]
    return np.asarray(4.0 * slow + 0.5 * fast)


def _rotation(angle: float) -> Floats:
    """Matrix on (row, column) that leans what points up to the right by ``angle``."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _moved(mask: Mask, back: Floats, offset: Floats) -> Mask:
    """The mask after the motion: the label that covers most of each pixel."""
    shares = [
        affine_transform((mask == label).astype(np.float32), back, offset, order=1)
        for label in range(1, 4)
    ]
    outside = 1 - np.sum(shares, axis=0)
    return np.asarray(np.stack([outside, *shares]).argmax(axis=0), dtype=np.uint8)
