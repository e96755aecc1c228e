"""Density of codes, by view and side: a kernel on every expert's code.

Source: the smoothed bootstrap with shrinkage (Silverman, "Density Estimation for Statistics and
Data Analysis", 1986, §6.4): draws have the covariance of the codes at every bandwidth.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from cardiac.types import Array

NEAR = 0.5
"""Deviations of a dimension within which codes count as near in it."""
BANDWIDTHS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, eq=False)
class Kernels:
    """Gaussian kernels of one shape on the codes of one view.

    Attributes:
        codes: (n, D) codes of experts' masks.
        bandwidth: Fraction of the codes' covariance (as a standard deviation) in one kernel.
    """

    codes: Array
    bandwidth: float
    _factor: Array = field(init=False, repr=False)
    _centre: Array = field(init=False, repr=False)
    _white: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        codes = np.asarray(self.codes, dtype=float)
        centre = codes.mean(axis=0)
        spread = np.cov(codes.T) + 1e-6 * np.eye(codes.shape[1])
        factor = np.linalg.cholesky(spread)
        white = np.linalg.solve(factor, (codes - centre).T).T
        object.__setattr__(self, "_centre", centre)
        object.__setattr__(self, "_factor", factor)
        object.__setattr__(self, "_white", white * np.sqrt(1 - self.bandwidth**2))

    def log_density(self, points: Array) -> Array:
        """(N,) natural logarithm of the density at codes (N, D)."""
        white = np.linalg.solve(self._factor, (points - self._centre).T).T
        square = (
            (white**2).sum(axis=1)[:, None]
            - 2 * white @ self._white.T
            + (self._white**2).sum(axis=1)
        )
        n, d = self._white.shape
        scale = d * np.log(self.bandwidth * np.sqrt(2 * np.pi))
        scale += np.log(np.diag(self._factor)).sum()
        return np.asarray(logsumexp(-0.5 * square / self.bandwidth**2, axis=1) - np.log(n) - scale)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """(n, D) draws."""
        near = self._white[rng.integers(len(self._white), size=n)]
        noise = rng.standard_normal((n, self._white.shape[1]))
        return np.asarray((near + self.bandwidth * noise) @ self._factor.T + self._centre)


@dataclass(frozen=True, eq=False)
class Density:
    """Density of the experts' codes; on both sides where mirroring is a change of signs.

    Attributes:
        codes: (n, D) codes of experts' masks, none of them mirrored.
        bandwidth: See `Kernels`.
        views: (n,) name of each mask's view; None where it makes no difference.
        signs: (D,) 1 or −1, with which a code is multiplied to mirror its heart; None where
            mirrored hearts are unknown.
    """

    codes: Array
    bandwidth: float
    views: npt.NDArray[np.str_] | None = None
    signs: Array | None = None
    _kernels: dict[str, Kernels] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        codes = np.asarray(self.codes, dtype=float)
        names = np.zeros(len(codes), "U1") if self.views is None else np.asarray(self.views)
        found = {
            str(name): Kernels(codes[names == name], self.bandwidth) for name in np.unique(names)
        }
        object.__setattr__(self, "_kernels", found)

    def codes_of(self, view: str | None = None) -> Array:
        """(m, D) experts' codes of a view; all where it is None or unknown here."""
        return np.concatenate([kernels.codes for kernels in self._chosen(view)])

    def _chosen(self, view: str | None) -> list[Kernels]:
        one = None if view is None else self._kernels.get(str(view))
        return list(self._kernels.values()) if one is None else [one]

    def log_density(
        self, codes: npt.ArrayLike, view: str | None = None, mirrored: bool | None = None
    ) -> Array:
        """(N,) natural logarithm of the density at codes (N, D).

        Args:
            codes: (N, D).
            view: Name of the view; None: all that are known, by how many codes they have.
            mirrored: Whether the picture is mirrored; None: as likely as not.
        """
        points = np.atleast_2d(np.asarray(codes, dtype=float))
        if self.signs is None:
            return self._one_side(points, view)
        if mirrored is not None:
            return self._one_side(points * self.signs if mirrored else points, view)
        both = [self._one_side(points, view), self._one_side(points * self.signs, view)]
        return np.asarray(np.logaddexp(*both) - np.log(2))

    def _one_side(self, points: Array, view: str | None) -> Array:
        chosen = self._chosen(view)
        weight = np.array([len(kernels.codes) for kernels in chosen], dtype=float)
        each = np.stack([kernels.log_density(points) for kernels in chosen])
        return np.asarray(logsumexp(each, axis=0, b=(weight / weight.sum())[:, None]))

    def sample(
        self, n: int, seed: int, view: str | None = None, mirrored: bool | None = None
    ) -> Array:
        """(n, D) draws; ``view`` and ``mirrored`` as for `log_density`."""
        rng = np.random.default_rng(seed)
        chosen = self._chosen(view)
        weight = np.array([len(kernels.codes) for kernels in chosen], dtype=float)
        which = rng.choice(len(chosen), size=n, p=weight / weight.sum())
        drawn = np.empty((n, self.codes.shape[1]))
        for index, kernels in enumerate(chosen):
            drawn[which == index] = kernels.sample(int((which == index).sum()), rng)
        if self.signs is None:
            return drawn
        turned = rng.random(n) < 0.5 if mirrored is None else np.full(n, mirrored)
        return np.where(turned[:, None], drawn * self.signs, drawn)

    def given(self, dimension: int, values: npt.ArrayLike, view: str | None = None) -> Array:
        """Usual codes (n, D) of experts' masks that have these values (n,) in one dimension.

        Each is a linear regression on the experts near by, weighted by a Gaussian in that
        dimension. Source: Cleveland, "Robust locally weighted regression", JASA 74, 1979.
        """
        codes = self.codes_of(view)
        along = codes[:, dimension]
        reach = NEAR * along.std() + 1e-12
        usual = []
        for value in np.atleast_1d(np.asarray(values, dtype=float)):
            weight = np.exp(-0.5 * ((along - value) / reach) ** 2)
            weight /= max(weight.sum(), 1e-300)
            middle = weight @ codes
            offset = along - middle[dimension]
            # A slope needs a spread: where there is little it is drawn towards 0.
            slope = (weight * offset) @ codes / (weight @ offset**2 + 0.2 * reach**2)
            code = middle + slope * (value - middle[dimension])
            code[dimension] = value
            usual.append(code)
        return np.stack(usual)


def fit_density(
    codes: Array,
    groups: npt.ArrayLike | None = None,
    views: npt.NDArray[np.str_] | None = None,
    signs: Array | None = None,
) -> Density:
    """A density whose bandwidth makes every fifth group most likely under the others.

    Args:
        codes: (n, D).
        groups: (n,) what must not be split, such as the patient; each code by itself if None.
        views, signs: See `Density`.
    """
    group = np.unique(np.arange(len(codes)) if groups is None else groups, return_inverse=True)[1]
    held = group % 5 == 0
    names = np.zeros(len(codes), "U1") if views is None else views
    least = min(int((~held & (names == name)).sum()) for name in np.unique(names))
    if held.all() or least <= codes.shape[1]:
        return Density(codes, 0.5, views, signs)
    score = [
        sum(
            Kernels(codes[~held & (names == name)], h)
            .log_density(codes[held & (names == name)])
            .sum()
            for name in np.unique(names[held])
        )
        for h in BANDWIDTHS
    ]
    return Density(codes, BANDWIDTHS[int(np.argmax(score))], views, signs)
