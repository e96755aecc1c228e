"""A fully synthetic apical cine: a parametric heart, scatterers and an ultrasound scan."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cardiac.errors import SettingsError
from cardiac.geometry import Spacing
from cardiac.research.phantom.cine import PhantomCine
from cardiac.research.phantom.contraction import Contraction
from cardiac.research.phantom.curve import BeatCurve
from cardiac.research.phantom.heart import draw_heart
from cardiac.research.phantom.scan import Sector
from cardiac.research.phantom.screen import Screen, complex_normal
from cardiac.research.phantom.tissue import EchoMap
from cardiac.research.phantom.truth import attributes, landmarks, paint, volume_ml
from cardiac.research.phantom.valves import Valves
from cardiac.sequence import View

Floats = npt.NDArray[np.float64]
_PER_MM2 = 2.6
_BLOOD_S = 0.012
_TISSUE_S = 0.9


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
    rate = float(drawn[1]) if heart_rate is None else heart_rate
    curve = BeatCurve(rate, rng.uniform(0.55, 0.75))
    sector = _sector(size, spacing_mm, float(drawn[2]))
    heart = draw_heart(rng, sector.depth, view == "A4C")
    interval = curve.beat_s / max(n_frames - 1, 1) if frame_rate is None else 1 / frame_rate
    times = np.arange(n_frames, dtype=np.float64) * interval
    motion = Contraction.solve(heart, ef, view == "A4C")
    g = motion.degree(curve.emptying(times))
    frames = _render(sector, motion, g, curve.valve_opening(times), _Clock(interval, rng))
    ed_frames, es_frames = curve.ends(times)
    return PhantomCine(
        frames=frames,
        spacing=(float(sector.spacing[0]), float(sector.spacing[1])),
        times=times,
        view=View(view),
        ef_percent=ef,
        ed_frames=ed_frames,
        es_frames=es_frames,
        heart_rate_bpm=curve.heart_rate_bpm,
        seed=seed,
        name=f"synthetic-{view}-{seed}",
        **_truth(sector, motion, g),
    )


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


class _Clock(NamedTuple):
    """Time between frames in s, and the random stream."""

    interval: float
    rng: np.random.Generator


def _render(
    sector: Sector, motion: Contraction, g: Floats, opening: Floats, clock: _Clock
) -> npt.NDArray[np.uint8]:
    """Frames (T, H, W) of the beating heart in a sector."""
    interval, rng = clock
    points = _scatter(sector, rng)
    decibel, blood = EchoMap(motion.outlines(0.0), sector.depth, rng).at(points)
    strength = (10 ** (decibel / 20)).astype(np.float32)
    keep = np.exp(-interval / np.where(blood, _BLOOD_S, _TISSUE_S)).astype(np.float32)
    fresh = np.sqrt(1 - keep**2)
    tissue = motion.carry(points, sector.depth)
    valves = Valves(rng)
    screen = Screen(sector, rng, interval)
    wave = complex_normal(rng, len(points))
    frames = np.empty((len(g), *sector.shape), np.uint8)
    for t, value in enumerate(g.tolist()):
        leaf, shine = valves.at(motion.outlines(value), float(opening[t]))
        echo = sector.echo(tissue.at(value), strength * wave) + sector.echo(leaf, shine)
        frames[t] = screen.show(sector.blur(echo))
        # Blood is new in every frame; tissue changes only as it leaves the imaged plane.
        wave = (keep * wave + fresh * complex_normal(rng, len(points))).astype(np.complex64)
    return frames


def _scatter(sector: Sector, rng: np.random.Generator) -> Floats:
    """Positions (N, 2) in mm of scatterers in the sector and a little beyond it."""
    depth = sector.depth
    low = np.array([-6.0, -0.66 * depth - 6])
    span = np.array([depth + 18, 1.32 * depth + 12])
    count = int(_PER_MM2 * span.prod() * (145 / depth) ** 2)
    points = low + rng.random((count, 2)) * span
    angle = np.abs(np.arctan2(points[:, 1], np.clip(points[:, 0], 1e-3, None)))
    inside = (angle < sector.half_angle + 0.12) & (np.hypot(*points.T) < depth + 14)
    return np.asarray(points[inside])


def _truth(sector: Sector, motion: Contraction, g: Floats) -> dict[str, Any]:
    """Masks, landmarks, attributes and volumes at every degree of contraction."""
    spacing = np.array(sector.spacing)
    masks, points, values, volumes = [], [], [], []
    for value in g.tolist():
        pixels = {k: sector.to_pixels(v) for k, v in motion.outlines(value).items()}
        scaled = {k: (v + 0.5) * spacing for k, v in pixels.items()}
        masks.append(paint(pixels, sector.shape))
        points.append(landmarks(pixels["endo"]))
        values.append(attributes(scaled))
        volumes.append(volume_ml(scaled["endo"]))
    return {
        "masks": np.stack(masks),
        "landmarks": np.stack(points),
        "attributes": {k: np.array([v[k] for v in values]) for k in values[0]},
        "volumes_ml": np.array(volumes),
    }
