"""One frame of a picture: outlines, landmarks, a ruler in cm and what it is called."""

from __future__ import annotations

from collections.abc import Sequence as Row
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cardiac.geometry import Mask
from cardiac.labels import Label
from cardiac.report.canvas import TINT, TINT_STRENGTH
from cardiac.report.display import Display, levels
from cardiac.report.outlines import LINE_WIDTH, outline, paint

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST = (800, 800)
"""(height, width) that a still is shrunk to fit."""

_INK = "#222222"


@dataclass(frozen=True, eq=False)
class Still:
    """A drawn frame.

    Attributes:
        caption: Phase, frame number, time.
        pixels: (h, w, 3) uint8 RGB.
        pixel_mm: Size of a pixel in mm, or None without calibration.
        marks: (n, 2) x, y in pixels of left annulus, right annulus and apex; empty if unknown.
        words: Text, x, y in pixels and colour of the names inside the structures.
    """

    caption: str
    pixels: npt.NDArray[np.uint8]
    pixel_mm: float | None
    marks: npt.NDArray[np.float64]
    words: tuple[tuple[str, float, float, tuple[int, int, int]], ...]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


def make_still(
    display: Display,
    frame: npt.NDArray[np.uint8],
    mask: Mask,
    caption: str,
    *,
    landmarks: npt.NDArray[np.floating[Any]] | None = None,
    uncertainty: npt.NDArray[Any] | None = None,
) -> Still:
    """Draw the outlines of one (H, W) mask on its frame.

    Args:
        display: How the sequence is laid out.
        frame: (H, W) grey levels.
        mask: (H, W) label map.
        caption: What to write above it.
        landmarks: (3, 2) row and column of left annulus point, right annulus point and apex in
            pixels of the frame; drawn where all are finite.
        uncertainty: (H, W) from 0 to 1, or in 256 levels, drawn as a tint below the outlines.
    """
    from PIL import Image

    labels = display.labels(mask)
    height, width = display.size
    shrink = min(1.0, LARGEST[0] / height, LARGEST[1] / width)
    grey = Image.fromarray(display.image(frame)).resize((width, height), Image.Resampling.BICUBIC)
    pixels = np.repeat(np.asarray(grey)[:, :, None], 3, axis=2)
    if uncertainty is not None:
        level = display.image(levels(uncertainty))
        large = Image.fromarray(level).resize((width, height), Image.Resampling.BILINEAR)
        alpha = np.asarray(large, dtype=np.float32)[:, :, None] * np.float32(TINT_STRENGTH / 255)
        pixels = (pixels + alpha * (np.array(TINT, np.float32) - pixels)).astype(np.uint8)
    paint(pixels, outline(labels, display.scale, LINE_WIDTH / shrink))
    if shrink < 1:
        size = (round(width * shrink), round(height * shrink))
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    marks = np.empty((0, 2))
    if landmarks is not None and np.isfinite(landmarks).all():
        marks = np.array([display.point(point) for point in landmarks]) * shrink
    pixel_mm = None if display.pixel_mm is None else display.pixel_mm / shrink
    return Still(caption, pixels, pixel_mm, marks, _words(labels, display.scale * shrink))


def annotate(figure: Figure, still: Still, left: int, bottom: int) -> None:
    """Draw what goes over and around a still whose lower left corner is at (left, bottom)."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import Affine2D, IdentityTransform

    height = still.size[0]
    # From the still's x, y (downwards) to the figure's pixels (upwards).
    here: Any = Affine2D().scale(1, -1).translate(left, bottom + height)
    if len(still.marks):
        base = still.marks[:2].mean(axis=0)
        axis = np.stack([base, still.marks[2]])
        style: dict[str, Any] = {"color": "white", "linewidth": 0.8, "transform": here}
        figure.add_artist(Line2D(*axis.T, linestyle=(0, (5, 3)), **style))
        figure.add_artist(Line2D(*still.marks.T, linestyle="", marker="o", markersize=3.2, **style))
    for word, x, y, color in still.words:
        shade = tuple(channel / 255 for channel in color)
        figure.text(
            x,
            y,
            word,
            transform=here,
            color=shade,
            fontsize=10,
            weight="bold",
            ha="center",
            va="center",
            path_effects=[withStroke(linewidth=2.5, foreground="black")],
        )
    figure.text(
        left,
        bottom + height + 7,
        still.caption,
        transform=IdentityTransform(),
        fontsize=11,
        color=_INK,
        parse_math=False,
    )
    if still.pixel_mm is not None:
        _ruler(figure, still, left, bottom)


def _ruler(figure: Figure, still: Still, left: int, bottom: int) -> None:
    """Ticks every cm down the left side, longer and numbered every 5 cm, as on a scanner."""
    from matplotlib.collections import LineCollection
    from matplotlib.transforms import IdentityTransform

    height = still.size[0]
    step = 10 / (still.pixel_mm or 1)
    count = min(int(height / step), 60)
    pixels: Any = IdentityTransform()
    lines = []
    for k in range(count + 1):
        y, length = bottom + height - k * step, 9 if k % 5 == 0 else 5
        lines.append([(left - 3 - length, y), (left - 3, y)])
        if k % 5 == 0:
            figure.text(
                left - 15,
                y,
                f"{k}" if k else "cm",
                transform=pixels,
                fontsize=8,
                color=_INK,
                ha="right",
                va="center",
            )
    figure.add_artist(LineCollection(lines, colors=_INK, linewidths=0.8, transform=pixels))


def _words(
    labels: Mask, scale: float
) -> tuple[tuple[str, float, float, tuple[int, int, int]], ...]:
    found = []
    for label, word in ((Label.LV, "LV"), (Label.LA, "LA")):
        rows, columns = np.nonzero(labels == label)
        if rows.size * scale**2 < 1500:
            continue
        # Beside the long axis, which passes near the centre.
        x = float((columns.mean() + 0.5 + 0.15 * np.ptp(columns)) * scale)
        found.append((word, x, float((rows.mean() + 0.5) * scale), label.color))
    return tuple(found)


def captions(times: npt.NDArray[np.float64] | None, named: Row[tuple[str, int]]) -> list[str]:
    """Captions such as "ED · frame 12 · 0.400 s" (frames counted from 0)."""
    result = []
    for phase, frame in named:
        parts = [phase] if phase else []
        parts.append(f"frame {frame}")
        if times is not None:
            parts.append(f"{times[frame] - times[0]:.3f} s")
        result.append(" · ".join(parts))
    return result
