"""Latent sampling: hearts drawn around the mask's code, and where their labels differ from it."""

from __future__ import annotations

import numpy as np

from cardiac.geometry import FloatArray
from cardiac.shape import draw
from cardiac.shape.arvae import ArVae
from cardiac.uncertainty.evidence import Evidence


def latent_map(evidence: Evidence, model: ArVae, draws: int = 12, seed: int = 0) -> FloatArray:
    """(T, h, w) share of draws from q(z | mask) whose decoded label is another.

    Every frame draws the same directions, so it answers alike alone and among others. Where a
    mask has no code nothing is known of its structures: they get 1.

    Args:
        evidence: Masks on the canonical square.
        model: Encodes and decodes.
        draws: Number of draws a frame.
        seed: Source of the draws.
    """
    side = evidence.labels.shape[-1]
    codes = model.encode(evidence.labels)
    noise = np.random.default_rng(seed).standard_normal((draws, codes.mean.shape[1]))
    planes = (evidence.labels > 0).astype(np.float32)
    for t in np.flatnonzero(codes.found):
        outlines = model.outlines(codes.mean[t] + noise * codes.sd[t])
        # A draw far from every heart may have no outline: it is missing, not empty.
        outlines = outlines[np.isfinite(outlines).all(axis=(1, 2))]
        if len(outlines):
            planes[t] = (draw(outlines, side) != evidence.labels[t]).mean(axis=0)
    return planes
