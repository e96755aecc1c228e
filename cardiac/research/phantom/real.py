"""A cine with known truth from one patient's two expert-masked images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cardiac.anatomy import ATTRIBUTES, Landmarks, find_landmarks, measure
from cardiac.clinical import disc_diameters, ejection_fraction, single_plane_volume
from cardiac.errors import SettingsError
from cardiac.geometry import Mask, Spacing
from cardiac.labels import Label
from cardiac.research.phantom.cine import PhantomCine
from cardiac.research.phantom.curve import BeatCurve
from cardiac.research.phantom.pair import Pair
from cardiac.sequence import View

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]
_HISS = 1.5


def real_texture_cine(
    ed_image: Image,
    ed_mask: Mask,
    es_image: Image,
    es_mask: Mask,
    spacing: Spacing,
    *,
    n_frames: int = 50,
    frame_rate: float = 50.0,
    beats: float | None = None,
    seed: int = 0,
    size: int = 256,
    view: str = "A4C",
    name: str = "real-texture",
) -> PhantomCine:
    """Make a beating cine of real speckle from an end-diastolic and an end-systolic image.

    The outlines of the two masks are matched by arc length; a folding-free flow carries one
    onto the other along a physiological volume curve; the images and the masks ride on it.
    The first frame is end-diastole; its mask and that of end-systole are the experts'.

    Args:
        ed_image, es_image: (H, W) uint8 grey levels.
        ed_mask, es_mask: (H, W) label maps, CAMUS numbers, all three structures present.
        spacing: (row, column) size of a pixel in mm.
        n_frames: Number of frames, at least 2.
        frame_rate: Frames a second.
        beats: Beats that the frames span; without it the heart rate comes from the seed.
        seed: Heart rate, filling pattern and noise are drawn from it.
        size: Side of the square, isotropic grid of the cine in pixels.
        view: "A4C" or "A2C".
        name: Who it shows.

    Raises:
        InputError: A mask lacks a structure, has unknown labels or a size of its own.
        SettingsError: The heart rate that follows from ``beats`` is not that of a heart.
    """
    rng = np.random.default_rng([seed, 7])
    curve = _curve(n_frames, frame_rate, beats, rng)
    pair = Pair.prepare((ed_image, es_image), (ed_mask, es_mask), spacing, size)
    times = np.arange(n_frames) / frame_rate
    s = pair.progress(curve.emptying(times))
    frames, masks = _film(pair, s, rng)
    found = measure(masks, (pair.pixel_mm, pair.pixel_mm))
    volumes = np.array(
        [_volume(m, p, pair.pixel_mm) for m, p in zip(masks, found.landmarks, strict=True)]
    )
    edv, esv = (_volume(m, find_landmarks(m), pair.pixel_mm) for m in pair.masks)
    beat_ends, systole_ends = curve.ends(times)
    return PhantomCine(
        frames=frames,
        masks=masks,
        spacing=(pair.pixel_mm, pair.pixel_mm),
        times=times,
        view=View(view),
        landmarks=np.array([[p.left, p.right, p.apex] for p in found.landmarks if p]),
        attributes={key: found[key].copy() for key in (*ATTRIBUTES, "la_area")},
        volumes_ml=volumes,
        ef_percent=ejection_fraction(edv, esv),
        ed_frames=beat_ends,
        es_frames=systole_ends,
        heart_rate_bpm=curve.heart_rate_bpm,
        seed=seed,
        name=name,
    )


def _volume(mask: Mask, points: Landmarks | None, pixel_mm: float) -> float:
    """Volume in mL by the project's own discs, so that a perfect mask measures no error."""
    if points is None:
        return float("nan")
    spacing = (pixel_mm, pixel_mm)
    discs = disc_diameters(mask == Label.LV, points.middle, points.apex, spacing)
    return single_plane_volume(discs, points.length(spacing))


def _curve(
    n_frames: int, frame_rate: float, beats: float | None, rng: np.random.Generator
) -> BeatCurve:
    if n_frames < 2 or frame_rate <= 0:
        raise SettingsError(f"{n_frames} frames at {frame_rate:g}/s are not a cine")
    rate, share = rng.uniform((55, 0.55), (85, 0.75))
    if beats is not None:
        rate = 60 * beats * frame_rate / (n_frames - 1)
    return BeatCurve(float(rate), float(share))


def _film(pair: Pair, s: Floats, rng: np.random.Generator) -> tuple[Image, Mask]:
    """Frames and masks (T, n, n) at the instants ``s``, with the hiss of a receiver."""
    frames = np.zeros((len(s), *pair.seen.shape), np.uint8)
    masks = np.empty_like(frames)
    true = pair.valid_masks(s)
    pictures = {value: pair.picture(value) for value in true}
    for t, value in enumerate(s.tolist()):
        masks[t] = true[value]
        hiss = _HISS * rng.standard_normal(pair.seen.shape, dtype=np.float32)
        frames[t] = np.where(pair.seen, np.clip(pictures[value] + hiss + 0.5, 1, 255), 0)
    return frames, masks
