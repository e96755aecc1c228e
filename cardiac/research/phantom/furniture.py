"""What the screen of an ultrasound machine shows beside the echo: text, ECG, rulers, bars, marks.

Everything is drawn once onto an overlay, for it stands still while the cine runs; only the
cursor of the ECG moves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from cardiac.sector.geometry import SectorGeometry

Bytes = npt.NDArray[np.uint8]
Color = tuple[int, int, int]

_WORDS = (
    "Adult Echo", "TTE", "Cardiac", "S5-1", "M5S", "4V1c", "HR 72", "bpm", "FPS 48", "2D", "54%",
    "C 50", "P Low", "HGen", "MI 1.2", "TIS 0.8", "17.0 cm", "16 cm", "Gn 60", "DR 65", "A4C",
    "A2C", "REST", "Frame 12/48", "12:41:09", "2024-03-11", "ID 004417", "Loop 3", "T4.4", "Penet",
    "Harm", "55 Hz", "1.7/3.4 MHz", "AO% 100", "PAT T: 37.0C", "LV", "EF", "Soft Gain", "Zoom 1.2",
)  # fmt: skip
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
)
_COLORS: tuple[Color, ...] = (
    (235, 235, 235), (255, 255, 255), (190, 190, 190), (140, 150, 160), (255, 230, 120),
    (120, 220, 255), (130, 255, 150), (255, 170, 60),
)  # fmt: skip


class Overlay:
    """Graphics over a screen.

    Attributes:
        color: (H, W, 3) RGB of what is drawn.
        drawn: (H, W) uint8, not 0 where something is.
        cursor: Column range and row of an ECG whose cursor runs with time, or None.
    """

    def __init__(self, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self.color: Bytes = np.zeros((*shape, 3), dtype=np.uint8)
        self.drawn: Bytes = np.zeros(shape, dtype=np.uint8)
        self.cursor: tuple[int, int, int] | None = None
        self.shape, self.rng = shape, rng
        self.unit = shape[0] / 480
        self.ink = _COLORS[rng.integers(len(_COLORS))]
        self._font = _FONTS[rng.integers(len(_FONTS))]

    def each(
        self,
        draw: Callable[..., object],
        before: tuple[Any, ...],
        after: tuple[Any, ...] = (),
        color: Color | None = None,
    ) -> None:
        """Draw once in colour and once on the map of what is drawn.

        Args:
            draw: A drawing function of OpenCV.
            before, after: Its arguments between the picture and the colour, and after that.
            color: RGB; the ink of the screen without.
        """
        draw(self.color, *before, color or self.ink, *after)
        draw(self.drawn, *before, (255, 255, 255), *after)

    def text(self, words: str, at: tuple[int, int], size: float, color: Color) -> None:
        """Write at (column, row) of the lower left corner."""
        scale = size * self.unit * (2.0 if self._font == cv2.FONT_HERSHEY_PLAIN else 1.0)
        width = max(1, round(1.2 * size * self.unit))
        kind = cv2.LINE_AA if self.unit > 0.8 else cv2.LINE_8
        self.each(cv2.putText, (words, at, self._font, scale), (width, kind), color)

    def line(self, points: npt.NDArray[np.floating], color: Color, width: int = 1) -> None:
        """A polyline through (N, 2) columns and rows."""
        whole = np.rint(points).astype(np.int32)
        self.each(cv2.polylines, ([whole], False), (width,), color)


def furnish(overlay: Overlay, sector: SectorGeometry, density: float = 1.0) -> None:
    """Draw what a machine may show around this sector, each thing with its own probability."""
    rng = overlay.rng
    for draw, probability in (
        (_text_blocks, 0.9), (_text_near_apex, 0.3), (_depth_ruler, 0.6), (_edge_ticks, 0.25),
        (_grey_bar, 0.6), (_color_bar, 0.15), (_ecg, 0.6), (_focus, 0.4), (_logo, 0.4),
        (_bars, 0.3), (_box, 0.2), (_caliper, 0.12), (_text_inside, 0.12),
    ):  # fmt: skip
        if rng.random() < probability * density:
            draw(overlay, sector)


def _text_blocks(o: Overlay, sector: SectorGeometry) -> None:
    """Lines of settings at the corners and sides, often within the sector's bounding box."""
    rng, (height, width) = o.rng, o.shape
    box = sector.box
    size = rng.uniform(0.3, 0.55)
    step = round(26 * size * o.unit) + 4
    for _ in range(int(rng.integers(1, 5))):
        lines = int(rng.integers(1, 9))
        left = int(rng.integers(0, max(1, int(0.9 * width))))
        top = int(rng.integers(0, height))
        if box is not None and rng.random() < 0.5:
            # Beside the apex the box of a sector is empty: machines write there.
            left = box.left + int(rng.integers(0, max(2, box.width // 8)))
            if rng.random() < 0.5:
                left = box.right - int(rng.integers(1, max(2, box.width // 4)))
            top = box.top + int(rng.integers(0, max(2, box.height // 3)))
        elif rng.random() < 0.6:
            left = int(0.02 * width) if rng.random() < 0.6 else int(0.86 * width)
        color = o.ink if rng.random() < 0.8 else _COLORS[rng.integers(len(_COLORS))]
        for n in range(lines):
            words = " ".join(rng.choice(_WORDS, int(rng.integers(1, 3))))
            at = (left, top + n * step)
            if not _hits(sector, at, words, size * o.unit):
                o.text(words, at, size, color)


def _hits(sector: SectorGeometry, at: tuple[int, int], words: str, scale: float) -> bool:
    """Whether words there would lie over the echo, roughly."""
    if sector.apex is None:
        return False
    length, tall = 18 * scale * len(words), 22 * scale
    columns = np.linspace(at[0], at[0] + length, 9)
    for row in (at[1], at[1] - tall):
        down, right = row - sector.apex[0], columns - sector.apex[1]
        span, angle = np.hypot(down, right), np.arctan2(right, down)
        if (
            (span > sector.radii[0])
            & (span < sector.radii[1])
            & (angle > sector.edges[0])
            & (angle < sector.edges[1])
        ).any():
            return True
    return False


def _text_near_apex(o: Overlay, sector: SectorGeometry) -> None:
    row, column = _near(sector)
    shift = o.rng.choice([-1, 1]) * o.rng.uniform(6, 22) * o.unit
    mark = str(o.rng.choice(["V", "P", "G", "S", "(hg)", "*"]))
    o.text(mark, (int(column + shift), max(8, int(row))), o.rng.uniform(0.3, 0.6), o.ink)


def _near(sector: SectorGeometry) -> tuple[float, float]:
    """Row and column of the middle of the near arc."""
    if sector.apex is None:
        return float(sector.clip.top), (sector.clip.left + sector.clip.right) / 2
    angle = sum(sector.edges) / 2
    near = sector.radii[0]
    return sector.apex[0] + near * np.cos(angle), sector.apex[1] + near * np.sin(angle)


def _depth_ruler(o: Overlay, sector: SectorGeometry) -> None:
    """Ticks of depth, vertical, beside the sector or on its axis' height."""
    rng = o.rng
    top, _ = _near(sector)
    far = sector.radii[1] - sector.radii[0] if sector.apex else sector.clip.height
    box = sector.box or sector.clip
    column = int(box.right + rng.uniform(-0.1, 0.15) * box.width)
    if rng.random() < 0.3:
        column = int(box.left - rng.uniform(-0.05, 0.15) * box.width)
    count, long = int(rng.integers(4, 22)), int(rng.uniform(2, 9) * o.unit) + 1
    numbers = rng.random() < 0.6
    for n in range(count + 1):
        row = int(top + far * n / count)
        length = 2 * long if n % 5 == 0 else long
        o.each(cv2.line, ((column, row), (column + length, row)), (1,))
        if numbers and n % 5 == 0:
            o.text(str(n), (column + 3 * long, row + 4), 0.3, o.ink)
    if rng.random() < 0.4:
        o.each(cv2.line, ((column, int(top)), (column, int(top + far))), (1,))


def _edge_ticks(o: Overlay, sector: SectorGeometry) -> None:
    """Dots along one or both edges."""
    if sector.apex is None:
        return
    count, radius = int(o.rng.integers(5, 18)), int(o.rng.integers(1, 2 + round(o.unit)))
    gap = o.rng.uniform(2, 10) * o.unit
    for side, angle in zip((-1, 1), sector.edges, strict=True):
        if o.rng.random() < 0.25:
            continue
        for span in np.linspace(sector.radii[0], sector.radii[1], count):
            row = int(sector.apex[0] + span * np.cos(angle) - side * gap * np.sin(angle))
            column = int(sector.apex[1] + span * np.sin(angle) + side * gap * np.cos(angle))
            o.each(cv2.circle, ((column, row), radius), (-1,))


def _grey_bar(o: Overlay, _sector: SectorGeometry) -> None:
    _bar(o, lambda level: np.repeat(level[:, None], 3, axis=1))


def _color_bar(o: Overlay, _sector: SectorGeometry) -> None:
    def map_of(level: Bytes) -> Bytes:
        found = cv2.applyColorMap(level[:, None], cv2.COLORMAP_JET)
        return np.asarray(found[:, 0, ::-1])

    _bar(o, map_of)


def _bar(o: Overlay, tint: Callable[[Bytes], Bytes]) -> None:
    """A bar from white to black, vertical, at a side of the screen."""
    rng, (height, width) = o.rng, o.shape
    wide, tall = max(3, int(rng.uniform(6, 18) * o.unit)), int(rng.uniform(0.12, 0.5) * height)
    left = (
        int(rng.uniform(0.88, 0.97) * width)
        if rng.random() < 0.7
        else int(rng.uniform(0.01, 0.1) * width)
    )
    top = int(rng.uniform(0.02, 0.9 - tall / height) * height)
    level = np.linspace(255, 0, tall).astype(np.uint8)
    if rng.random() < 0.3:
        level = level // 24 * 24
    part = np.s_[top : top + tall, left : left + wide]
    o.color[part] = tint(level)[:, None]
    o.drawn[part] = 255


def _ecg(o: Overlay, _sector: SectorGeometry) -> None:
    """An ECG trace, under the sector or across its lower end, with a cursor."""
    rng, (height, width) = o.rng, o.shape
    left, right = int(rng.uniform(0, 0.3) * width), int(rng.uniform(0.6, 1.0) * width)
    base = int(rng.uniform(0.78, 0.97) * height)
    tall = rng.uniform(0.03, 0.12) * height
    beat = rng.uniform(0.15, 0.5) * width
    x = np.arange(left, right, dtype=np.float64)
    phase = ((x - left) / beat + rng.random()) % 1.0
    wave = sum(a * np.exp(-(((phase - m) / s) ** 2)) for a, m, s in _WAVES)
    drift = 0.05 * tall * np.sin(x / 90) + rng.normal(0, 0.01 * tall, len(x))
    color = ((0, 255, 0), (60, 220, 90), (255, 255, 0), (240, 240, 240), (0, 220, 255))[
        rng.integers(5)
    ]
    o.line(np.stack([x, base - tall * wave - drift], axis=1), color, 1 + int(rng.random() < 0.2))
    o.cursor = (left, right, base)


_WAVES = (
    (0.12, 0.15, 0.03),
    (-0.1, 0.27, 0.012),
    (1.0, 0.30, 0.014),
    (-0.2, 0.33, 0.012),
    (0.25, 0.55, 0.05),
)


def _focus(o: Overlay, sector: SectorGeometry) -> None:
    """A triangle that marks the focus, at the side of the sector."""
    box = sector.box or sector.clip
    row = int(box.top + o.rng.uniform(0.2, 0.95) * box.height)
    column = int(box.right + o.rng.uniform(0, 0.06) * box.width)
    s = max(2, int(4 * o.unit))
    corner = np.array([(column, row), (column + 2 * s, row - s), (column + 2 * s, row + s)])
    o.each(cv2.fillPoly, ([corner.astype(np.int32)],))


def _logo(o: Overlay, sector: SectorGeometry) -> None:
    """A maker's mark: a disc or a box with letters, near the apex or in a corner."""
    rng = o.rng
    row, column = _near(sector)
    if rng.random() < 0.5:
        row, column = rng.uniform(0.04, 0.12) * o.shape[0], rng.uniform(0.03, 0.9) * o.shape[1]
    else:
        column += rng.choice([-1, 1]) * rng.uniform(14, 40) * o.unit
    radius = int(rng.uniform(5, 14) * o.unit)
    at = (int(column), max(radius, int(row)))
    color = _COLORS[rng.integers(len(_COLORS))]
    if rng.random() < 0.5:
        o.each(cv2.circle, (at, radius), (-1 if rng.random() < 0.3 else 1,), color)
    o.text(
        str(rng.choice(["V", "S", "GE", "P", "M"])),
        (at[0] - radius // 2, at[1] + radius // 2),
        0.4,
        color,
    )


def _bars(o: Overlay, sector: SectorGeometry) -> None:
    """A title bar or a row of buttons."""
    rng, (height, width) = o.rng, o.shape
    tall = int(rng.uniform(0.02, 0.06) * height)
    at_top = rng.random() < 0.6
    top = 0 if at_top else height - tall
    box = sector.box
    if box is not None and top < box.bottom and top + tall > box.top:
        return
    red, green, blue = (int(c) for c in rng.integers(25, 130, 3))
    o.each(cv2.rectangle, ((0, top), (width, top + tall)), (-1,), (red, green, blue))
    for n in range(int(rng.integers(0, 6))):
        o.text(
            str(rng.choice(_WORDS)),
            (int(width * (0.02 + n / 6)), top + tall - 4),
            0.35,
            (235, 235, 235),
        )


def _box(o: Overlay, _sector: SectorGeometry) -> None:
    """A frame around the picture or a panel."""
    rng, (height, width) = o.rng, o.shape
    inset = int(rng.uniform(0, 0.02) * height)
    corner = (width - 1 - inset, height - 1 - inset)
    o.each(cv2.rectangle, ((inset, inset), corner), (int(rng.integers(1, 4)),))


def _caliper(o: Overlay, sector: SectorGeometry) -> None:
    """A dotted line between two crosses over the echo, as a measurement leaves it."""
    if sector.apex is None:
        return
    color = _COLORS[o.rng.integers(len(_COLORS))]
    ends = []
    for _ in range(2):
        span = o.rng.uniform(0.35, 0.85) * sector.radii[1]
        angle = o.rng.uniform(*sector.edges) * 0.7
        ends.append((sector.apex[1] + span * np.sin(angle), sector.apex[0] + span * np.cos(angle)))
    for t in np.linspace(0, 1, 24):
        x, y = (int((1 - t) * a + t * b) for a, b in zip(*ends, strict=True))
        o.each(cv2.circle, ((x, y), 1), (-1,), color)
    for x, y in ends:
        size = int(10 * o.unit) + 3
        o.each(cv2.drawMarker, ((int(x), int(y)),), (cv2.MARKER_CROSS, size), color)


def _text_inside(o: Overlay, sector: SectorGeometry) -> None:
    """A word that somebody wrote on the echo."""
    box = sector.box or sector.clip
    at = (
        int(box.left + o.rng.uniform(0.3, 0.6) * box.width),
        int(box.top + o.rng.uniform(0.3, 0.95) * box.height),
    )
    o.text(
        str(o.rng.choice(["A4C", "LV", "RV", "LA", "REST", "PRE"])),
        at,
        o.rng.uniform(0.35, 0.7),
        o.ink,
    )
