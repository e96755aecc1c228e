"""From scatterers to a picture: sector geometry, point-spread function, compression, scan lines.

A scatterer adds its complex amplitude, turned by the phase of the carrier over its range, to
the polar grid of scan lines; a Gaussian pulse along the line and a Gaussian beam across it
blur the sum (Bamber and Dickinson 1980: the image is the envelope of the tissue convolved
with a separable point-spread function). The beam has an angular width, so speckle grows
wider with depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_array

from cardiac.geometry import Spacing

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
_WAVE_NUMBER = 4 * np.pi * 1.7 / 1.54  # rad/mm, there and back, 1.7 MHz at 1.54 mm/µs
_PULSE_MM = 0.45
_BEAM_DEG = 0.62
_APERTURE_MM = 9.0


@dataclass(frozen=True)
class Sector:
    """A sector image: the probe at the top middle, ``half_angle`` radians to either side.

    Args:
        shape: (H, W) of the image.
        spacing: (row, column) in mm.
        depth: Depth in mm.
        half_angle: Half the opening, in radians.
    """

    shape: tuple[int, int]
    spacing: Spacing
    depth: float
    half_angle: float = 0.655
    lines: int = 144
    step: float = 0.5

    @cached_property
    def samples(self) -> int:
        """Number of samples along a scan line."""
        return int(np.ceil(self.depth / self.step))

    @cached_property
    def range_mm(self) -> Floats:
        """(samples,) range of the samples in mm."""
        return np.asarray((np.arange(self.samples) + 0.5) * self.step, dtype=np.float64)

    def to_pixels(self, points: Floats) -> Floats:
        """Points (..., 2) as (depth, lateral) mm to row, column in pixels."""
        top, middle = self._origin
        return np.stack(
            [
                points[..., 0] / self.spacing[0] + top,
                points[..., 1] / self.spacing[1] + middle,
            ],
            axis=-1,
        )

    def to_mm(self, pixels: Floats) -> Floats:
        """The inverse of :meth:`to_pixels`."""
        return np.asarray((pixels - np.array(self._origin)) * np.array(self.spacing))

    @property
    def _origin(self) -> tuple[float, float]:
        spare = self.shape[0] - self.depth / self.spacing[0]
        return spare / 2 - 0.5, (self.shape[1] - 1) / 2

    def polar_of(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Range in mm, and fractional sample and line, of points (N, 2) in mm."""
        span = np.hypot(points[:, 0], points[:, 1])
        angle = np.arctan2(points[:, 1], points[:, 0])
        line = (angle / self.half_angle + 1) / 2 * (self.lines - 1)
        return span, span / self.step - 0.5, line

    def cartesian(self) -> Floats:
        """(samples, lines, 2) depth and lateral position in mm of the polar grid."""
        angle = np.linspace(-self.half_angle, self.half_angle, self.lines)
        r = self.range_mm[:, None]
        return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=-1)

    def echo(
        self, points: Floats, amplitude: npt.NDArray[np.complex64]
    ) -> npt.NDArray[np.complex64]:
        """Unblurred echo (samples, lines) of scatterers (N, 2) in mm, split between 4 cells."""
        span, i, j = self.polar_of(points)
        inside = (i >= 0) & (i < self.samples - 1) & (j >= 0) & (j < self.lines - 1)
        i, j, span = i[inside], j[inside], span[inside]
        phase = np.float32(_WAVE_NUMBER) * span.astype(np.float32)
        value = amplitude[inside] * (np.cos(phase) - 1j * np.sin(phase))
        i0, j0 = i.astype(np.intp), j.astype(np.intp)
        u, v = i - i0, j - j0
        cell = i0 * self.lines + j0
        size = self.samples * self.lines
        out = np.zeros((2, size))
        corners = (
            (0, (1 - u) * (1 - v)),
            (1, (1 - u) * v),
            (self.lines, u * (1 - v)),
            (self.lines + 1, u * v),
        )
        for step, weight in corners:
            out[0] += np.bincount(cell + step, weight * value.real, size)
            out[1] += np.bincount(cell + step, weight * value.imag, size)
        both = (out[0] + 1j * out[1]).astype(np.complex64)
        return np.asarray(both.reshape(self.samples, self.lines))

    def blur(self, echo: npt.NDArray[np.complex64]) -> npt.NDArray[np.complex64]:
        """Convolve an echo (samples, lines) with pulse and beam, which is wide near the probe."""
        parts = np.stack([echo.real, echo.imag])
        parts = gaussian_filter1d(parts, _PULSE_MM / self.step, axis=1, truncate=3)
        pitch = np.degrees(2 * self.half_angle) / (self.lines - 1)
        fine = gaussian_filter1d(parts, _BEAM_DEG / pitch, axis=2, truncate=3)
        near = int(min(self.samples, 4 * _APERTURE_MM / self.step))
        wide = gaussian_filter1d(parts[:, :near], 4 * _BEAM_DEG / pitch, axis=2, truncate=2.5)
        share = np.exp(-((self.range_mm[:near] / (1.6 * _APERTURE_MM)) ** 2))[:, None]
        fine[:, :near] += share * (2 * wide - fine[:, :near])
        return np.asarray(fine[0] + 1j * fine[1], dtype=np.complex64)

    @cached_property
    def _conversion(self) -> csr_array:
        """Bilinear scan conversion, (H·W, samples·lines); rows of pixels outside are empty."""
        rows, columns = np.mgrid[: self.shape[0], : self.shape[1]]
        points = self.to_mm(np.stack([rows, columns], axis=-1).reshape(-1, 2).astype(float))
        _, i, j = self.polar_of(points)
        good = (i > 0) & (i < self.samples - 1) & (j >= 0) & (j <= self.lines - 1)
        pixel = np.flatnonzero(good)
        i, j = i[good], j[good]
        i0 = i.astype(np.intp)
        j0 = np.minimum(j.astype(np.intp), self.lines - 2)
        u, v = i - i0, j - j0
        weights = np.concatenate([(1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v])
        cell = i0 * self.lines + j0
        cells = np.concatenate([cell, cell + 1, cell + self.lines, cell + self.lines + 1])
        shape = (self.shape[0] * self.shape[1], self.samples * self.lines)
        return csr_array((weights.astype(np.float32), (np.tile(pixel, 4), cells)), shape=shape)

    @cached_property
    def visible(self) -> npt.NDArray[np.bool_]:
        """(H, W) pixels inside the sector."""
        filled = np.diff(self._conversion.indptr) > 0
        return np.asarray(filled.reshape(self.shape))

    def convert(self, polar: Floats32) -> Floats32:
        """Scan-convert a polar picture (samples, lines) to (H, W), zero outside the sector."""
        flat = self._conversion @ np.ascontiguousarray(polar, np.float32).ravel()
        return np.asarray(flat.reshape(self.shape), dtype=np.float32)


def compress(decibel: Floats32, low: float, high: float, gamma: float) -> Floats32:
    """Grey levels 0 to 255 of log amplitudes between ``low`` and ``high`` dB."""
    level = np.clip((decibel - low) / (high - low), 0, 1)
    return np.asarray(255 * level**gamma, dtype=np.float32)
