"""Out-of-distribution detection and CRISP: images among those of training patients.

Source: T. Judge et al., "CRISP: Reliable uncertainty estimation for medical image segmentation",
MICCAI 2022. Unlike the authors' code the map has an absolute scale, the concentration of the
sphere is the published one, and an image far from all training patients is said to be.
Concentration after Banerjee et al., JMLR 6, 2005; bandwidth after García-Portugués, Electronic
Journal of Statistics 7, 2013.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cardiac.errors import WeightsError
from cardiac.geometry import Mask
from cardiac.labels import STRUCTURES
from cardiac.types import Array, Array32, BoolArray, ByteArray
from cardiac.uncertainty.method_input import Embedding

NEAREST = 50
"""Masks of training patients that count for an image."""
FLAGGED_FRACTION = 0.25
"""Fraction of out-of-distribution frames above which a sequence is no apical echo: of the frames
of training patients none is flagged, and at most four in a hundred of those changed."""


@dataclass(frozen=True, eq=False)
class ReferenceEmbeddings:
    """Masks of training patients, in two bits a pixel, and where they lie on the sphere.

    Attributes:
        codes: (M, p) unit codes; or (2 M, p), the second half of the mirror images.
        packed: (M, s · s / 4) uint8, four labels a byte.
        side: s.
    """

    codes: Array32
    packed: ByteArray
    side: int

    def __post_init__(self) -> None:
        fits = len(self.codes) in (len(self.packed), 2 * len(self.packed))
        if not fits or self.packed.shape[1] * 4 != self.side**2:
            raise WeightsError("the codes and masks of the reference embeddings do not fit")

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def width(self) -> float:
        """Width of the kernel."""
        return bandwidth(self.codes)

    def cosine(self, codes: Array32) -> Array32:
        """(T, M) between unit codes (T, p) and the references'."""
        return np.asarray(codes @ self.codes.T, dtype=np.float32)

    def votes(self, cosine: Array32, nearest: int = NEAREST) -> Array32:
        """Weighted fraction (T, 4, s, s) of each label among the masks nearest to each image."""
        weights = kernel(cosine, self.width, nearest)
        used = np.flatnonzero(weights.any(axis=0))
        masks = self.masks(used).reshape(len(used), -1)
        votes = np.empty((len(cosine), 4, self.side**2), dtype=np.float32)
        chosen = np.ascontiguousarray(weights[:, used])
        for label in STRUCTURES:
            votes[:, label] = chosen @ (masks == label).astype(np.float32)
        votes[:, 0] = 1 - votes[:, 1:].sum(axis=1)
        return votes.reshape(len(cosine), 4, self.side, self.side)

    def masks(self, rows: np.ndarray) -> Mask:
        """(n, s, s) label maps of some rows of the codes."""
        masks = unpack_labels(self.packed[rows % len(self.packed)], self.side)
        mirrored = rows >= len(self.packed)
        masks[mirrored] = masks[mirrored, :, ::-1]
        return masks


@dataclass(frozen=True, eq=False)
class OutOfDistribution:
    """Whether images look like those that the models were made for.

    Attributes:
        cosine: (T,) mean cosine between the image's code and the nearest references.
        score: (T,) probability from 0 to 1 that the image is no apical echo.
        frames: (T,) which frames are out of distribution.
    """

    cosine: Array
    score: Array
    frames: BoolArray

    @classmethod
    def of(
        cls,
        embedding: Embedding,
        max_score: float,
        min_cosine: float,
        nearest: int = NEAREST,
    ) -> OutOfDistribution:
        """Flag the frames whose score or cosine is beyond its bound."""
        cosine, score = embedding.cosine, embedding.ood_score
        count = min(nearest, cosine.shape[1])
        mean = np.partition(cosine, -count, axis=1)[:, -count:].mean(axis=1)
        flagged = (score > max_score) | (mean < min_cosine)
        return cls(mean.astype(float), score.astype(float), np.asarray(flagged))

    @property
    def sequence(self) -> bool:
        """Whether more frames are out of distribution than chance leaves there."""
        return bool(self.frames.mean() > FLAGGED_FRACTION)


def votes_of(votes: Array32, labels: Mask) -> Array32:
    """(T, h, w) fraction that the label of each pixel has in votes (T, 4, s, s) around it."""
    count, side, coarse = len(labels), labels.shape[-1], votes.shape[-1]
    place = np.arange(side) * coarse // side
    cell = (place[:, None] * coarse + place).astype(np.int32)
    index = labels.astype(np.int32) * np.int32(coarse**2) + cell
    chosen = np.take_along_axis(votes.reshape(count, -1), index.reshape(count, -1), axis=1)
    return chosen.reshape(labels.shape)


def disagreement(labels: Mask, votes: Array32) -> Array32:
    """(T, h, w) weighted fraction of the nearest masks with another label than the written one.

    Args:
        labels: (T, h, w) written labels.
        votes: (T, 4, s, s) of each label, see `ReferenceEmbeddings.votes`.
    """
    return np.asarray(np.clip(1 - votes_of(votes, labels), 0, 1), dtype=np.float32)


def concentration(codes: Array32) -> float:
    """κ of a von Mises–Fisher distribution fitted to unit codes (M, p)."""
    dimensions = codes.shape[1]
    length = float(np.linalg.norm(codes.astype(float).mean(axis=0)))
    length = min(max(length, 1e-3), 1 - 1e-6)
    return float(length * (dimensions - length**2) / (1 - length**2))


def bandwidth(codes: Array32) -> float:
    """Width h of the kernel over unit codes (M, p) by the rule κ^(−1/2) (40 √π M)^(−1/5)."""
    return float(concentration(codes) ** -0.5 * (40 * np.sqrt(np.pi) * len(codes)) ** -0.2)


def kernel(cosine: Array32, width: float, nearest: int) -> Array32:
    """Weights (T, M) that sum to one, exp((cos − 1) / h) for the nearest codes, 0 for the others.

    Args:
        cosine: (T, M) between images and codes.
        width: h.
        nearest: How many codes of each image count.
    """
    count = min(nearest, cosine.shape[1])
    least = np.partition(cosine, -count, axis=1)[:, -count:].min(axis=1, keepdims=True)
    # Against the nearest code, so that a far image does not divide by zero.
    weights = np.exp((cosine - cosine.max(axis=1, keepdims=True)) / width)
    weights = np.where(cosine >= least, weights, 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def pack_labels(masks: Mask) -> ByteArray:
    """Four labels (0 to 3) in a byte: (M, s, s) to (M, s · s / 4)."""
    quads = masks.reshape(len(masks), -1, 4)
    shift = np.array([0, 2, 4, 6], np.uint8)
    return np.asarray((quads << shift).sum(axis=2), dtype=np.uint8)


def unpack_labels(packed: ByteArray, side: int) -> Mask:
    """The masks (M, s, s) that `pack_labels` packed."""
    shift = np.array([0, 2, 4, 6], np.uint8)
    return np.asarray((packed[..., None] >> shift) & 3).reshape(len(packed), side, side)
