"""The fan of scan lines behind a picture, found again from its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Fan:
    """Range and angle of every pixel as seen from the probe.

    Attributes:
        top: Row and column of the probe in pixels.
        range: (H, W) distance from it in pixels.
        angle: (H, W) angle from straight down in radians, positive to the right.
        depth: Range of the farthest pixel that holds ultrasound.
    """

    top: tuple[float, float]
    range: Floats32
    angle: Floats32
    depth: float

    @classmethod
    def of(cls, frames: npt.NDArray[np.uint8]) -> Fan:
        """The fan of frames (T, H, W), whose sector starts at its topmost lit pixels."""
        seen = visible(frames)
        rows, columns = np.nonzero(seen)
        top = float(rows.min())
        middle = float(columns[rows <= top + 1].mean())
        down, right = np.indices(seen.shape, dtype=np.float32)
        down -= top
        right -= middle
        span = np.hypot(down, right)
        return cls((top, middle), span, np.arctan2(right, down), float(span[seen].max()))


def visible(frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """(H, W) pixels that are lit in some frame; all of them if none is."""
    seen = frames.max(axis=0) > 0
    return seen if seen.any() else np.ones_like(seen)
