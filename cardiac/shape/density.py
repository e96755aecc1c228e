"""Density of codes: a kernel on every expert's code, drawn together so that the spread stays.

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
class Density:
    """Gaussian kernels of one shape.

    Attributes:
        codes: (n, D) codes of experts' masks.
        bandwidth: Share of the codes' covariance (as a standard deviation) in one kernel.
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

    def log_density(self, codes: npt.ArrayLike) -> Array:
        """(N,) natural logarithm of the density at codes (N, D)."""
        points = np.atleast_2d(np.asarray(codes, dtype=float))
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

    def sample(self, n: int, seed: int) -> Array:
        """(n, D) draws."""
        rng = np.random.default_rng(seed)
        near = self._white[rng.integers(len(self._white), size=n)]
        noise = rng.standard_normal((n, self._white.shape[1]))
        return np.asarray((near + self.bandwidth * noise) @ self._factor.T + self._centre)

    def given(self, dimension: int, values: npt.ArrayLike) -> Array:
        """Usual codes (n, D) of experts' masks that have these values (n,) in one dimension.

        Each is a linear regression on the experts near by, weighted by a Gaussian in that
        dimension. Source: Cleveland, "Robust locally weighted regression", JASA 74, 1979.
        """
        codes = np.asarray(self.codes, dtype=float)
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


def fit_density(codes: Array, groups: npt.ArrayLike | None = None) -> Density:
    """A density whose bandwidth makes every fifth group most likely under the others.

    Args:
        codes: (n, D).
        groups: (n,) what must not be split, such as the patient; each code by itself if None.
    """
    group = np.unique(np.arange(len(codes)) if groups is None else groups, return_inverse=True)[1]
    held = group % 5 == 0
    if held.all() or (~held).sum() <= codes.shape[1]:
        return Density(codes, 0.5)
    score = [Density(codes[~held], h).log_density(codes[held]).mean() for h in BANDWIDTHS]
    return Density(codes, BANDWIDTHS[int(np.argmax(score))])
