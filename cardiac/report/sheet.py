"""The page a picture is set on, laid out in pixels: titles, stills, legend, room for a curve."""

from __future__ import annotations

from collections.abc import Sequence as Row
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiac.report.canvas import TINT
from cardiac.report.outlines import names
from cardiac.report.still import Still, annotate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

DISCLAIMER = "Not for clinical use"

_DPI = 100
_MARGIN, _RULER, _GAP = 24, 40, 28
_TITLE, _LINE, _CAPTION, _LEGEND, _CURVE, _FOOT = 40, 21, 28, 40, 240, 34
_LEAST_WIDTH = 860
_LEAST_FONT = 8.0
_INK, _PALE = "#222222", "#666666"


class Page:
    """Titles on top, one or two stills of equal size side by side, then legend and curve.

    Everything is placed in pixels from the lower left corner, so that image pixels are shown
    one to one.

    Args:
        stills: What to show.
        title: First line.
        subtitle: Lines below it.
        with_curve: Leave room for ``axes``.
    """

    def __init__(
        self, stills: list[Still], title: str, subtitle: Row[str], *, with_curve: bool
    ) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        tall, wide = stills[0].size
        row = len(stills) * (wide + _RULER) + (len(stills) - 1) * _GAP
        self.width = max(_LEAST_WIDTH, row + 2 * _MARGIN)
        self.top = _FOOT + (_CURVE if with_curve else 0) + _LEGEND
        head = _TITLE + _LINE * len(subtitle) + _CAPTION
        self.height = self.top + tall + head + _MARGIN // 2
        # Transparent: the stills are laid under it, untouched by any resampling.
        size = (self.width / _DPI, self.height / _DPI)
        self._figure = Figure(figsize=size, dpi=_DPI, facecolor="none")
        self._canvas: Any = FigureCanvasAgg(self._figure)
        self._heading(title, subtitle)
        spare = self.width - row - 2 * _MARGIN
        left = _MARGIN + _RULER + (spare - _RULER) // 2 * (spare > _RULER)
        self._stills: list[tuple[Still, int]] = []
        for still in stills:
            annotate(self._figure, still, left, self.top)
            self._stills.append((still, left))
            left += wide + _RULER + _GAP

    def axes(self) -> Axes:
        """Axes across the page, below the legend."""
        left, bottom = _MARGIN + 52, _FOOT + 46
        width, height = self.width - left - _MARGIN, _CURVE - 46
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self._figure.add_axes(box, facecolor="none")

    def legend(self, *, calibrated: bool, tinted: bool = False) -> None:
        """Name the colours under the stills, and add the footer."""
        from matplotlib.lines import Line2D
        from matplotlib.transforms import IdentityTransform

        x, y = float(_MARGIN), self.top - 22
        entries = [(label.color, name) for label, name in names()]
        for color, name in entries + ([(TINT, "uncertain")] if tinted else []):
            shade: Any = tuple(channel / 255 for channel in color)
            line = Line2D([x, x + 26], [y, y], color=shade, linewidth=3)
            line.set_transform(IdentityTransform())
            self._figure.add_artist(line)
            x += 34
            words = self._text(x, y, name, fontsize=10, va="center")
            x += self._width(words) + 26
        style: dict[str, Any] = {"fontsize": 10, "va": "center"}
        scale = "ruler in cm" if calibrated else "no calibration: no lengths"
        right = self.width - _MARGIN
        self._text(right, y, scale, ha="right", color=_PALE, **style)
        self._text(_MARGIN, _FOOT // 2, DISCLAIMER, weight="bold", **style)
        self._text(right, _FOOT // 2, "frames are counted from 0", ha="right", color=_PALE, **style)

    def image(self) -> Image:
        """The finished page, RGB."""
        from PIL import Image

        below = np.full((self.height, self.width, 4), 255, np.uint8)
        for still, left in self._stills:
            high, wide = still.size
            first = self.height - self.top - high
            below[first : first + high, left : left + wide, :3] = still.pixels
        self._canvas.draw()
        above = np.asarray(self._canvas.buffer_rgba())
        page = Image.alpha_composite(Image.fromarray(below), Image.fromarray(above))
        return page.convert("RGB")

    def _heading(self, title: str, subtitle: Row[str]) -> None:
        y = self.height - _MARGIN // 2 - 26
        room = self.width - 2 * _MARGIN
        self._shrink(self._text(_MARGIN, y, title, fontsize=15, weight="bold"), room)
        y -= 3
        for line in subtitle:
            y -= _LINE
            self._shrink(self._text(_MARGIN, y, line, fontsize=11), room)

    def _text(self, x: float, y: float, text: str, **style: Any) -> Any:
        from matplotlib.transforms import IdentityTransform

        given: dict[str, Any] = {"color": _INK, "parse_math": False, **style}
        return self._figure.text(x, y, text, transform=IdentityTransform(), **given)

    def _width(self, words: Any) -> float:
        return float(words.get_window_extent(self._canvas.get_renderer()).width)

    def _shrink(self, words: Any, room: float) -> None:
        """Make a line smaller until it fits, and cut what would become too small to read."""
        taken = self._width(words)
        if taken <= room:
            return
        words.set_fontsize(max(_LEAST_FONT, words.get_fontsize() * 0.99 * room / taken))
        taken = self._width(words)
        if taken > room:
            kept = int(len(words.get_text()) * room / taken) - 2
            words.set_text(words.get_text()[:kept] + "…")
