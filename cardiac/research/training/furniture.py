"""Screen furniture for training: text, ECG, depth rulers, grey bars and frames, JPEG blocks.

Sheets of furniture are drawn once; every training image then gets one of them, shifted and
turned over, at almost no cost. A network that has met them does not take them for tissue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Generator, Tensor

SHEETS = 160
_WORDS = (
    "FR 50Hz", "15cm", "2D", "C 50", "P Low", "HPen", "HR 72", "bpm", "MI 1.3", "TIs 0.9",
    "Adult", "X5-1", "M4S", "1.7/3.3", "A4C", "A2C", "LV", "V", "JPEG", "Gain 12", "59%", "Echo",
    "12:04", "ED",
)  # fmt: skip
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX)

Sheet = npt.NDArray[np.uint8]


def draw_sheets(count: int, size: int, rng: np.random.Generator) -> Sheet:
    """Sheets of furniture (count, size, size): grey levels, 0 where there is nothing."""
    sheets = np.zeros((count, size, size), dtype=np.uint8)
    for sheet in sheets:
        drawers = (_text, _text, _trace, _ruler, _bar, _box, _marker)
        for draw in rng.choice(len(drawers), size=rng.integers(1, 5), replace=False):
            drawers[draw](sheet, rng)
    return sheets


def _text(sheet: Sheet, rng: np.random.Generator) -> None:
    size = len(sheet)
    grey = int(rng.integers(90, 256))
    scale, font = rng.uniform(0.25, 0.6) * size / 256, int(rng.choice(_FONTS))
    left, top = rng.integers(0, size, 2)
    for line in range(rng.integers(1, 8)):
        words = " ".join(rng.choice(_WORDS, size=rng.integers(1, 3)))
        at = (int(left), int(top + line * 24 * scale))
        cv2.putText(sheet, words, at, font, scale, grey, 1, cv2.LINE_AA)


def _trace(sheet: Sheet, rng: np.random.Generator) -> None:
    """An ECG: spikes, round waves and a wandering base line."""
    size = len(sheet)
    x = np.arange(size)
    phase = (x / rng.uniform(0.15, 0.7) / size + rng.uniform()) % 1
    spike = np.exp(-(((phase - 0.3) / 0.012) ** 2)) - 0.3 * np.exp(-(((phase - 0.33) / 0.01) ** 2))
    waves = 0.15 * np.exp(-(((phase - 0.15) / 0.03) ** 2)) + 0.3 * np.exp(
        -(((phase - 0.6) / 0.05) ** 2)
    )
    height = rng.uniform(0.03, 0.12) * size
    y = (
        rng.uniform(0.7, 0.97) * size
        - height * (spike + waves)
        + 0.01 * size * np.sin(x / size * 9)
    )
    points = np.stack([x, y], axis=1).round().astype(np.int32)
    cv2.polylines(sheet, [points], isClosed=False, color=int(rng.integers(90, 256)))


def _ruler(sheet: Sheet, rng: np.random.Generator) -> None:
    """A depth scale: ticks along one side, longer ones now and then."""
    size = len(sheet)
    step, at = rng.uniform(0.03, 0.09) * size, int(rng.uniform(0.02, 0.98) * size)
    grey, every = int(rng.integers(90, 256)), int(rng.choice([2, 5, 100]))
    for i, y in enumerate(np.arange(rng.uniform(0, 0.2) * size, size, step)):
        length = int((0.03 if i % every == 0 else 0.012) * size)
        cv2.line(sheet, (at, int(y)), (at + length, int(y)), grey)


def _bar(sheet: Sheet, rng: np.random.Generator) -> None:
    """A bar of grey levels."""
    size = len(sheet)
    left, top = rng.integers(0, size, 2)
    height, width = int(rng.uniform(0.15, 0.6) * size), int(rng.uniform(0.015, 0.05) * size)
    levels = np.linspace(255, 5, height)[:, None]
    part = sheet[top : top + height, left : left + width]
    part[:] = levels[: len(part)]


def _box(sheet: Sheet, rng: np.random.Generator) -> None:
    """A panel, filled or only framed."""
    size = len(sheet)
    left, top = (int(v) for v in rng.integers(0, size, 2))
    corner = (left + int(rng.uniform(0.1, 0.4) * size), top + int(rng.uniform(0.03, 0.2) * size))
    filled = cv2.FILLED if rng.uniform() < 0.5 else 1
    cv2.rectangle(sheet, (left, top), corner, int(rng.integers(20, 200)), filled)


def _marker(sheet: Sheet, rng: np.random.Generator) -> None:
    """Orientation dots, crosses of callipers and a dotted line between them."""
    size = len(sheet)
    for _ in range(rng.integers(1, 4)):
        at = tuple(int(v) for v in rng.integers(0, size, 2))
        if rng.uniform() < 0.5:
            cv2.circle(sheet, at, int(rng.uniform(0.008, 0.025) * size), 220, cv2.FILLED)
        else:
            cv2.drawMarker(sheet, at, 230, cv2.MARKER_CROSS, int(0.04 * size))


class Furniture:
    """Puts images on a screen: a grey frame, furniture around or upon the sector, JPEG blocks.

    Args:
        size: Side of the images.
        generator: Source of the randomness of every call; the sheets are always the same.
    """

    def __init__(self, size: int, generator: Generator) -> None:
        import torch

        sheets = draw_sheets(SHEETS, size, np.random.default_rng(20))
        self.sheets = torch.from_numpy(sheets)
        self.generator = generator
        k = torch.arange(8).float()
        self.dct = torch.cos((2 * k + 1) * k[:, None] * torch.pi / 16) / 2
        self.dct[0] /= 2**0.5

    def __call__(self, images: Tensor, chosen: Tensor) -> Tensor:
        """Images (N, 1, S, S) in [0, 1] as a screen shows them, where ``chosen`` (N, 1, 1, 1)."""
        import torch

        result = images.clone()
        for i in torch.nonzero(chosen.flatten()).flatten().tolist():
            result[i, 0] = self._screen(images[i, 0])
        return result

    def _draw(self, low: float = 0.0, high: float = 1.0) -> float:
        import torch

        return float(torch.rand(1, generator=self.generator)) * (high - low) + low

    def _screen(self, image: Tensor) -> Tensor:
        import torch

        outside = image <= 0.004
        if self._draw() < 0.3:
            slope = torch.linspace(self._draw(0.5, 1), self._draw(0.5, 1), len(image))
            image = torch.where(outside, slope[:, None] * self._draw(0.02, 0.3), image)
        if self._draw() < 0.85:
            sheet = self.sheets[int(self._draw(0, SHEETS - 1e-3))].float() / 255
            shifts = (int(self._draw(0, len(image))), int(self._draw(0, len(image))))
            sheet = torch.roll(sheet, shifts, (0, 1)) * self._draw(0.4, 1)
            if self._draw() < 0.5:
                sheet = sheet.flip(1)
            drawn = sheet > 0
            if self._draw() < 0.5:
                drawn = drawn & outside
            image = torch.where(drawn, torch.maximum(sheet, image * 0.3), image)
        return self._blocks(image, self._draw(0.02, 0.2)) if self._draw() < 0.4 else image

    def _blocks(self, image: Tensor, step: float) -> Tensor:
        """What JPEG leaves: cosines of 8×8 blocks in coarse steps, coarser where they are fine."""
        import torch

        rows, columns = image.shape[0] // 8, image.shape[1] // 8
        blocks = image.view(rows, 8, columns, 8).transpose(1, 2)
        k = torch.arange(8)
        steps = step * (0.3 + 0.25 * (k[:, None] + k))
        waves = torch.round(self.dct @ blocks @ self.dct.T / steps) * steps
        blocks = self.dct.T @ waves @ self.dct
        return blocks.transpose(1, 2).reshape(image.shape).clamp(0, 1)
