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
    """Valid codes, to be searched; a heart and its mirror image are found alike.

    Attributes:
        codes: (n, D) codes that decode to masks that meet all twelve criteria.
        scale: (D,) unit of distance along each dimension.
        signs: (D,) with which a code is multiplied to mirror its heart; None where mirrored
            hearts are not looked for.
    """

    codes: Array
    scale: Array
    signs: Array | None = None
    _tree: cKDTree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.codes) == 0:
            raise SettingsError("a bank needs at least one valid code")
        object.__setattr__(self, "_tree", cKDTree(np.asarray(self.codes) / self.scale))

    def __len__(self) -> int:
        return len(self.codes)

    def nearest(self, codes: npt.ArrayLike, k: int = 1) -> tuple[Array, Array]:
        """The k nearest valid codes, exactly, mirrored where that is nearer.

        Returns:
            Codes (N, k, D), nearest first, and their distances (N, k).
        """
        points = as_codes(codes, self.codes.shape[1])
        found, distance = self._one_side(points, k)
        if self.signs is None:
            return found, distance
        other, away = self._one_side(points * self.signs, k)
        found = np.concatenate([found, other * self.signs], axis=1)
        distance = np.concatenate([distance, away], axis=1)
        order = np.argsort(distance, axis=1, kind="stable")[:, : distance.shape[1] // 2]
        return (
            np.take_along_axis(found, order[..., None], axis=1),
            np.take_along_axis(distance, order, axis=1),
        )

    def _one_side(self, points: Array, k: int) -> tuple[Array, Array]:
        nearest = list(range(1, min(k, len(self)) + 1))
        distance, index = self._tree.query(points / self.scale, k=nearest)
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
    tried = np.vstack([experts, model.density.sample(draws, seed, mirrored=False)])
    return Bank(tried[valid_codes(model, tried, profile)], scale, model.density.signs)


def valid_codes(model: ShapeModel, codes: Array, profile: Profile = PUBLISHED) -> BoolArray:
    """(N,) whether each code decodes to a mask that meets all twelve criteria."""
    blocks = np.array_split(codes, max(1, -(-len(codes) // BLOCK)))
    return np.concatenate(
        [check(model.labels(block), profile).valid.all(axis=1) for block in blocks if len(block)]
        or [np.zeros(0, dtype=bool)]
    )
