"""A cine with a network's answer to it, and a few masks to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cardiac.geometry import Mask
from cardiac.research.benchmark.experts import Experts, synthetic_masks
from cardiac.research.phantom import PhantomCine, synthetic_cine
from cardiac.segmentation.segmenter import Segmentation

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def beat() -> PhantomCine:
    """A synthetic beat at 50 frames/s, 128×128."""
    return synthetic_cine(n_frames=46, size=(128, 128), seed=5, heart_rate=65, frame_rate=50)


def sure_of(cine: PhantomCine) -> Segmentation:
    """What a network would say that knows the truth."""
    grid = cine.sequence.grid
    shares = type(grid)(grid.shape, grid.region, grid.aspect, 128).label_fractions(cine.masks)
    logits = (6 * (2 * shares - 1)).astype(np.float16)
    return Segmentation(cine.masks, logits, grid)


@pytest.fixture(scope="session")
def answer(beat: PhantomCine) -> Segmentation:
    return sure_of(beat)


@pytest.fixture(scope="session")
def hearts() -> Mask:
    """Masks of synthetic hearts, 128×128."""
    return synthetic_masks(8)


@pytest.fixture
def experts(tmp_path: Path, hearts: Mask) -> Experts:
    """No CAMUS; the masks are already in the cache's place."""
    source = Experts(None, ROOT / "data_manifests" / "camus.csv", tmp_path)
    source.__dict__["masks"] = hearts
    return source
