"""From a trained network to a model with its density and its bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cardiac.research.training.shape_data import TrainingShapes
from cardiac.shape.arvae import ArVae
from cardiac.shape.bank import Bank, build_bank
from cardiac.shape.completion import fit_completion
from cardiac.shape.density import Density, fit_density
from cardiac.shape.normal import from_normal
from cardiac.shape.outline import POINTS
from cardiac.shape.prior import fit_prior
from cardiac.types import Array


@dataclass(frozen=True, eq=False, slots=True)
class Basis:
    """Linear frame of the network: standardised attributes and components of normal forms.

    Attributes:
        attribute_mean, attribute_sd: (7,).
        mean: (2 POINTS,) mean normal form.
        components: (k, 2 POINTS), each as long as its standard deviation.
        attribute_reach: Mean over the seven of the squared pixels that an outline moves by
            where its attribute changes by one standard deviation.
    """

    attribute_mean: Array
    attribute_sd: Array
    mean: Array
    components: Array
    attribute_reach: float

    def inputs(self, normal: Array, attributes: Array, phase: Array) -> tuple[Array, Array, Array]:
        """Standardised attributes (n, 7), whitened components (n, k) and the phases as they are."""
        tied = (attributes - self.attribute_mean) / self.attribute_sd
        square = (self.components**2).sum(axis=1)
        return tied, (normal - self.mean) @ self.components.T / square, phase


def principal_components(shapes: TrainingShapes, k: int) -> Basis:
    """The linear frame of training shapes."""
    mean = shapes.normal.mean(axis=0)
    _, spread, axes = np.linalg.svd(shapes.normal - mean, full_matrices=False)
    k = min(k, len(spread))
    spread = np.maximum(spread[:k] / np.sqrt(max(1, len(shapes) - 1)), 1e-6)
    centre, sd = shapes.attributes.mean(axis=0), shapes.attributes.std(axis=0) + 1e-9
    around = np.vstack([centre, centre + np.diag(sd)])
    drawn = from_normal(np.broadcast_to(mean.reshape(POINTS, 2), (8, POINTS, 2)), around)
    reach = ((drawn[1:] - drawn[0]) ** 2).sum(axis=2).mean()
    return Basis(centre, sd, mean, spread[:, None] * axes[:k], float(reach))


def build_model(
    state: Mapping[str, npt.NDArray[np.generic]],
    shapes: TrainingShapes,
    basis: Basis,
    draws: int,
    seed: int,
) -> tuple[ArVae, Bank]:
    """Model and bank of valid codes of a trained network.

    Args:
        state: Arrays of the network by name.
        shapes: The experts' shapes, whose codes make density and bank.
        basis: Frame that the network was trained in.
        draws: Draws from the density to try for the bank.
        seed: Source of the draws.
    """
    rough = ArVae(
        dict(state),
        basis.attribute_mean,
        basis.attribute_sd,
        basis.mean,
        basis.components,
        fit_completion(shapes.outlines),
        fit_prior(shapes.outlines),
        Density(np.eye(2), 0.5),
        fit=1.0,
    )
    codes, _ = rough.encode_outlines(shapes.outlines)
    off = ((rough.outlines(codes) - shapes.outlines) ** 2).sum(axis=2).mean()
    model = replace(rough, density=fit_density(codes, shapes.group), fit=float(np.sqrt(off)))
    bank = build_bank(model, codes, codes.std(axis=0), draws, seed=seed)
    return model, bank
