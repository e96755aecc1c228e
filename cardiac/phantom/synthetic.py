"""A fully synthetic apical cine: a parametric heart, scatterers and an ultrasound scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import gaussian_filter

from cardiac.errors import SettingsError
from cardiac.geometry import Spacing
from cardiac.phantom.cine import PhantomCine
from cardiac.phantom.curve import BeatCurve
from cardiac.phantom.heart import Heart, draw_heart
from cardiac.phantom.scan import Sector, compress
from cardiac.phantom.tissue import EchoMap
from cardiac.phantom.truth import attributes, landmarks, paint, volume_ml
from cardiac.phantom.valves import Valves
from cardiac.sequence import View

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex64]
_PER_MM2 = 2.6
_KNOTS = 6
_BLOOD_S = 0.012
_TISSUE_S = 0.9
_SPAN_DB = (-47.0, 9.0)


def synthetic_cine(
    view: str = "A4C",
    n_frames: int = 30,
    size: tuple[int, int] = (256, 256),
    seed: int = 0,
    *,
    ef: float | None = None,
    heart_rate: float | None = None,
    spacing_mm: Spacing | None = None,
    frame_rate: float | None = None,
) -> PhantomCine:
    """Make a cine of a heart that never was, with everything about it known.

    The heart fills the sector, so its size in mm follows from ``spacing_mm``; without it
    the sector is 13 to 17 cm deep. The first frame is end-diastole.

    Args:
        view: "A4C" or "A2C".
        n_frames: Number of frames.
        size: (H, W) in pixels, each at least 32.
        seed: Everything that is not given is drawn from it.
        ef: Ejection fraction in percent, 10 to 80.
        heart_rate: Beats a minute, 35 to 200.
        spacing_mm: (row, column) size of a pixel.
        frame_rate: Frames a second; without it the frames span exactly one beat, both its
            end-diastoles included.

    Raises:
        SettingsError: A setting is out of its range.
    """
    _check(view, n_frames, size, ef)
    rng = np.random.default_rng([seed, 0 if view == "A4C" else 1])
    drawn = rng.uniform((32, 55, 132), (68, 85, 168))
    ef = float(drawn[0]) if ef is None else float(ef)
    curve = BeatCurve(float(drawn[1]) if heart_rate is None else heart_rate, rng.uniform(0.55, 0.75))
    sector = _sector(size, spacing_mm, float(drawn[2]))
    heart = draw_heart(rng, sector.depth, view == "A4C")
    interval = curve.beat_s / max(n_frames - 1, 1) if frame_rate is None else 1 / frame_rate
    times = np.arange(n_frames) * interval
    motion = _Motion.solve(heart, ef, view == "A4C")
    emptying = curve.emptying(times)
    g = motion.contraction(emptying)
    flow = (curve.emptying(times + 1e-3) - curve.emptying(times - 1e-3)) / 2e-3
    frames = _render(sector, motion, g, flow, interval, rng)
    return _with_truth(frames, sector, motion, g, times, curve, ef, View(view), seed)


def _check(view: str, n_frames: int, size: tuple[int, int], ef: float | None) -> None:
    if view not in ("A4C", "A2C"):
        raise SettingsError(f"there is no synthetic view {view!r}", hint='Ask for "A4C" or "A2C".')
    if n_frames < 1 or min(size) < 32:
        raise SettingsError(f"{n_frames} frames of {size[0]}×{size[1]} pixels is too little")
    if ef is not None and not 10 <= ef <= 80:
        raise SettingsError(f"an ejection fraction of {ef:g} % is not in 10 to 80 %")


def _sector(size: tuple[int, int], spacing: Spacing | None, depth: float) -> Sector:
    widest = 2 * np.sin(Sector.half_angle) * 1.01
    if spacing is None:
        pitch = depth / min(size[0] * 0.99, size[1] / widest)
        return Sector(size, (pitch, pitch), depth, step=depth / 300)
    room = min(size[0] * 0.99 * spacing[0], size[1] * spacing[1] / widest)
    return Sector(size, spacing, room, step=room / 300)


@dataclass(frozen=True)
class _Motion:
    """A heart and the contraction that gives it its ejection fraction."""

    heart: Heart
    right_heart: bool
    knots: Floats
    emptied: Floats

    @classmethod
    def solve(cls, heart: Heart, ef: float, right_heart: bool) -> _Motion:
        trial = np.linspace(0, 2.0, 41)
        volume = np.array([volume_ml(heart.contours(g, False)["endo"]) for g in trial])
        emptied = 1 - volume / volume[0]
        end = float(np.interp(ef / 100, emptied, trial))
        knots = np.linspace(0, end, 33)
        volume = np.array([volume_ml(heart.contours(g, False)["endo"]) for g in knots])
        return cls(heart, right_heart, knots, (volume[0] - volume) / (volume[0] - volume[-1]))

    def contraction(self, emptying: Floats) -> Floats:
        """Contraction g at each share of the stroke volume."""
        return np.asarray(np.interp(emptying, self.emptied, self.knots))

    def outlines(self, g: float) -> dict[str, Floats]:
        return self.heart.contours(g, self.right_heart)

    def carry(self, points: Floats, depth: float) -> tuple[Floats, Floats]:
        """Knots (K,) of g and the positions (K, N, 2) of tissue points (N, 2) at them.

        A thin-plate spline through the outlines moves the tissue; a ring of fixed points
        around the sector holds the rest.
        """
        g = np.linspace(0, self.knots[-1], _KNOTS)
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([0.55 - 0.75 * np.cos(turn), 0.85 * np.sin(turn)], axis=1) * depth

        def control(value: float) -> Floats:
            out = self.outlines(value)
            lines = [line[::8] if name != "ra" else line[5:-5:8] for name, line in out.items()]
            return np.concatenate(lines)

        start = control(0.0)
        moves = np.stack([control(value) - start for value in g], axis=1)
        fixed = np.zeros((len(ring), _KNOTS, 2))
        values = np.concatenate([moves, fixed]).reshape(len(start) + len(ring), -1)
        spline = RBFInterpolator(
            np.concatenate([start, ring]), values, smoothing=1e-2, kernel="thin_plate_spline"
        )
        moved = spline(points).reshape(len(points), _KNOTS, 2).transpose(1, 0, 2)
        return g, points + moved


def _render(
    sector: Sector, motion: _Motion, g: Floats, flow: Floats, interval: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Frames (T, H, W) of the beating heart in a sector."""
    depth = sector.depth
    low = np.array([-6.0, -0.66 * depth - 6])
    span = np.array([depth + 18, 1.32 * depth + 12])
    count = int(_PER_MM2 * span.prod() * (145 / depth) ** 2)
    points = low + rng.random((count, 2)) * span
    angle = np.abs(np.arctan2(points[:, 1], np.clip(points[:, 0], 1e-3, None)))
    points = points[(angle < sector.half_angle + 0.12) & (np.hypot(*points.T) < depth + 14)]
    still = motion.outlines(0.0)
    decibel, blood = EchoMap(still, depth, rng).at(points)
    strength = (10 ** (decibel / 20)).astype(np.float32)
    keep = np.exp(-interval / np.where(blood, _BLOOD_S, _TISSUE_S)).astype(np.float32)
    fresh = np.sqrt(1 - keep**2)
    knots, paths = motion.carry(points, depth)
    valves = Valves(rng)
    screen = _Screen(sector, rng, interval)
    gain = None
    wave = _complex_normal(rng, len(points))
    frames = np.empty((len(g), *sector.shape), np.uint8)
    for t, value in enumerate(g):
        at = float(np.clip(np.searchsorted(knots, value) - 1, 0, _KNOTS - 2))
        k = int(at)
        share = (value - knots[k]) / (knots[k + 1] - knots[k])
        here = paths[k] * (1 - share) + paths[k + 1] * share
        leaf, shine = valves.at(motion.outlines(value), flow[t])
        echo = sector.echo(here, strength * wave) + sector.echo(leaf, shine)
        level, gain = screen.show(sector.blur(echo), gain)
        frames[t] = level
        wave = keep * wave + fresh * _complex_normal(rng, len(points))
    return frames


