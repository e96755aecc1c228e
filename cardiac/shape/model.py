"""What every shape model can do, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from cardiac.geometry import CANONICAL_SIZE, FloatArray, Mask
from cardiac.shape.density import Density
from cardiac.types import Array, BoolArray


@dataclass(frozen=True, eq=False, slots=True)
class Codes:
    """Where masks lie in a latent space.

    Attributes:
        mean: (N, D); NaN where a mask has no code.
        sd: (N, D) spread; larger where the model does not fit the mask.
        reasons: Per mask why it has no code, or what had to be guessed; "" otherwise.
    """

    mean: Array
    sd: Array
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def found(self) -> BoolArray:
        """(N,) which masks have a code."""
        return np.asarray(np.isfinite(self.mean).all(axis=1))


@runtime_checkable
class ShapeModel(Protocol):
    """A latent space of hearts on the canonical grid."""

    @property
    def dimensions(self) -> int:
        """D, length of a code."""

    @property
    def density(self) -> Density:
        """Density of the experts' codes."""

    def encode(self, masks: Mask) -> Codes:
        """Codes of label maps (N, H, W) on a square grid over the canonical one."""

    def decode(self, codes: npt.ArrayLike, size: int = CANONICAL_SIZE) -> FloatArray:
        """Signed distances (N, 3, size, size) in canonical pixels, positive inside.

        The maps are those of the cavity, the epicardium and the atrium.
        """

    def labels(self, codes: npt.ArrayLike, size: int = CANONICAL_SIZE) -> Mask:
        """Label maps (N, size, size)."""

    def sample(
        self, n: int, seed: int, view: str | None = None, mirrored: bool | None = None
    ) -> Array:
        """Codes (n, D) drawn from the density."""

    def log_density(
        self, codes: npt.ArrayLike, view: str | None = None, mirrored: bool | None = None
    ) -> Array:
        """(N,) natural logarithm of that density."""


def as_codes(codes: npt.ArrayLike, dimensions: int) -> Array:
    """Codes as float64 (N, D); one code (D,) becomes one row.

    Raises:
        GeometryError: Another shape.
    """
    from cardiac.errors import GeometryError

    array = np.atleast_2d(np.asarray(codes, dtype=float))
    if array.ndim != 2 or array.shape[1] != dimensions:
        raise GeometryError(f"codes must be (N, {dimensions}), not {np.shape(codes)}")
    return array
