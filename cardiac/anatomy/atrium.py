"""Long axis of the left atrium: from the middle of the annulus to the roof."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cardiac.anatomy.frame import LA, as_masks, as_spacing
from cardiac.anatomy.landmarks import Landmarks, Point, farthest_tip
from cardiac.anatomy.outlines import border_edges
from cardiac.anatomy.raster import OUTSIDE, bounding_box, center_of_mass, crop, largest_component
from cardiac.errors import MeasurementError
from cardiac.geometry import Mask, Spacing

CUT_SHARE = 0.25


class Atrium(NamedTuple):
    """Axis of the atrium of one frame.

    Attributes:
        base: Middle of the annulus (row, column).
        roof: Farthest point of the atrium, between pixels.
        cut: Length of the atrium's border that lies on the edge of the image ÷ its width.
    """

    base: Point
    roof: Point
    cut: float

    @property
    def cut_off(self) -> bool:
        """Whether so much of it lies beyond the image that its size is not known."""
        return self.cut > CUT_SHARE

    def length(self, spacing: Spacing | None = None) -> float:
        """Distance from the annulus to the roof, in mm (pixels without spacing)."""
        scale = as_spacing(spacing)
        return float(
            np.hypot(
                (self.roof[0] - self.base[0]) * scale[0], (self.roof[1] - self.base[1]) * scale[1]
            )
        )


def find_atrium(mask: Mask, landmarks: Landmarks, spacing: Spacing | None = None) -> Atrium:
    """Find the long axis of the atrium in one label map (H, W).

    Raises:
        MeasurementError: The atrium is absent.
    """
    frame = as_masks(mask)[0]
    box = bounding_box(frame == LA)
    if box is None:
        raise MeasurementError("the mask has no left atrium")
    labels = crop(frame, box)
    body, _ = largest_component(labels == LA)
    border = border_edges(body, labels)
    origin = (box[0] - 1, box[1] - 1)
    middle = np.array(landmarks.middle) - origin
    roof = farthest_tip(center_of_mass(body), border, middle, as_spacing(spacing))
    cut = float((border.across == OUTSIDE).sum() / (box[3] - box[1]))
    return Atrium(landmarks.middle, (float(roof[0] + origin[0]), float(roof[1] + origin[1])), cut)