class _Screen:
    """Gain, noise, haze and grey levels: what the scanner adds to the echo."""

    def __init__(self, sector: Sector, rng: np.random.Generator, interval: float) -> None:
        self._sector, self._rng = sector, rng
        self._keep = np.exp(-interval / 0.25)
        shape = (sector.samples, sector.lines)
        r = sector.range_mm[:, None] / sector.depth
        angle = np.linspace(-1, 1, sector.lines)[None]
        patch = gaussian_filter(rng.standard_normal(shape), (sector.samples / 9, 9))
        self._gain = 2.2 * patch / patch.std() - 5.5 * np.abs(angle) ** 5
        # Time-gain compensation: more scatterers share a cell as the beam spreads.
        self._gain -= 10 * np.log10(0.08 + r)
        self._gain += rng.uniform(-4, 3) * (r - 0.5)
        self._haze = (0.10 * np.exp(-r / 0.07) + 0.016 * np.exp(-r / 0.3)) * (1 + 0 * angle)
        self._hiss = 0.004 * (0.3 + 1.4 * r**1.5) * (1 + 0 * angle)
        self._clutter = self._field()
        self._gamma = rng.uniform(0.95, 1.2)

    def _field(self) -> Complex:
        shape = (self._sector.samples, self._sector.lines)
        field = self._sector.blur(_complex_normal(self._rng, shape))
        return np.asarray(field / np.abs(field).std(), dtype=np.complex64)

    def show(self, echo: Complex, gain: float | None) -> tuple[npt.NDArray[np.uint8], float]:
        """Grey levels (H, W) of an echo; the gain is set on the first frame and kept."""
        rms = np.float32(np.sqrt(np.percentile(np.abs(echo) ** 2, 97))) if gain is None else gain
        self._clutter = self._keep * self._clutter + np.sqrt(1 - self._keep**2) * self._field()
        hiss = _complex_normal(self._rng, echo.shape)
        total = echo / rms + self._haze * self._clutter + self._hiss * hiss
        decibel = 20 * np.log10(np.abs(total) + 1e-6) + self._gain
        # Scanners average a little before they show: the speckle is milder than theory's.
        decibel = gaussian_filter(decibel.astype(np.float32), (0.9, 0.7), truncate=2.5)
        grey = compress(decibel, *_SPAN_DB, self._gamma)
        return np.rint(self._sector.convert(grey)).astype(np.uint8), float(rms)


