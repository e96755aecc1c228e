"""The AR-VAE (attribute-regularised variational autoencoder): masks to codes and back.

The first seven dimensions of a code are the seven attributes, standardised; `normal` takes
them out of an outline and puts them back, so that they are tied exactly. The free
dimensions come from a small network, which is trained with torch and used without it.

**Either side.** Left-right mirroring of a heart is a change of sign of some dimensions of its
code, exactly and by construction: the principal components of hearts and their mirror images
are each even or odd under mirroring, and so are the attributes about the middle of the
picture. The network f is made equivariant by f(x) + S f(S x), halved, with S the signs. So
a mirrored picture gets the mirrored code, and no side has to be known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cardiac.anatomy import ATTRIBUTES
from cardiac.anatomy.frame import LV, as_masks
from cardiac.errors import GeometryError, MeasurementError
from cardiac.geometry import CANONICAL_SIZE, FloatArray, Mask
from cardiac.shape.compose import distance_maps, draw
from cardiac.shape.density import Density
from cardiac.shape.model import Codes, as_codes
from cardiac.shape.normal import from_normal, to_normal
from cardiac.shape.outline import ATRIUM, EPI, POINTS, extract
from cardiac.shape.recovery import ActiveShapeModel, Completion, borders_of, misfit
from cardiac.types import Array

TIED = len(ATTRIBUTES)
"""Dimensions that are attributes."""
TIED_SIGNS = np.array([1.0, 1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
"""Signs of the attributes under mirroring, measured from an upright axis in the middle."""
RECOVERED = "recovered: the mask is not the outline of a heart"
MISFIT = 3.0
"""Times worse than the experts' that an outline may fit before it counts as broken."""


@dataclass(frozen=True, eq=False)
class ArVae:
    """Latent space whose first seven dimensions are the attributes.

    Attributes:
        weights: Arrays of the trained network by name.
        attribute_mean, attribute_sd: (7,) that standardise the attributes.
        mean: (2 POINTS,) mean normal form, the same mirrored.
        components: (k, 2 POINTS) its principal components, as long as their deviations.
        component_signs: (k,) of the components under mirroring.
        signs: (D,) of a code under mirroring.
        completion: Guesses what a mask lacks.
        prior: Recovers the heart behind a broken mask.
        density: Of the experts' codes.
        fit: Root mean square distance in pixels between an outline and what its code decodes to,
            within which nine of ten of the training masks lie.
    """

    weights: Mapping[str, npt.NDArray[np.generic]] = field(repr=False)
    attribute_mean: Array
    attribute_sd: Array
    mean: Array = field(repr=False)
    components: Array = field(repr=False)
    component_signs: Array = field(repr=False)
    signs: Array = field(repr=False)
    completion: Completion = field(repr=False)
    prior: ActiveShapeModel = field(repr=False)
    density: Density = field(repr=False)
    fit: float

    @property
    def dimensions(self) -> int:
        """Length of a code."""
        return int(self.weights["phase.weight"].shape[1])

    def mirror(self, codes: npt.ArrayLike) -> Array:
        """Codes (N, D) of the same hearts in pictures turned left to right."""
        return as_codes(codes, self.dimensions) * self.signs

    def encode(self, masks: Mask) -> Codes:
        """Codes of label maps (N, S, S), which lie over the canonical grid at any size S.

        A mask without a ventricle has none. A wall or an atrium that is absent is guessed;
        where the outline is not that of a heart, the most likely heart behind it is taken.
        Both are said in ``reasons``.

        Raises:
            GeometryError: The masks are not square.
        """
        frames = as_masks(masks)
        if frames.shape[1] != frames.shape[2]:
            raise GeometryError(f"masks must be square, not {frames.shape[1:]}")
        found = [_outline(mask) for mask in frames]
        outlines = np.stack([points for points, _ in found])
        outlines = (outlines + 0.5) * (CANONICAL_SIZE / frames.shape[1]) - 0.5
        mean, sd = self.encode_outlines(outlines)
        reasons = [reason for _, reason in found]
        for index, mask in enumerate(frames):
            if np.count_nonzero(mask == LV) and not self._plausible(sd[index]):
                with suppress(MeasurementError):
                    recovered = self._recover(mask, mean[index])
                    if recovered is not None:
                        mean[index], sd[index] = recovered
                        guessed = f"; {reasons[index]}" if reasons[index] else ""
                        reasons[index] = f"{RECOVERED}{guessed}"
        return Codes(mean, sd, tuple(reasons))

    def _plausible(self, sd: Array) -> bool:
        """Whether a spread says that the outline fits about as well as an expert's."""
        return bool((sd[:TIED] <= MISFIT * np.exp(0.5 * self._tied_log_variance)).all())

    def _recover(self, mask: Mask, mean: Array) -> tuple[Array, Array] | None:
        """Code and spread of the heart behind a broken mask, if it fits better than ``mean``."""
        borders = borders_of(mask)
        outline = self.prior.recover(borders)
        code, _ = self.encode_outlines(outline[None])
        ours = misfit(self.outlines(code)[0], borders)
        if np.isfinite(mean).all() and misfit(self.outlines(mean)[0], borders) <= ours:
            return None
        spread = self._encode_whole(outline[None])[1][0]
        off = [np.mean(b.tree.query(outline[b.members])[0]) for b in borders]
        return code[0], spread * max(1.0, float(np.sqrt(np.mean(np.square(off)))) / self.fit)

    @property
    def _tied_log_variance(self) -> Array:
        return np.asarray(np.clip(self.weights["tied_log_variance"].astype(float), -12, 2))

    def encode_outlines(self, outlines: npt.ArrayLike) -> tuple[Array, Array]:
        """Mean and spread (N, D) of the codes of outlines (N, POINTS, 2) in canonical pixels.

        The spread is the network's times how much worse than the experts' the outline fits.
        """
        points = np.asarray(outlines, dtype=float)
        mean = np.full((len(points), self.dimensions), np.nan)
        sd = mean.copy()
        usable = np.isfinite(points).any(axis=(1, 2))
        if usable.any():
            whole = self.completion.complete(points[usable])
            mean[usable], sd[usable] = self._encode_whole(whole)
            off = np.sqrt(((self.outlines(mean[usable]) - whole) ** 2).sum(axis=2).mean(axis=1))
            sd[usable] *= np.maximum(1.0, off / self.fit)[:, None]
        return mean, sd

    def _encode_whole(self, outlines: Array) -> tuple[Array, Array]:
        normal, attributes = to_normal(outlines)
        tied = (attributes - self.attribute_mean) / self.attribute_sd
        offset = normal.reshape(len(normal), -1) - self.mean
        square = (self.components**2).sum(axis=1)
        inputs = np.hstack([tied, offset @ self.components.T / square])
        free, log_variance = np.split(self._encoded(inputs), 2, axis=1)
        tied_variance = np.broadcast_to(self._tied_log_variance, tied.shape)
        spread = np.exp(0.5 * np.clip(np.hstack([tied_variance, log_variance]), -12, 2))
        return np.hstack([tied, free]), spread

    def _encoded(self, inputs: Array) -> Array:
        signs = np.concatenate([TIED_SIGNS, self.component_signs])
        free = self.signs[TIED:]
        return equivariant(
            lambda x: apply(self.weights, "encoder", x),
            inputs,
            signs,
            np.concatenate([free, np.ones_like(free)]),
        )

    def outlines(self, codes: npt.ArrayLike) -> Array:
        """Outlines (N, POINTS, 2) as (row, column) in canonical pixels.

        Points correspond: those of two codes tell how the boundary moves from one to the other.
        """
        z = as_codes(codes, self.dimensions)
        weights = equivariant(
            lambda x: apply(self.weights, "decoder", x), z, self.signs, self.component_signs
        )
        normal = weights @ self.components + self.mean
        return from_normal(normal.reshape(len(z), POINTS, 2), self.attributes(z))

    def attributes(self, codes: npt.ArrayLike) -> Array:
        """Attributes (N, 7) of codes in canonical pixels and degrees, without decoding them."""
        tied = as_codes(codes, self.dimensions)[:, :TIED]
        return np.asarray(tied * self.attribute_sd + self.attribute_mean)

    def phase(self, codes: npt.ArrayLike) -> Array:
        """(N,) phase of the contraction: 0 at end-diastole, 1 at end-systole."""
        z = as_codes(codes, self.dimensions)
        return np.asarray(z @ self.weights["phase.weight"][0] + self.weights["phase.bias"][0])

    def decode(self, codes: npt.ArrayLike, size: int = CANONICAL_SIZE) -> FloatArray:
        """Signed distances (N, 3, size, size) in canonical pixels, positive inside."""
        return distance_maps(self.outlines(codes), size)

    def labels(self, codes: npt.ArrayLike, size: int = CANONICAL_SIZE) -> Mask:
        """Label maps (N, size, size), drawn from the outlines."""
        return draw(self.outlines(codes), size)

    def sample(
        self, n: int, seed: int, view: str | None = None, mirrored: bool | None = None
    ) -> Array:
        """Codes (n, D) drawn from the density of the experts' codes; see `Density.sample`."""
        return self.density.sample(n, seed, view, mirrored)

    def log_density(
        self, codes: npt.ArrayLike, view: str | None = None, mirrored: bool | None = None
    ) -> Array:
        """(N,) natural logarithm of that density, given view and side where they are known."""
        return self.density.log_density(as_codes(codes, self.dimensions), view, mirrored)


