"""A small synthetic cine: an LV in its myocardium above an LA, beating in a grey field."""

from __future__ import annotations

import numpy as np
import pytest

from cardiac.geometry import Mask
from cardiac.labels import Label
from cardiac.sequence import EchoSequence


def ellipse(shape: tuple[int, int], center: tuple[float, float], axes: tuple[float, float]) -> Mask:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (((y - center[0]) / axes[0]) ** 2 + ((x - center[1]) / axes[1]) ** 2 < 1).astype(
        np.uint8
    )


def heart(shape: tuple[int, int], squeeze: float) -> Mask:
    h, w = shape
    mask = np.zeros(shape, np.uint8)
    base = np.arange(h)[:, None] < 0.6 * h
    center = (0.4 * h, 0.5 * w)
    epi = ellipse(shape, center, (0.28 * h, 0.2 * w)) > 0
    lv = ellipse(shape, center, (0.22 * h, 0.13 * w * squeeze)) > 0
    mask[epi & base] = Label.MYOCARDIUM
    mask[lv & base] = Label.LV
    mask[(ellipse(shape, (0.72 * h, 0.5 * w), (0.14 * h, 0.12 * w)) > 0) & ~base] = Label.LA
    return mask


def cine(
    frames: int = 6, shape: tuple[int, int] = (96, 112), **fields: object
) -> tuple[EchoSequence, Mask]:
    noise = np.random.default_rng(0).integers(40, 120, (frames, *shape), dtype=np.uint8)
    squeeze = 1 - 0.3 * np.sin(np.pi * np.arange(frames) / max(1, frames - 1))
    masks = np.stack([heart(shape, s) for s in squeeze])
    return EchoSequence(noise, **fields), masks  # type: ignore[arg-type]


@pytest.fixture
def beating() -> tuple[EchoSequence, Mask]:
    return cine(spacing=(0.8, 0.8), times=np.arange(6) * 0.02)
