"""Real pixels in motion: the warped end-diastolic image turning into the end-systolic one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter

from cardiac.geometry import Mask

Floats32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
_LABELS = 4
_ROUNDS = 4
_LEAD = 0.05  # pixels by which the true label has to lead at a pixel's centre


def picture_layers(image: Floats32, sector: Bools) -> Floats32:
    """Local mean and detail (n, n, 2) of an image (n, n), continued beyond its sector.

    Without the continuation motion would carry black into the picture.
    """
    index = distance_transform_edt(~sector, return_distances=False, return_indices=True)
    whole = image[tuple(index)]
    mean = gaussian_filter(whole, 5.0, truncate=2.5)
    return np.ascontiguousarray(np.stack([mean, whole - mean], axis=-1), dtype=np.float32)


def label_layers(mask: Mask) -> Floats32:
    """Signed distances (n, n, 4) in pixels to each label, positive inside it, without stairs.

    The border is smoothed as far as every pixel's centre keeps its own label: the largest of
    the four is the mask again, exactly.
    """
    layers = np.empty((_LABELS, *mask.shape), np.float32)
    for label in range(_LABELS):
        inside = mask == label
        away = distance_transform_edt(inside) if inside.any() else 0.0
        away = away - distance_transform_edt(~inside)
        layers[label] = away - 0.5 * np.sign(away)
    own = mask[None] == np.arange(_LABELS)[:, None, None]
    for _ in range(_ROUNDS):
        layers = gaussian_filter(layers, (0, 0.7, 0.7), truncate=3)
        best = np.where(own, -np.inf, layers).max(axis=0)
        lack = np.maximum(best + _LEAD - layers.max(axis=0, where=own, initial=-np.inf), 0)
        # Both sides give way, so that the border moves no farther than it must.
        layers += np.where(own, lack / 2, np.minimum(0, best - lack / 2 - layers))
    return np.ascontiguousarray(np.moveaxis(layers, 0, -1))


def sample(layers: Floats32, rows: Floats32, columns: Floats32) -> Floats32:
    """Bilinear values (P, C) of (n, n, C) at P places; the edge is held beyond it."""
    n = layers.shape[0]
    top = np.clip(rows, 0, n - 1.001)
    left = np.clip(columns, 0, n - 1.001)
    row, column = top.astype(np.int32), left.astype(np.int32)
    u, v = (top - row)[:, None], (left - column)[:, None]
    cell = row * n + column
    flat = layers.reshape(n * n, -1)
    upper = flat[cell] * (1 - v) + flat[cell + 1] * v
    lower = flat[cell + n] * (1 - v) + flat[cell + n + 1] * v
    return np.asarray(upper + (lower - upper) * u, dtype=np.float32)


def mix_pictures(start: Floats32, end: Floats32, share: float) -> Floats32:
    """Grey levels (P,) of two warped pictures (P, 2), ``share`` of the second.

    Two speckle patterns that are averaged lose contrast; the detail is scaled so that its
    variance stays what it was.
    """
    w = np.float32(share)
    both = (1 - w) * start + w * end
    return np.asarray(both[:, 0] + both[:, 1] / np.sqrt((1 - w) ** 2 + w**2))


def pick_labels(layers: Floats32, parting: float = 0.0) -> Mask:
    """Labels (P,) of distances (P, 4) to background, LV, myocardium and atrium.

    Taking the largest leaves no gap between structures that share a border.

    Args:
        layers: Distances in pixels, positive inside.
        parting: How far in pixels a wedge of background drives myocardium and atrium apart,
            from where they meet the background towards the annulus.
    """
    if parting:
        layers = layers.copy()
        background, lv, wall, atrium = layers.T
        seam = np.clip(1 + wall / 3, 0, 1) * np.clip(1 + atrium / 3, 0, 1)
        background += np.float32(parting) * seam * np.clip(-lv / 3, 0, 1)
    return np.asarray(layers.argmax(axis=1), dtype=np.uint8)
