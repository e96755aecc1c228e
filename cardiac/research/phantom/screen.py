"""Gain, noise, haze and grey levels: what a scanner adds to the echo before it shows it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from cardiac.research.phantom.scan import Sector, compress

Complex = npt.NDArray[np.complex64]
_SPAN_DB = (-47.0, 9.0)


class Screen:
    """Gain, noise, haze and grey levels: what the scanner adds to the echo."""

    def __init__(self, sector: Sector, rng: np.random.Generator, interval: float) -> None:
        self._sector, self._rng = sector, rng
        self._level: float | None = None
        self._keep = np.exp(-interval / 0.25)
        shape = (sector.samples, sector.lines)
        r = sector.range_mm[:, None] / sector.depth
        angle = np.linspace(-1, 1, sector.lines)[None]
        patch = gaussian_filter(rng.standard_normal(shape), (sector.samples / 9, 9))
        self._gain = 2.2 * patch / patch.std() - 5.5 * np.abs(angle) ** 5
        # Time-gain compensation: more scatterers share a cell as the beam spreads.
        self._gain -= 10 * np.log10(0.08 + r)
        self._gain += rng.uniform(-4, 3) * (r - 0.5)
        self._haze = (0.10 * np.exp(-r / 0.07) + 0.016 * np.exp(-r / 0.3)) * np.ones_like(angle)
        self._hiss = 0.004 * (0.3 + 1.4 * r**1.5) * np.ones_like(angle)
        self._clutter = self._field()
        self._gamma = rng.uniform(0.95, 1.2)

    def _field(self) -> Complex:
        shape = (self._sector.samples, self._sector.lines)
        field = self._sector.blur(complex_normal(self._rng, shape))
        return np.asarray(field / np.abs(field).std(), dtype=np.complex64)

    def show(self, echo: Complex) -> npt.NDArray[np.uint8]:
        """Grey levels (H, W) of an echo; the gain is set on the first frame and kept."""
        if self._level is None:
            self._level = float(np.percentile(np.abs(echo), 97))
        fresh = np.sqrt(1 - self._keep**2)
        self._clutter = self._keep * self._clutter + fresh * self._field()
        hiss = complex_normal(self._rng, echo.shape)
        total = echo / self._level + self._haze * self._clutter + self._hiss * hiss
        decibel = 20 * np.log10(np.abs(total) + 1e-6) + self._gain
        # Scanners average a little before they show: the speckle is milder than theory's.
        decibel = gaussian_filter(decibel.astype(np.float32), (0.9, 0.7), truncate=2.5)
        grey = compress(decibel, *_SPAN_DB, self._gamma)
        return np.asarray(np.rint(self._sector.convert(grey)), dtype=np.uint8)


def complex_normal(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Complex:
    """Independent complex normal numbers of unit power."""
    size = (shape,) if isinstance(shape, int) else shape
    both = rng.standard_normal((*size, 2), dtype=np.float32)
    return np.asarray(both.view(np.complex64)[..., 0] * np.float32(0.7071))
