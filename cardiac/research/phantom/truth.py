"""True label maps, landmarks, attributes and volumes of outlines given in pixels or mm.

Everything here follows from the outlines, not from pixels: it is what a measurement on the
label map should find, up to the size of a pixel.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.outlines import fill_polygons, polygon_area, polygon_centre
from cardiac.geometry import Mask
from cardiac.labels import Label

Floats = npt.NDArray[np.float64]


def paint(outlines: Mapping[str, Floats], shape: tuple[int, int]) -> Mask:
    """Label map (H, W) of ``endo``, ``epi`` and ``la``, each (N, 2) row, column in pixels.

    The wall closes on the annulus points, so LV and atrium share the valve plane.
    """
    mask = np.zeros(shape, np.uint8)
    endo, epi, atrium = outlines["endo"], outlines["epi"], outlines["la"]
    wall = np.concatenate([endo[:1], epi, endo[-1:]])
    for points, label in ((atrium, Label.LA), (wall, Label.MYOCARDIUM), (endo, Label.LV)):
        mask[fill_polygons([points], shape)[0]] = label
    return mask


def landmarks(endo: Floats) -> Floats:
    """Left annulus point, right annulus point and apex (3, 2) of an endocardial line.

    The apex is the point farthest from the middle of the annulus.
    """
    middle = (endo[0] + endo[-1]) / 2
    apex = endo[np.linalg.norm(endo - middle, axis=1).argmax()]
    return np.stack([endo[0], endo[-1], apex])


def attributes(outlines: Mapping[str, Floats]) -> dict[str, float]:
    """The attributes of outlines in mm from the image's corner, as ``cardiac.anatomy`` names them.

    Areas are in mm², lengths in mm, orientation in degrees. Orientation grows as the
    apex leans to the right of the image.
    """
    endo, epi, atrium = outlines["endo"], outlines["epi"], outlines["la"]
    left, right, apex = landmarks(endo)
    axis = apex - (left + right) / 2
    whole = np.concatenate([endo[:1], epi, endo[-1:]])
    row, column = polygon_centre(*whole.T)
    return {
        "lv_area": float(polygon_area(endo)),
        "lv_length": float(np.linalg.norm(axis)),
        "lv_base_width": float(np.linalg.norm(right - left)),
        "lv_orientation": float(np.degrees(np.arctan2(axis[1], -axis[0]))),
        "myo_area": float(polygon_area(whole)) - float(polygon_area(endo)),
        "epi_center_x": float(column),
        "epi_center_y": float(row),
        "la_area": float(polygon_area(atrium)),
    }


def volume_ml(endo: Floats, discs: int = 200) -> float:
    """Volume in mL by circular discs across the long axis of an outline in mm."""
    left, right, apex = landmarks(endo)
    middle = (left + right) / 2
    length = float(np.linalg.norm(apex - middle))
    up = (apex - middle) / length
    across = np.array([-up[1], up[0]])
    s, n = (endo - middle) @ up, (endo - middle) @ across
    heights = (np.arange(discs) + 0.5) / discs * length
    widths = np.zeros(discs)
    s2, n2 = np.roll(s, -1), np.roll(n, -1)
    crosses = (s[:, None] > heights) != (s2[:, None] > heights)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = n[:, None] + (heights - s[:, None]) / (s2 - s)[:, None] * (n2 - n)[:, None]
    high = np.where(crosses, at, -np.inf).max(axis=0)
    low = np.where(crosses, at, np.inf).min(axis=0)
    found = crosses.any(axis=0)
    widths[found] = high[found] - low[found]
    return float(np.pi / 4 * (widths**2).sum() * length / discs / 1000)
