"""How the volume of the left ventricle runs through a beat.

Flow is a sum of three smooth waves: ejection with its early peak, rapid (E) filling and the
atrial (A) kick; between them lie the isovolumic phases and diastasis, where nothing flows.
Emptying is the integral of the flow, so it and its first derivative are continuous.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiac.errors import SettingsError

Floats = npt.NDArray[np.float64]
_SAMPLES = 2001


@dataclass(frozen=True, slots=True)
class BeatCurve:
    """Emptying of the ventricle over a beat: 0 at end-diastole, 1 at end-systole.

    Args:
        heart_rate_bpm: Beats a minute, 35 to 200.
        e_share: Part of the stroke volume that comes back in rapid filling; the rest is
            the atrial kick.
    """

    heart_rate_bpm: float = 65.0
    e_share: float = 0.66

    def __post_init__(self) -> None:
        if not 35 <= self.heart_rate_bpm <= 200:
            raise SettingsError(f"a heart rate of {self.heart_rate_bpm:g}/min is not in 35 to 200")
        if not 0.3 <= self.e_share <= 0.9:
            raise SettingsError(
                f"the share of rapid filling, {self.e_share:g}, is not in 0.3 to 0.9"
            )

    @property
    def beat_s(self) -> float:
        """Length of a beat in s."""
        return 60.0 / self.heart_rate_bpm

    @property
    def systole_s(self) -> float:
        """Time from end-diastole to end-systole in s.

        Mechanical systole shortens with the heart rate, but less than diastole: Weissler,
        Harris and Schoenfeld (1968) found Q-S2 = 546 - 2.1 ms per beat/min in men. The bound
        keeps room for filling at high rates.
        """
        return min(0.500 - 0.0018 * self.heart_rate_bpm, 0.52 * self.beat_s)

    def emptying(self, times: Floats) -> Floats:
        """Share of the stroke volume that is out of the ventricle at ``times`` (s), 0 to 1."""
        beat, systole = self.beat_s, self.systole_s
        grid = np.linspace(0, beat, _SAMPLES)
        rest = beat - systole
        out = _wave(grid, 0.12 * systole, systole, peak=0.38)
        fill = systole + 0.14 * rest
        early = _wave(grid, fill, fill + min(0.46 * rest, 0.27), peak=0.42)
        kick = _wave(grid, beat - min(0.36 * rest, 0.16), beat, peak=0.5)
        total = out - self.e_share * early - (1 - self.e_share) * kick
        return np.asarray(np.interp(np.mod(times, beat), grid, total), dtype=np.float64)

    def valve_opening(self, times: Floats) -> Floats:
        """Opening of the mitral valve at ``times`` (s): 0 shut, 1 widest.

        Wide in both fillings, ajar in diastasis, shut from the end of diastole until the
        pressure in the ventricle has fallen.
        """
        step = 2e-3
        flow = (self.emptying(times - step) - self.emptying(times + step)) / (2 * step)
        phase = np.mod(times, self.beat_s)
        relaxed = self.systole_s + 0.14 * (self.beat_s - self.systole_s)
        ajar = 0.32 * np.clip((phase - relaxed) / 0.05, 0, 1)
        ajar = ajar * np.clip((self.beat_s - phase) / 0.05, 0, 1)
        return np.asarray(np.maximum(np.clip(flow / 3.0, 0, 1) ** 0.6, ajar))

    def ends(self, times: Floats) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Frames nearest to the ends of diastole and of systole among ``times`` (T,) in s."""
        beats = np.arange(int(times[-1] / self.beat_s + 1e-6) + 2) * self.beat_s
        slack = times[1] / 2 if len(times) > 1 else 1e-6
        found = [
            tuple(int(np.abs(times - e).argmin()) for e in ends if e <= times[-1] + slack)
            for ends in (beats, beats + self.systole_s)
        ]
        return found[0], found[1]


def _wave(grid: Floats, start: float, stop: float, peak: float) -> Floats:
    """Integral, 0 to 1, of a smooth bump of flow from ``start`` to ``stop``."""
    u = np.clip((grid - start) / (stop - start), 0, 1)
    # Bending time puts the peak of a sin² bump early or late without losing its smoothness.
    warped = u ** (np.log(0.5) / np.log(peak))
    total = np.cumsum(np.sin(np.pi * warped) ** 2 * ((grid >= start) & (grid <= stop)))
    return np.asarray(total / total[-1], dtype=np.float64)