def _complex_normal(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Complex:
    size = (shape,) if isinstance(shape, int) else shape
    both = rng.standard_normal((*size, 2), dtype=np.float32)
    return np.asarray(both.view(np.complex64)[..., 0] * np.float32(0.7071))


def _with_truth(
    frames: npt.NDArray[np.uint8], sector: Sector, motion: _Motion, g: Floats, times: Floats,
    curve: BeatCurve, ef: float, view: View, seed: int,
) -> PhantomCine:
    spacing = np.array(sector.spacing)
    masks, points, values, volumes = [], [], [], []
    for value in g:
        pixels = {k: sector.to_pixels(v) for k, v in motion.outlines(float(value)).items()}
        scaled = {k: (v + 0.5) * spacing for k, v in pixels.items()}
        masks.append(paint(pixels, sector.shape))
        points.append(landmarks(pixels["endo"]))
        values.append(attributes(scaled))
        volumes.append(volume_ml(scaled["endo"]))
    near = curve.ends(times)
    return PhantomCine(
        frames=frames,
        masks=np.stack(masks),
        spacing=(float(spacing[0]), float(spacing[1])),
        times=times,
        view=view,
        landmarks=np.stack(points),
        attributes={k: np.array([v[k] for v in values]) for k in values[0]},
        volumes_ml=np.array(volumes),
        ef_percent=ef,
        ed_frames=near[0],
        es_frames=near[1],
        heart_rate_bpm=curve.heart_rate_bpm,
        seed=seed,
        name=f"synthetic-{view.value}-{seed}",
    )
