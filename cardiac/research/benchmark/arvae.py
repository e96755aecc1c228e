"""The AR-VAE as a method: every frame encoded, its trajectory smoothed or not, and drawn again.

Source: Painchaud et al., "Echocardiography segmentation with enforced temporal consistency",
IEEE TMI 41(10), 2022, with the latent space of this project in the place of theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.attributes import length_powers
from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask
from cardiac.research.benchmark.lagrangian import smooth_trajectories
from cardiac.research.benchmark.method import Correction
from cardiac.research.benchmark.settings import LagrangianSettings
from cardiac.segmentation.segmenter import Segmentation
from cardiac.sequence import EchoSequence
from cardiac.shape import ArVae
from cardiac.shape.compose import draw_on
from cardiac.temporal import bound_in_force, expert_spans, spans_in_pixels

Array = npt.NDArray[np.float64]
Change: TypeAlias = Callable[[Array, EchoSequence, CanonicalGrid], Array]
"""Codes (T, D) of consecutive frames, their cine and grid, to codes (T, D)."""


def reconstruct(model: ArVae, change: Change | None = None) -> Correction:
    """A method that draws every frame from its code.

    A frame whose mask has no code keeps the network's mask; a trajectory runs straight on
    across it.

    Args:
        model: The latent space.
        change: What is done to the trajectory; nothing if None.
    """

    def correct(masks: Mask, sequence: EchoSequence, segmentation: Segmentation) -> Mask:
        grid = replace(segmentation.grid, size=CANONICAL_SIZE)
        canonical = grid.majority_labels(masks)
        codes = model.encode(canonical)
        found = codes.found
        if not found.any():
            return masks
        z = codes.mean
        if change is not None:
            z = change(_filled(z, found), sequence, grid)
        drawn = masks.copy()
        drawn[found] = draw_on_image(model.outlines(z[found]), grid)
        return drawn

    return correct


def dual_lagrangian(
    model: ArVae, settings: LagrangianSettings, *, scale_with_interval: bool
) -> Change:
    """The published smoothing: each latent dimension bends no more than its bound, if it can.

    The first seven dimensions are attributes and have the published bounds; the free ones
    have none in the literature, and get ``settings.free_bound_sd``.
    """
    scale = model.attribute_sd

    def change(codes: Array, sequence: EchoSequence, grid: CanonicalGrid) -> Array:
        spans = _spans(model.attributes(codes), sequence, grid)
        tau = bound_in_force(sequence.frame_interval_s, scale_with_interval=scale_with_interval)
        bound = np.full(codes.shape[1], settings.free_bound_sd)
        bound[: len(tau)] = tau * spans / scale
        return smooth_trajectories(codes, bound, settings)

    return change


def _spans(attributes: Array, sequence: EchoSequence, grid: CanonicalGrid) -> Array:
    """Spans (7,) of the attributes in canonical pixels and degrees."""
    if sequence.spacing is None:
        return spans_in_pixels(attributes)
    mm = sequence.spacing[1] * grid.pitch[1]
    return np.asarray(expert_spans() / length_powers(mm))


def _filled(codes: Array, found: npt.NDArray[np.bool_]) -> Array:
    """Codes (T, D) with straight lines across the frames that have none."""
    frames = np.arange(len(codes))
    columns = (np.interp(frames, frames[found], column[found]) for column in codes.T)
    return np.stack(list(columns), axis=1)


def draw_on_image(outlines: Array, grid: CanonicalGrid) -> Mask:
    """Label maps (N, H, W) of outlines (N, POINTS, 2) in canonical pixels.

    They are drawn on the image's own pixels: nothing is resampled.
    """
    region = grid.region
    middle = np.array([region.top + region.bottom, region.left + region.right]) / 2
    return draw_on(grid.shape, (outlines + 0.5 - grid.size / 2) * grid.pitch + middle - 0.5)


def fingerprint(path: Path) -> str:
    """Start of the SHA-256 of a weights file, "missing" where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError:
        return "missing"
