"""Apical label maps with a known geometry, for tests that need no data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Apical:
    """A half-ellipse for the ventricle, a wall of constant thickness, an ellipse for the atrium.

    The ventricle hangs from the middle of its annulus; ``tilt`` turns everything about that
    point, apex to the right for a positive angle. Lengths are in mm; ``annulus`` is (row,
    column) in mm from the upper left corner of the image.
    """

    length: float = 80.0
    half_width: float = 22.0
    thickness: float = 9.0
    tilt: float = 0.0
    annulus: tuple[float, float] = (115.0, 80.0)
    atrium: tuple[float, float] = (40.0, 17.0)
    size: tuple[int, int] = (256, 256)
    spacing: tuple[float, float] = (0.7, 0.7)

    def with_(self, **changes: object) -> Apical:
        """A copy with some parameters changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def scaled(self, factor: float) -> Apical:
        """The same heart, larger, on the same grid."""
        return self.with_(
            length=self.length * factor,
            half_width=self.half_width * factor,
            thickness=self.thickness * factor,
            atrium=(self.atrium[0] * factor, self.atrium[1] * factor),
        )

    def mask(self) -> npt.NDArray[np.uint8]:
        """(H, W) label map."""
        rows, columns = (
            (np.arange(n) + 0.5) * s - a
            for n, s, a in zip(self.size, self.spacing, self.annulus, strict=True)
        )
        turn = np.deg2rad(self.tilt)
        # Up the long axis, and across it.
        up = -rows[:, None] * np.cos(turn) + columns[None] * np.sin(turn)
        across = rows[:, None] * np.sin(turn) + columns[None] * np.cos(turn)

        def ellipse(along: float, wide: float) -> npt.NDArray[np.bool_]:
            return np.asarray((up / along) ** 2 + (across / wide) ** 2 < 1)

        labels = np.zeros(self.size, np.uint8)
        if self.atrium[0] > 0:
            half = self.atrium[0] / 2
            labels[((up + half) / half) ** 2 + (across / self.atrium[1]) ** 2 < 1] = 3
            # Up to the valve the atrium is as wide as it is at its middle.
            labels[(up < 0) & (up > -half) & (np.abs(across) < self.atrium[1])] = 3
        if self.thickness > 0:
            outer = ellipse(self.length + self.thickness, self.half_width + self.thickness)
            labels[outer & (up >= 0)] = 2
        labels[ellipse(self.length, self.half_width) & (up >= 0)] = 1
        return labels

    @property
    def lv_area(self) -> float:
        """Area of the ventricle in mm²."""
        return float(np.pi * self.length * self.half_width / 2)

    @property
    def lv_volume(self) -> float:
        """Volume in mL of the ventricle turned about its axis."""
        return float(2 / 3 * np.pi * self.half_width**2 * self.length / 1000)


def beating(
    frames: int = 30, beats: float = 1.0, shape: Apical | None = None, depth: float = 0.12
) -> npt.NDArray[np.uint8]:
    """(T, H, W) label maps of a heart that starts at end-diastole and contracts smoothly."""
    shape = shape or Apical()
    phase = 0.5 - 0.5 * np.cos(2 * np.pi * beats * np.arange(frames) / frames)
    return np.stack(
        [
            shape.with_(
                length=shape.length * (1 - depth * p),
                half_width=shape.half_width * (1 - 2 * depth * p),
                thickness=shape.thickness * (1 + depth * p),
            ).mask()
            for p in phase
        ]
    )
