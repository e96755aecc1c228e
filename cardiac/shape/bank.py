"""Codes whose masks are known to be valid, and the nearest of them to any code.

Source: the bank of Painchaud et al., "Cardiac Segmentation with Strong Anatomical Guarantees",
IEEE TMI 39(11), 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cardiac.anatomy import PUBLISHED, Profile, check
from cardiac.errors import SettingsError
from cardiac.shape.model import ShapeModel, as_codes
from cardiac.types import Array, BoolArray

BLOCK = 64


@dataclass(frozen=True, eq=False)
class Bank:
    """Valid codes, to be searched.

    Attributes:
        codes: (n, D) codes that decode to masks that meet all twelve criteria.
        scale: (D,) unit of distance along each dimension.
    """

    codes: Array
    scale: Array
    _tree: cKDTree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.codes) == 0:
            raise SettingsError("a bank needs at least one valid code")
        object.__setattr__(self, "_tree", cKDTree(np.asarray(self.codes) / self.scale))

    def __len__(self) -> int:
        return len(self.codes)

    def nearest(self, codes: npt.ArrayLike, k: int = 1) -> tuple[Array, Array]:
        """The k nearest valid codes, exactly.

        Returns:
            Codes (N, k, D), nearest first, and their distances (N, k).
        """
        points = as_codes(codes, self.codes.shape[1]) / self.scale
        distance, index = self._tree.query(points, k=list(range(1, min(k, len(self)) + 1)))
        return self.codes[index], np.asarray(distance)


def build_bank(
    model: ShapeModel,
    experts: Array,
    scale: Array,
    draws: int,
    *,
    seed: int,
    profile: Profile = PUBLISHED,
) -> Bank:
    """A bank of the valid ones among the experts' codes and draws from the model's density.

    Args:
        model: Decodes and draws.
        experts: (n, D) codes of the training masks.
        scale: (D,) unit of distance along each dimension.
        draws: Number of draws to try.
        seed: Source of the draws.
        profile: Bounds of the criteria.
    """
    tried = np.vstack([experts, model.sample(draws, seed)])
    return Bank(tried[valid_codes(model, tried, profile)], scale)


def valid_codes(model: ShapeModel, codes: Array, profile: Profile = PUBLISHED) -> BoolArray:
    """(N,) whether each code decodes to a mask that meets all twelve criteria."""
    blocks = np.array_split(codes, max(1, -(-len(codes) // BLOCK)))
    return np.concatenate(
        [check(model.labels(block), profile).valid.all(axis=1) for block in blocks if len(block)]
        or [np.zeros(0, dtype=bool)]
    )
