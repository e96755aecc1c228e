"""The bank: codes of the training masks, and the masks themselves in two bits a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cardiac.errors import WeightsError
from cardiac.geometry import FloatArray, Mask
from cardiac.labels import STRUCTURES
from cardiac.uncertainty.vonmises import bandwidth, kernel

NEAREST = 50


@dataclass(frozen=True, eq=False)
class Bank:
    """Masks of training patients and where they lie on the sphere.

    Attributes:
        codes: (M, p) unit codes.
        packed: (M, s · s / 4) uint8, four labels a byte.
        side: s.
    """

    codes: FloatArray
    packed: npt.NDArray[np.uint8]
    side: int

    def __post_init__(self) -> None:
        if len(self.codes) != len(self.packed) or self.packed.shape[1] * 4 != self.side**2:
            raise WeightsError("the bank's codes and masks do not fit together")

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def width(self) -> float:
        """Width of the kernel."""
        return bandwidth(self.codes)

    def cosine(self, codes: FloatArray) -> FloatArray:
        """(T, M) between unit codes (T, p) and the bank's."""
        return np.asarray(codes @ self.codes.T, dtype=np.float32)

    def shares(self, cosine: FloatArray, nearest: int = NEAREST) -> FloatArray:
        """Weighted share (T, 4, s, s) of each label among the masks nearest to each image."""
        weights = kernel(cosine, self.width, nearest)
        used = np.flatnonzero(weights.any(axis=0))
        masks = unpack(self.packed[used], self.side).reshape(len(used), -1)
        shares = np.empty((len(cosine), 4, self.side**2), dtype=np.float32)
        chosen = np.ascontiguousarray(weights[:, used])
        for label in STRUCTURES:
            shares[:, label] = chosen @ (masks == label).astype(np.float32)
        shares[:, 0] = 1 - shares[:, 1:].sum(axis=1)
        return shares.reshape(len(cosine), 4, self.side, self.side)


def pack(masks: Mask) -> npt.NDArray[np.uint8]:
    """Four labels (0 to 3) in a byte: (M, s, s) to (M, s · s / 4)."""
    quads = masks.reshape(len(masks), -1, 4)
    shift = np.array([0, 2, 4, 6], np.uint8)
    return np.asarray((quads << shift).sum(axis=2), dtype=np.uint8)


def unpack(packed: npt.NDArray[np.uint8], side: int) -> Mask:
    """The masks (M, s, s) that `pack` packed."""
    shift = np.array([0, 2, 4, 6], np.uint8)
    return np.asarray((packed[..., None] >> shift) & 3).reshape(len(packed), side, side)
