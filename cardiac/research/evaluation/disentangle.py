"""How well each dimension of a latent space is the attribute it is tied to: five figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from cardiac.errors import GeometryError
from cardiac.types import Array

BINS = 20


@dataclass(frozen=True, eq=False, slots=True)
class Disentanglement:
    """The five figures; 1 is best for each.

    Attributes:
        interpretability: (r,) R² of a linear fit of each attribute from its best dimension.
            Source: Adel et al., ICML 2018.
        scc: (r,) largest absolute Spearman correlation of a dimension with each attribute.
        best: (r,) that dimension.
        modularity: Whether each dimension knows of one attribute only. Source: Ridgeway and
            Mozer, NeurIPS 2018.
        mig: (r,) gap in mutual information between the two dimensions that know most of each
            attribute ÷ its entropy. Source: Chen et al., NeurIPS 2018.
        sap: (r,) gap in R² between the two best dimensions. Source: Kumar et al., ICLR 2018.
    """

    interpretability: Array
    scc: Array
    best: npt.NDArray[np.intp]
    modularity: float
    mig: Array
    sap: Array


def disentanglement(
    codes: npt.ArrayLike, attributes: npt.ArrayLike, bins: int = BINS
) -> Disentanglement:
    """Measure a latent space on masks that it was not trained on.

    Attributes that go together, as area and length do, bound MIG, SAP and modularity away from
    1 for any space.

    Args:
        codes: (n, D).
        attributes: (n, r) measured on the masks.
        bins: Number of equal intervals for mutual information.

    Raises:
        GeometryError: Fewer than three masks, other lengths, or numbers that are missing.
    """
    z, a = np.asarray(codes, dtype=float), np.asarray(attributes, dtype=float)
    if z.ndim != 2 or a.ndim != 2 or len(z) != len(a) or len(z) < 3 or z.shape[1] < 2:
        raise GeometryError(f"codes (n, D) and attributes (n, r) needed, not {z.shape}, {a.shape}")
    if not (np.isfinite(z).all() and np.isfinite(a).all()):
        raise GeometryError("codes and attributes must not be missing")
    explained = _correlation(z, a) ** 2
    ranked = np.abs(_correlation(rankdata(z, axis=0), rankdata(a, axis=0)))
    shared = _mutual_information(z, a, bins)
    return Disentanglement(
        explained.max(axis=0),
        ranked.max(axis=0),
        ranked.argmax(axis=0),
        _modularity(shared),
        _gap(shared) / np.array([_entropy(_binned(column, bins)) for column in a.T]),
        _gap(explained),
    )


def _correlation(x: Array, y: Array) -> Array:
    """Pearson correlation (D, r) of columns; 0 for a column that does not vary."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    size = np.sqrt((x**2).sum(axis=0))[:, None] * np.sqrt((y**2).sum(axis=0))
    return np.asarray(np.divide(x.T @ y, size, out=np.zeros_like(size), where=size > 0))


def _gap(score: Array) -> Array:
    """(r,) difference between the two best dimensions."""
    ordered = np.sort(score, axis=0)
    return np.asarray(ordered[-1] - ordered[-2])


def _binned(values: Array, bins: int) -> npt.NDArray[np.intp]:
    edges = np.histogram_bin_edges(values, bins)
    return np.digitize(values, edges[1:-1])


def _entropy(bins: npt.NDArray[np.intp]) -> float:
    share = np.bincount(bins) / len(bins)
    share = share[share > 0]
    # An attribute that does not vary has none; 1 lets its gap be 0.
    return float(-(share * np.log(share)).sum()) or 1.0


def _mutual_information(z: Array, a: Array, bins: int) -> Array:
    """(D, r) in nats, of values sorted into equal intervals."""
    left = [_binned(column, bins) for column in z.T]
    right = [_binned(column, bins) for column in a.T]
    shared = np.zeros((len(left), len(right)))
    for i, x in enumerate(left):
        for j, y in enumerate(right):
            joint = np.bincount(x * bins + y, minlength=bins * bins).reshape(bins, bins) / len(x)
            apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
            there = joint > 0
            shared[i, j] = (joint[there] * np.log(joint[there] / apart[there])).sum()
    return shared


def _modularity(shared: Array) -> float:
    best = shared.max(axis=1)
    informed = best > 0
    if shared.shape[1] < 2 or not informed.any():
        return 1.0
    square = (shared[informed] ** 2).sum(axis=1) - best[informed] ** 2
    return float(1 - (square / (best[informed] ** 2 * (shared.shape[1] - 1))).mean())
