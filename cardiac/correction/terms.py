"""What a correction has to keep to."""

from __future__ import annotations

from typing import NamedTuple

from cardiac.anatomy import Profile
from cardiac.correction.certificate import Certificate, Measured, judge, measure_masks
from cardiac.geometry import Mask, Spacing
from cardiac.types import BoolArray


class Terms(NamedTuple):
    """Grid, clock and bounds of one sequence.

    Attributes:
        spacing: (row, column) pixel size in mm, or None.
        frame_interval_s: Seconds between frames, or None.
        profile: Bounds of the criteria.
        atrium: Whether an atrium is expected.
    """

    spacing: Spacing | None
    frame_interval_s: float | None
    profile: Profile
    atrium: bool

    def certificate(self, measured: Measured) -> Certificate:
        """What is to be said of measured masks."""
        return judge(measured, self.frame_interval_s, self.profile)

    def measured(
        self, masks: Mask, before: Measured | None = None, which: BoolArray | None = None
    ) -> Measured:
        """Measure masks (T, H, W); only some frames (T,) where the others are as before."""
        if before is None or which is None:
            return measure_masks(masks, self.spacing, atrium=self.atrium)
        return before.updated(masks, which, self.spacing)
