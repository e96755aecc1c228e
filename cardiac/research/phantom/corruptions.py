"""What makes an echo cine hard to read, each in three grades, with the truth kept true.

Corruptions are applied in the order of :data:`CORRUPTIONS`: what moves the heart first, then
what happens to its echo, then what the scanner does to the picture.

Not here: foreshortening of the apex, which would need the heart out of the plane.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from cardiac.research.phantom.cine import PhantomCine
from cardiac.research.phantom.grades import parse_requests
from cardiac.research.phantom.jitter import probe_jitter
from cardiac.research.phantom.polar import Fan, visible

Floats32 = npt.NDArray[np.float32]
Corruption = Callable[[PhantomCine, int, np.random.Generator], PhantomCine]


def corrupt(cine: PhantomCine, requests: str | Sequence[str], seed: int = 0) -> PhantomCine:
    """A harder cine, its true masks and values still true.

    Args:
        cine: Any cine with known truth.
        requests: "name:grade" or several of them; see :data:`CORRUPTIONS`.
        seed: The same seed gives the same corruption.

    Raises:
        SettingsError: An unknown name or grade.
    """
    for request in parse_requests(requests, CORRUPTIONS):
        made = CORRUPTIONS[request.name](cine, request.grade, request.rng(seed))
        cine = made.replace(corruptions=(*cine.corruptions, str(request)))
    return cine


def low_frame_rate(cine: PhantomCine, grade: int, _: np.random.Generator) -> PhantomCine:
    """Every n-th frame, for about 25, 15 and 12 frames/s; masks and times go with them."""
    stride = max(1, round(cine.frame_rate_hz / (25, 15, 12)[grade - 1]))
    return cine.take(np.arange(0, len(cine), stride))


def speckle(cine: PhantomCine, grade: int, rng: np.random.Generator) -> PhantomCine:
    """Speckle decorrelation: part of the grain is new in every frame, as out-of-plane motion
    makes it."""
    fresh = (0.45, 0.70, 0.90)[grade - 1]
    kept = np.sqrt(1 - fresh**2)

    def change(frame: Floats32, _: int) -> Floats32:
        mean = gaussian_filter(frame, 3.0)
        detail = frame - mean
        spread = np.sqrt(gaussian_filter(detail**2, 6.0)) + 3
        waves = gaussian_filter(_noise(rng, (2, *frame.shape)), (0, 0.7, 1.3))
        # Log-compressed magnitude of a complex field: fully developed speckle.
        grain = np.log((waves**2).sum(axis=0) + 1e-6)
        grain = (grain - grain.mean()) / grain.std()
        return np.asarray(mean + kept * detail + fresh * spread * grain)

    return _each(cine, change)


def shadow(cine: PhantomCine, grade: int, rng: np.random.Generator) -> PhantomCine:
    """An acoustic shadow that hides a part of the wall, from some depth on downwards."""
    fan = Fan.of(cine.frames)
    wall = np.argwhere(cine.masks[0] == 2)
    row, column = wall[rng.integers(len(wall))]
    angle = fan.angle[row, column]
    depth = fan.range[row, column] * rng.uniform(0.35, 0.8)
    width = np.radians((4.0, 7.0, 11.0)[grade - 1])
    loss = (0.55, 0.75, 0.92)[grade - 1]
    sway = np.radians(1.5) * np.sin(2 * np.pi * (cine.times / 3.0 + rng.random()))
    below = 1 / (1 + np.exp(-(fan.range - depth) / 4))

    def change(frame: Floats32, t: int) -> Floats32:
        across = np.exp(-((np.abs(fan.angle - angle - sway[t]) / width) ** 4))
        return np.asarray(frame * (1 - loss * across * below))

    return _each(cine, change)


def clutter(cine: PhantomCine, grade: int, rng: np.random.Generator) -> PhantomCine:
    """Near-field haze, and clutter that stands still over the moving heart."""
    fan = Fan.of(cine.frames)
    strength = (55.0, 90.0, 140.0)[grade - 1]
    reach = (0.28, 0.38, 0.48)[grade - 1] * fan.depth
    haze = np.exp(-((fan.range / reach) ** 2))
    inside = np.argwhere(cine.masks[0] == 1)
    row, column = inside[rng.integers(len(inside))]
    arc = np.exp(-(((fan.range - fan.range[row, column]) / (0.05 * fan.depth)) ** 2))
    arc *= np.exp(-(((fan.angle - fan.angle[row, column]) / 0.12) ** 2))
    still = gaussian_filter(_noise(rng, fan.range.shape), (1.0, 2.0))
    still /= still.std()

    def change(frame: Floats32, _: int) -> Floats32:
        live = gaussian_filter(_noise(rng, frame.shape), (1.0, 2.0))
        grain = 1 + 0.30 * still + 0.12 * live / live.std()
        added = strength * grain * (haze + 0.8 * arc)
        # Echoes add as power; on a log scale the stronger one masks the weaker.
        return np.asarray(np.hypot(frame, added))

    return _each(cine, change)


def blur(cine: PhantomCine, grade: int, _: np.random.Generator) -> PhantomCine:
    """A wide beam: blur, twice as strong across as along."""
    sigma = (1.2, 2.2, 3.5)[grade - 1] * cine.frames.shape[1] / 256
    return _each(cine, lambda frame, _: gaussian_filter(frame, (sigma / 2, sigma)))


def gain(cine: PhantomCine, grade: int, rng: np.random.Generator) -> PhantomCine:
    """Gain that drifts through the cine and is uneven in depth."""
    fan = Fan.of(cine.frames)
    strength = (14.0, 28.0, 48.0)[grade - 1]
    drift = gaussian_filter1d(rng.standard_normal(len(cine) + 60), 12)[30:-30]
    drift = drift / max(np.abs(drift).max(), 1e-9) * strength
    tilt = rng.choice([-1, 1]) * 0.5 * strength * (fan.range / fan.depth - 0.5)
    return _each(cine, lambda frame, t: frame + drift[t] + tilt)


def dropout(cine: PhantomCine, grade: int, rng: np.random.Generator) -> PhantomCine:
    """Frames in which the probe lost contact: almost nothing but noise."""
    order = rng.permutation(len(cine))
    lost = set(order[: max(1, round((0.04, 0.08, 0.16)[grade - 1] * len(cine)))].tolist())

    def change(frame: Floats32, t: int) -> Floats32:
        return 0.10 * frame + 6 * np.abs(_noise(rng, frame.shape)) if t in lost else frame

    return _each(cine, change)


CORRUPTIONS: Mapping[str, Corruption] = {
    "jitter": probe_jitter,
    "low_frame_rate": low_frame_rate,
    "speckle": speckle,
    "shadow": shadow,
    "clutter": clutter,
    "blur": blur,
    "gain": gain,
    "dropout": dropout,
}
"""Corruptions of images by name, in the order in which they are applied."""


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats32:
    return rng.standard_normal(shape, dtype=np.float32)


def _each(cine: PhantomCine, change: Callable[[Floats32, int], Floats32]) -> PhantomCine:
    """The cine with every frame changed; what lies outside the sector stays black."""
    seen = visible(cine.frames)
    frames = np.zeros_like(cine.frames)
    for t, frame in enumerate(cine.frames):
        changed = np.clip(change(frame.astype(np.float32), t), 0, 255)
        frames[t] = np.where(seen, np.rint(changed), 0)
    return cine.replace(frames=frames)
