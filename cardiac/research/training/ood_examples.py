"""Out-of-distribution examples: noise, textures, pictures, and echo that makes no sense."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

from cardiac.types import Array, ByteArray


def ood_images(echo: ByteArray, count: int, pictures: Sequence[ByteArray], seed: int) -> ByteArray:
    """ByteArray (count, h, w), half of them seen through the sector of an echo.

    Args:
        echo: (n, h, w) apical images, to be turned, scrambled and mixed, and for sectors.
        count: How many to make.
        pictures: Grey photographs of any size, at least as large as an echo.
        seed: Source of all randomness.
    """
    kinds: tuple[Callable[..., Array], ...] = (
        _noise, _texture, _turned, _turned, _turned, _scrambled, _warped, _warped, _warped,
        _piece, _mixed,
    )  # fmt: skip
    result = np.empty((count, *echo.shape[1:]), dtype=np.uint8)
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        kind = int(rng.integers(len(kinds) + (3 if pictures else 0)))
        first, second = echo[rng.integers(len(echo), size=2)]
        if kind >= len(kinds):
            made = _picture(pictures[int(rng.integers(len(pictures)))], first.shape, rng)
        else:
            made = kinds[kind](first.astype(float), rng)
        if rng.random() < 0.6:
            made = made * (ndimage.binary_closing(second > 0, iterations=3))
        made = made * rng.uniform(0.6, 1.3) + rng.uniform(-10, 10) * (made > 0)
        result[index] = np.clip(made, 0, 255)
    return result


def _noise(echo: Array, rng: np.random.Generator) -> Array:
    """White or smooth noise, or none: a flat grey."""
    values = ndimage.gaussian_filter(rng.standard_normal(echo.shape), rng.choice([0, 1, 3, 8]))
    values = values / max(float(np.abs(values).std()), 1e-9)
    return rng.uniform(30, 160) + rng.uniform(0, 50) * values


def _texture(echo: Array, rng: np.random.Generator) -> Array:
    """Noise with the spectrum of natural images, or stripes."""
    spectrum = np.fft.rfft2(rng.standard_normal(echo.shape))
    rows, columns = np.fft.fftfreq(echo.shape[0]), np.fft.rfftfreq(echo.shape[1])
    steep = np.hypot(rows[:, None], columns[None]) + 0.01
    values = np.fft.irfft2(spectrum / steep ** rng.uniform(0.8, 2), s=echo.shape)
    return np.asarray(110 + 50 * values / max(float(values.std()), 1e-9))


def _turned(echo: Array, rng: np.random.Generator) -> Array:
    """An echo on its side or upside down."""
    angle = rng.uniform(50, 310)
    made = ndimage.rotate(echo, angle, reshape=False, order=1)
    return np.asarray(made[:, ::-1] if rng.random() < 0.5 else made)


def _scrambled(echo: Array, rng: np.random.Generator) -> Array:
    """Pieces of an echo in another order."""
    n = int(rng.choice([2, 4, 8]))
    h, w = echo.shape[0] // n, echo.shape[1] // n
    tiles = echo[: n * h, : n * w].reshape(n, h, n, w).swapaxes(1, 2).reshape(n * n, h, w)
    tiles = tiles[rng.permutation(n * n)]
    made = np.zeros_like(echo)
    made[: n * h, : n * w] = tiles.reshape(n, n, h, w).swapaxes(1, 2).reshape(n * h, n * w)
    return made


def _warped(echo: Array, rng: np.random.Generator) -> Array:
    """An echo whose structures are torn out of their arrangement."""
    size = np.array(echo.shape)
    coarse = rng.standard_normal((2, 5, 5)) * rng.uniform(0.16, 0.35)
    zoom = np.array([ndimage.zoom(c, size / 5, order=3) for c in coarse]) * size[:, None, None]
    places = np.indices(echo.shape) + zoom
    return np.asarray(ndimage.map_coordinates(echo, places, order=1, mode="reflect"))


def _piece(echo: Array, rng: np.random.Generator) -> Array:
    """A small piece of an echo, magnified until no structure is whole."""
    side = int(echo.shape[0] * rng.uniform(0.12, 0.22))
    top, left = rng.integers(echo.shape[0] // 5, echo.shape[0] * 3 // 5, size=2)
    piece = echo[top : top + side, left : left + side]
    made = ndimage.zoom(piece, np.array(echo.shape) / piece.shape, order=1)
    return np.asarray(made[: echo.shape[0], : echo.shape[1]])


def _mixed(echo: Array, rng: np.random.Generator) -> Array:
    """An echo and its mirror images laid over each other."""
    return np.asarray(np.maximum(echo[::-1], np.rot90(echo, int(rng.choice([1, 3])))))


def _picture(picture: ByteArray, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A part of a photograph, sometimes turned."""
    side = int(min(picture.shape) * rng.uniform(0.4, 1))
    top = int(rng.integers(picture.shape[0] - side + 1))
    left = int(rng.integers(picture.shape[1] - side + 1))
    piece = np.rot90(picture[top : top + side, left : left + side], int(rng.integers(4)))
    made = ndimage.zoom(piece.astype(float), np.array(shape) / side, order=1, mode="nearest")
    result = np.zeros(shape)
    result[: made.shape[0], : made.shape[1]] = made[: shape[0], : shape[1]]
    return result
