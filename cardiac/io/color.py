"""Grey levels of colour images, and telling colour Doppler from a tinted grey image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiac.errors import UnsupportedImageError

SAMPLES = 8
"""Frames looked at when a cine is searched for colour."""
_CHROMA_LIMIT = 50
"""Difference of two channels (0 to 255) beyond the image's own tint that counts as colour."""
_SHARE_CINE = 0.02
_SHARE_STILL = 0.03
_SHARE_ANY = 0.1
_LUMA_BINS = 32
_TINT_STEP = 16


def luma(rgb: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Luma (ITU-R BT.601) of RGB uint8 (..., 3); equal channels come through unchanged."""
    wide = np.asarray(rgb, dtype=np.uint16)
    grey = (77 * wide[..., 0] + 150 * wide[..., 1] + 29 * wide[..., 2] + 128) >> 8
    return grey.astype(np.uint8)


def colored(samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Pixels whose colour is not that of the image's own grey map.

    A tinted grey map (sepia, blue) gives every grey level one colour. What departs from it
    is colour flow or graphics.

    Args:
        samples: (N, H, W, 3) RGB.

    Returns:
        (N, H, W) bool.
    """
    tint = _tint(samples)
    found = np.zeros(samples.shape[:-1], dtype=bool)
    for i, image in enumerate(samples):
        level = luma(image)
        for difference, expected in zip(_chroma(image), tint, strict=True):
            found[i] |= np.abs(difference - expected[level]) > _CHROMA_LIMIT
    return found


def graphics(samples: npt.NDArray[np.uint8], found: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Coloured graphics: (H, W) pixels that are coloured, and alike, in every sample.

    Args:
        samples: (N, H, W, 3) RGB.
        found: (N, H, W) of :func:`colored`.
    """
    change = samples.max(axis=0) - samples.min(axis=0)
    return np.asarray(found.all(axis=0) & (change.max(axis=-1) <= _CHROMA_LIMIT))


def is_flow(samples: npt.NDArray[np.uint8], found: npt.NDArray[np.bool_]) -> tuple[bool, float]:
    """Whether coloured pixels are too many for graphics: colour Doppler.

    Args:
        samples: (N, H, W, 3) RGB of the ultrasound image.
        found: (N, H, W) of :func:`colored`.

    Returns:
        The verdict, and the largest share of an image that is coloured (0 to 1).
    """
    share = float(found.mean(axis=(1, 2)).max())
    if len(found) < 3:
        return share > _SHARE_STILL, share
    moving = found & ~graphics(samples, found)
    return bool(moving.mean(axis=(1, 2)).max() > _SHARE_CINE or share > _SHARE_ANY), share


def refuse_flow(samples: npt.NDArray[np.uint8], found: npt.NDArray[np.bool_], path: Path) -> None:
    """Refuse colour Doppler.

    Args:
        samples: (N, H, W, 3) RGB of the ultrasound image.
        found: (N, H, W) pixels of them that are coloured.
        path: File being read.

    Raises:
        UnsupportedImageError: Too much of the image is coloured.
    """
    flow, share = is_flow(samples, found)
    if flow:
        raise UnsupportedImageError(
            f"colour covers {share:.0%} of the image: colour Doppler, not a greyscale cine.",
            path=path,
            hint="Give the greyscale (B-mode) cine of the view.",
        )


def _chroma(image: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int16], ...]:
    red, green, blue = (image[..., i].astype(np.int16) for i in range(3))
    return red - green, green - blue, red - blue


def _tint(samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
    """(3, 256) median channel differences of each grey level, from every fourth pixel."""
    sparse = samples[:, ::4, ::4]
    level = luma(sparse) // (256 // _LUMA_BINS)
    chroma = _chroma(sparse)
    tint = np.zeros((_LUMA_BINS, 3), dtype=np.int16)
    for value in range(_LUMA_BINS):
        tint[value] = before = tint[max(0, value - 1)]
        chosen = level == value
        if chosen.any():
            median = [np.median(difference[chosen]) for difference in chroma]
            # A grey map changes its hue gradually; a jump is graphics that own a grey level.
            tint[value] = np.clip(median, before - _TINT_STEP, before + _TINT_STEP)
    return tint.T.repeat(256 // _LUMA_BINS, axis=1)


class ColorSampler:
    """Keeps a few evenly spaced RGB frames of a cine that passes by frame by frame."""

    def __init__(self) -> None:
        self._kept: list[npt.NDArray[np.uint8]] = []
        self._seen = 0
        self._step = 1

    def add(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Take note of a frame (H, W, 3) and return its luma (H, W)."""
        if self._seen % self._step == 0:
            self._kept.append(rgb)
            if len(self._kept) == 2 * SAMPLES:
                self._kept, self._step = self._kept[::2], 2 * self._step
        self._seen += 1
        return luma(rgb)

    @property
    def frames(self) -> npt.NDArray[np.uint8] | None:
        """(N, H, W, 3) of the frames kept, or None if there was no colour frame."""
        return np.stack(self._kept) if self._kept else None
