"""How strongly each point of the heart and its surroundings scatters, at end-diastole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.ndimage import (
    binary_closing,
    distance_transform_edt,
    gaussian_filter,
    map_coordinates,
)

from cardiac.anatomy.outlines import fill_polygons

Floats = npt.NDArray[np.float64]
_PITCH = 0.8  # mm
_MARGIN = 20.0  # mm of tissue beyond the sector, which motion may carry into it


class EchoMap:
    """Scattering strength in dB and how fast it decorrelates, on a grid of mm."""

    def __init__(
        self, outlines: Mapping[str, Floats], depth: float, rng: np.random.Generator
    ) -> None:
        self.depth = depth
        self.shape = (
            int((depth + 2 * _MARGIN) / _PITCH),
            int((1.4 * depth + 2 * _MARGIN) / _PITCH),
        )
        self.origin = np.array([-_MARGIN, -0.7 * depth - _MARGIN])
        self._outlines = outlines
        self._rng = rng
        self.blood = np.zeros(self.shape, bool)
        self.decibel = self._tissue()
        self._chambers()
        self._wall()

    def at(self, points: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Strength in dB and whether it is blood, at points (N, 2) in mm."""
        index = ((points - self.origin) / _PITCH).T
        decibel = map_coordinates(self.decibel, index, order=1, mode="nearest")
        blood = map_coordinates(self.blood.astype(np.float32), index, order=0, mode="nearest")
        return decibel, blood > 0.5

    def noise(self, scale_mm: float | tuple[float, float]) -> Floats:
        """Smooth Gaussian noise of unit variance with structures of ``scale_mm``."""
        sigma = np.broadcast_to(np.asarray(scale_mm) / _PITCH, 2)
        field = gaussian_filter(self._rng.standard_normal(self.shape), tuple(sigma), mode="wrap")
        return np.asarray(field / field.std())

    def _inside(self, *lines: Floats) -> npt.NDArray[np.bool_]:
        inside = np.zeros(self.shape, bool)
        for line in lines:
            inside |= fill_polygons([(line - self.origin) / _PITCH], self.shape)[0]
        return inside

    def _away(self, inside: npt.NDArray[np.bool_]) -> Floats:
        """Signed distance in mm: positive outside."""
        out = distance_transform_edt(~inside) - distance_transform_edt(inside)
        return np.asarray(out * _PITCH)

    def _grid(self) -> tuple[Floats, Floats]:
        rows, columns = np.mgrid[: self.shape[0], : self.shape[1]]
        return rows * _PITCH + self.origin[0], columns * _PITCH + self.origin[1]

    def _tissue(self) -> Floats:
        """Everything around the heart: patchy, brighter behind it."""
        down, _ = self._grid()
        roof = float(self._outlines["la"][:, 0].max())
        behind = 1 / (1 + np.exp(-(down - roof) / 4))
        patchy = -25 + 5.5 * self.noise(9.0) + 3 * self.noise((1.5, 4.0))
        return np.asarray(patchy + behind * (14 - 0.25 * np.clip(down - roof, 0, 60)))

    def _chambers(self) -> None:
        out = self._outlines
        heart = [self._inside(out[name]) for name in ("la", "rv", "ra") if name in out]
        grain = self.noise((1.5, 3.0))
        for inside, thick, level in zip(heart, (2.2, 4.0, 2.6), (-8, -11, -8), strict=False):
            away = self._away(inside)
            rim = np.exp(-((np.clip(away, 0, None) / thick) ** 4))
            self.decibel += rim * (level + 3 * grain - self.decibel)
            # Trabeculae and the moderator band make the edge of a chamber untidy.
            untidy = 1.5 * self.noise(3.0)
            self._drain(away - (untidy if thick > 3 else 0.4 * untidy), inside)

    def _drain(self, away: Floats, inside: npt.NDArray[np.bool_]) -> None:
        empty = 1 / (1 + np.exp((away + 0.6) / 0.5))
        self.decibel += empty * (-42 + 1.5 * self.noise(10.0) - self.decibel)
        self.blood |= inside

    def _wall(self) -> None:
        """The LV wall, the pericardium around it, and the cavity with its trabeculae."""
        endo, epi = self._outlines["endo"], self._outlines["epi"]
        cavity = self._inside(endo)
        whole = self._inside(np.concatenate([endo[:1], epi, endo[-1:]]))
        far, deep = self._away(whole), self._away(cavity)
        down, across = self._grid()
        middle = (endo[0] + endo[-1]) / 2 - endo[len(endo) // 2]
        tip = endo[len(endo) // 2]
        axis = tip[1] + (down - tip[0]) * middle[1] / middle[0]
        lateral = 1 / (1 + np.exp(-(across - axis) / 6))
        basal = np.clip((down - epi[:, 0].min()) / np.ptp(epi[:, 0]), 0, 1)
        outside = far > 0
        sleeve = np.exp(-(((far - 2.5) / 2.2) ** 2)) * (0.35 + 0.65 * lateral)
        lung = np.exp(-np.clip(far - 3, 0, None) / 16) * lateral
        glow = (sleeve * 13 + lung * 9) * (0.15 + 0.85 * basal)
        chamber_left = self.blood & (far > 0)
        self.decibel += np.where(outside & ~chamber_left, glow, 0)
        wall = whole & ~cavity
        edge = np.exp(-((np.clip(deep, 0, None) / 2.0) ** 2))
        level = -9 + 3.0 * self.noise((2.5, 1.6)) + 3 * self.noise(9.0)
        level += 3.5 * edge + 3.0 * basal - 3.5 * (1 - basal) * lateral
        self.decibel = np.where(wall, level, self.decibel)
        self.decibel = np.where(cavity, -10.0, self.decibel)
        rough = 1.6 * np.abs(self.noise(3.0)) * (0.5 + 0.8 * (1 - basal))
        self._drain(deep + rough, cavity)
        self._papillary(endo, deep)
        self._open([cavity, self._inside(self._outlines["la"])])
        if "rv" in self._outlines:
            self._open([self._inside(self._outlines["rv"]), self._inside(self._outlines["ra"])])
        for hinge in (endo[0], endo[-1]):
            near = (down - hinge[0]) ** 2 + (across - hinge[1]) ** 2
            self.decibel += np.exp(-near / 18) * np.clip(1 - self.decibel, 0, 12)

    def _open(self, parts: list[npt.NDArray[np.bool_]]) -> None:
        """Take away what lies between a ventricle and its atrium: leaflets are not tissue."""
        both = binary_closing(parts[0] | parts[1], iterations=4)
        seam = both & (self._away(parts[0]) < 2.5) & (self._away(parts[1]) < 2.5)
        self.decibel = np.where(seam, -42.0, self.decibel)

    def _papillary(self, endo: Floats, deep: Floats) -> None:
        """A papillary muscle head and its chords off the lateral wall."""
        down, across = self._grid()
        u = self._rng.uniform(0.62, 0.72)
        root = endo[int(u * len(endo))]
        aim = 0.7 * endo[-1] + 0.3 * endo[0]
        for k, reach in enumerate((0.10, 0.2, 0.32, 0.45)):
            spot = root + (aim - root) * reach + np.array([0, -4.0])
            near = (down - spot[0]) ** 2 / 30 + (across - spot[1]) ** 2 / 6
            lift = np.exp(-near) * (22 - 4 * k) * (deep < 0)
            self.decibel += lift
