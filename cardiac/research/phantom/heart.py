"""A parametric heart in the apical plane: chambers and walls at any degree of contraction.

Points are (depth, lateral) in mm; depth 0 is the probe, lateral 0 its axis, lateral grows
to the image's right. Contraction g is 0 at end-diastole and grows as the ventricle empties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.outlines import resample_curve

Floats = npt.NDArray[np.float64]
_N = 121


@dataclass(frozen=True, slots=True)
class Heart:
    """Sizes in mm of one heart at end-diastole, and how it contracts.

    ``wobble`` holds two amplitudes and two phases each for the septal and the lateral side.
    """

    apex: tuple[float, float]
    tilt: float
    length: float
    width: float
    cut: float
    power: float
    wall: float
    septum: float
    bend: float
    wobble: tuple[tuple[float, float, float, float], tuple[float, float, float, float]]
    atrium_depth: float
    atrium_width: float
    rv_reach: float
    longitudinal: float = 0.20
    radial: float = 0.34
    thickening: float = 0.50

    def contours(self, g: float, right_heart: bool) -> dict[str, Floats]:
        """Closed and open outlines at contraction ``g``, each (N, 2) in mm.

        ``endo`` and ``epi`` run from the left end of the base over the apex to the right
        end, ``la`` from left to right over the roof; with ``right_heart`` also ``rv`` and
        ``ra``, closed.
        """
        long = self.length * (1 - self.longitudinal * g)
        wide = self.width * (1 - self.radial * g)
        thick = self.wall * (1 + self.thickening * g)
        septum = self.septum * (1 + 0.8 * self.thickening * g)
        endo = self._bullet(long, wide)
        s, n = endo[:, 0], endo[:, 1]
        epi = self._offset(endo, thick, septum)
        tip = 0.8 * thick
        out = {
            "endo": self._place(s, n, long, tip),
            "epi": self._place(epi[:, 0], epi[:, 1], long, tip),
        }
        out["la"] = self._atrium(out["endo"], g)
        if right_heart:
            out |= self._right(out["epi"], g)
        return out

    def _bullet(self, long: float, wide: float) -> Floats:
        """LV border as (s, n): s up from the annulus middle, n to the right; (N, 2)."""
        half = long / (1 + self.cut)
        low = np.arcsin(np.clip(self.cut, 0, 1) ** (self.power / 2))
        angle = np.linspace(np.pi + low, -low, _N)
        y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / self.power)
        x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / self.power)
        s = half * (y + self.cut)
        u = np.clip(s / long, 0, 1)
        side = np.where(x < 0, _ripple(u, self.wobble[0]), _ripple(u, self.wobble[1]))
        n = x * wide / 2 * (1 + side) + self.bend * long * u * (1 - u)
        return resample_curve(np.stack([s, n], axis=1), _N)

    def _offset(self, endo: Floats, thick: float, septum: float) -> Floats:
        """The epicardium: the endocardium pushed out along its normal, (N, 2) as (s, n)."""
        step = np.gradient(endo, axis=0)
        normal = np.stack([step[:, 1], -step[:, 0]], axis=1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        u = np.linspace(0, 1, len(endo))
        apical = np.exp(-(((u - 0.5) / 0.16) ** 2))
        width = septum + (thick - septum) * 0.5 * (1 + np.tanh((u - 0.5) * 8))
        width = width * (1 - 0.2 * apical)
        # The wall ends a little below the annulus, as experts draw it.
        base = np.exp(-((np.minimum(u, 1 - u) / 0.05) ** 2))
        outer = endo + normal * width[:, None]
        outer[:, 0] -= base * 0.40 * width
        return outer

    def _place(self, s: Floats, n: Floats, long: float, tip: float) -> Floats:
        down = np.array([np.cos(self.tilt), np.sin(self.tilt)])
        right = np.array([-np.sin(self.tilt), np.cos(self.tilt)])
        start = np.array(self.apex) + tip * down
        return np.asarray(start + (long - s)[:, None] * down + n[:, None] * right)

    def _atrium(self, endo: Floats, g: float) -> Floats:
        """Left atrium: its roof stands still while the valve plane moves up; (N, 2)."""
        left, right = endo[0], endo[-1]
        middle, across = (left + right) / 2, (right - left)
        width = float(np.linalg.norm(across))
        across = across / width
        down = np.array([across[1], -across[0]])
        roof = self.atrium_depth - middle[0]
        neck, belly = 0.86 * width / 2, max(self.atrium_width * (1 + 0.10 * g), width) / 2
        # The neck stays slim down to the lower ends of the wall, the belly lies below them.
        turn = np.linspace(0, 1, _N // 2)
        deep = np.concatenate([0.5 * turn[:-1], 0.5 + 0.5 * np.sin(np.pi / 2 * turn)])
        swell = np.clip((deep - 0.06) / 0.44, 0, 1)
        half = neck + (belly - neck) * swell**2 * (3 - 2 * swell)
        half *= np.sqrt(1 - np.clip((deep - 0.5) / 0.5, 0, 1) ** 2)
        right = middle + half[:, None] * across + (deep * roof)[:, None] * down
        left = middle - half[:, None] * across + (deep * roof)[:, None] * down
        return resample_curve(np.concatenate([left, right[-2::-1]]), _N)

    def _right(self, epi: Floats, g: float) -> dict[str, Floats]:
        """Right ventricle and atrium left of the septum, closed outlines (M, 2)."""
        low, high = 6, int(0.36 * _N)
        septal = epi[low:high] + np.array([0.0, -0.8])
        hinge, apex = septal[0], septal[-1]
        lateral = hinge + np.array([2.0 - 2.0 * g, -self.rv_reach * (1 - 0.12 * g)])
        bulge = np.array([(lateral[0] * 0.45 + apex[0] * 0.55), lateral[1] - 1.5])
        free = _bezier(apex, bulge, lateral, 40)
        rv = np.concatenate([septal, free, lateral[None]])
        top_right = hinge + np.array([1.5, 0.8])
        top_left = lateral + np.array([1.5, 0.5])
        depth = self.atrium_depth - 4.0
        angle = np.linspace(0, np.pi, 60)
        mid, half = (top_right + top_left) / 2, (top_right - top_left) / 2
        fat = 1 + 0.12 * np.sin(angle)
        ra = mid + np.cos(angle)[:, None] * half * fat[:, None]
        ra[:, 0] += np.sin(angle) ** 0.8 * (depth - mid[0])
        return {"rv": rv, "ra": ra}


def _ripple(u: Floats, wave: tuple[float, float, float, float]) -> Floats:
    first, second, phase1, phase2 = wave
    fade = np.sin(np.pi * u)
    return np.asarray(
        fade * (first * np.sin(np.pi * u + phase1) + second * np.sin(3 * np.pi * u + phase2))
    )


def _bezier(a: Floats, b: Floats, c: Floats, n: int) -> Floats:
    t = np.linspace(0, 1, n)[:, None]
    return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c)


def draw_heart(rng: np.random.Generator, depth: float, right_heart: bool) -> Heart:
    """A heart of ordinary proportions that fills a sector ``depth`` mm deep."""
    length = depth * rng.uniform(0.48, 0.55)
    width = length * rng.uniform(0.54, 0.67)
    waves = [
        tuple(rng.normal(0, (0.06, 0.025))) + tuple(rng.uniform(0, 2 * np.pi, 2)) for _ in range(2)
    ]
    tilt = rng.uniform(0.00, 0.16) if right_heart else rng.uniform(-0.12, 0.10)
    lateral = depth * (rng.uniform(0.03, 0.07) if right_heart else rng.uniform(-0.03, 0.02))
    return Heart(
        apex=(depth * rng.uniform(0.055, 0.085), lateral),
        tilt=tilt,
        length=length,
        width=width,
        cut=rng.uniform(0.50, 0.66),
        power=rng.uniform(2.0, 2.3),
        wall=length * rng.uniform(0.095, 0.125),
        septum=length * rng.uniform(0.095, 0.13),
        bend=rng.uniform(-0.04, 0.10),
        wobble=(waves[0], waves[1]),
        atrium_depth=depth * rng.uniform(0.84, 0.91),
        atrium_width=width * rng.uniform(0.86, 1.02),
        rv_reach=length * rng.uniform(0.38, 0.48),
    )