def _outline(mask: Mask) -> tuple[Array, str]:
    """Outline of a mask, all NaN where it has none, and what is wrong with it."""
    try:
        points = extract(mask)
    except MeasurementError as error:
        return np.full((POINTS, 2), np.nan), error.message
    absent = [
        name
        for name, part in (("myocardium", EPI), ("left atrium", ATRIUM))
        if np.isnan(points[part]).any()
    ]
    return points, f"guessed: {' and '.join(absent)}" if absent else ""


def equivariant(
    function: Callable[[Array], Array], x: Array, signs_in: Array, signs_out: Array
) -> Array:
    """Outputs (N, out) of a function, averaged with those for the mirrored input (N, in).

    Mirrored input gives exactly mirrored output, since a sum does not depend on its order.
    """
    return np.asarray((function(x) + signs_out * function(signs_in * x)) / 2)


def apply(weights: Mapping[str, npt.NDArray[np.generic]], name: str, x: Array) -> Array:
    """Outputs of a linear part plus a perceptron of three layers with SiLU between them.

    Args:
        weights: Arrays by name.
        name: First part of their names.
        x: (N, in).

    Returns:
        (N, out).
    """

    def linear(layer: str, values: Array) -> Array:
        matrix = np.asarray(weights[f"{name}.{layer}.weight"], float)
        return np.asarray(values @ matrix.T + weights[f"{name}.{layer}.bias"])

    hidden = _silu(linear("second", _silu(linear("first", x))))
    skip = np.asarray(weights[f"{name}.skip.weight"], float)
    return np.asarray(x @ skip.T + linear("last", hidden))


def _silu(x: Array) -> Array:
    return np.asarray(x / (1 + np.exp(-np.clip(x, -60, 60))))
