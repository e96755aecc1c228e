"""From a trained network to a model with its density and its bank, and the linear models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cardiac.research.training.shape_data import TrainingShapes
from cardiac.research.training.shape_network import code_signs
from cardiac.shape.arvae import TIED_SIGNS, ArVae
from cardiac.shape.bank import build_bank
from cardiac.shape.density import Density, fit_density
from cardiac.shape.expert_shapes import (
    FORM_SIGNS,
    FORMS,
    Described,
    ExpertShapes,
    PlausibilityModel,
    describe,
)
from cardiac.shape.normal import from_normal, mirror_attributes, mirror_normal
from cardiac.shape.outline import POINTS, mirror_outlines
from cardiac.shape.recovery import ActiveShapeModel, Completion, cavity_frame
from cardiac.shape.settings import ShapeSettings
from cardiac.shape.weights import ShapeBundle
from cardiac.types import Array, BoolArray

COMPLETION_COMPONENTS = 24
LEAST_NOISE = 0.02
"""Of a point, ÷ root of the cavity's area: landmarks are less sure where a structure is absent."""
PRIOR_COMPONENTS = 40
FITTED = 0.9
"""Fraction of the experts' masks that the model fits at least as well as an ordinary one."""
KEPT = 0.999
"""Fraction of the experts' masks that are to be plausible."""
SPAN = 0.99
"""Fraction of the experts' masks that show how far most of them lie."""
APART = 0.25
"""Widths of the valve; where the atrium's border begins and ends this close, it goes all round an
atrium that does not adjoin the ventricle."""
SLACK = 1.15
"""Times as far as the farthest of them: patients to come are not those of the training."""
FOLDS = 5


@dataclass(frozen=True, eq=False, slots=True)
class Components:
    """Principal components of shapes and their mirror images: each is even or odd.

    Attributes:
        mean: (n,), the same mirrored.
        axes: (k, n) unit vectors, the most important first.
        spread: (k,) standard deviations along them.
        signs: (k,) 1 for those that stay when mirrored, −1 for those that change their sign.
    """

    mean: Array
    axes: Array
    spread: Array
    signs: Array

    def longest(self, k: int) -> Array:
        """(k, n) first components, as long as their standard deviations."""
        return self.spread[:k, None] * self.axes[:k]


def mirror_components(data: Array, mirrored: Array) -> Components:
    """Principal components of data (m, n) together with its mirror image (m, n).

    The covariance of both together is that of the even parts plus that of the odd parts,
    which have nothing in common.
    """
    mean = ((data + mirrored) / 2).mean(axis=0)
    parts = (data + mirrored) / 2 - mean, (data - mirrored) / 2
    axes, spread, signs = [], [], []
    for part, sign in zip(parts, (1.0, -1.0), strict=True):
        _, length, directions = np.linalg.svd(part, full_matrices=False)
        axes.append(directions)
        spread.append(length / np.sqrt(max(1, len(data) - 1)))
        signs.append(np.full(len(length), sign))
    lengths = np.concatenate(spread)
    order = np.argsort(-lengths, kind="stable")
    # Directions in which nothing varies are neither even nor odd.
    order = order[: np.count_nonzero(lengths > 1e-6 * lengths.max())]
    return Components(mean, *(np.concatenate(each)[order] for each in (axes, spread, signs)))


@dataclass(frozen=True, eq=False, slots=True)
class Basis:
    """Linear frame of the network: standardised attributes and components of normal forms.

    Attributes:
        attribute_mean, attribute_sd: (7,) of hearts and their mirror images.
        mean: (2 POINTS,) mean normal form.
        components: (k, 2 POINTS), each as long as its standard deviation.
        signs: (k,) of the components under mirroring.
        attribute_reach: Mean over the seven of the squared pixels that an outline moves by
            where its attribute changes by one standard deviation.
    """

    attribute_mean: Array
    attribute_sd: Array
    mean: Array
    components: Array
    signs: Array
    attribute_reach: float

    def inputs(self, normal: Array, attributes: Array, phase: Array) -> tuple[Array, Array, Array]:
        """Standardised attributes (n, 7), whitened components (n, k) and the phases as they are."""
        tied = (attributes - self.attribute_mean) / self.attribute_sd
        square = (self.components**2).sum(axis=1)
        return tied, (normal - self.mean) @ self.components.T / square, phase


def principal_components(shapes: TrainingShapes, k: int) -> Basis:
    """The linear frame of training shapes."""
    turned = mirror_normal(shapes.normal.reshape(-1, POINTS, 2)).reshape(len(shapes), -1)
    found = mirror_components(shapes.normal, turned)
    both = np.concatenate([shapes.attributes, mirror_attributes(shapes.attributes)])
    centre, sd = both.mean(axis=0), both.std(axis=0) + 1e-9
    middle = mirror_attributes(np.zeros(len(centre))) / 2
    centre = np.where(TIED_SIGNS < 0, middle, centre)
    around = np.vstack([centre, centre + np.diag(sd)])
    drawn = from_normal(np.broadcast_to(found.mean.reshape(POINTS, 2), (8, POINTS, 2)), around)
    reach = ((drawn[1:] - drawn[0]) ** 2).sum(axis=2).mean()
    return Basis(centre, sd, found.mean, found.longest(k), found.signs[:k], float(reach))


def build_model(
    state: Mapping[str, npt.NDArray[np.generic]],
    shapes: TrainingShapes,
    basis: Basis,
    settings: ShapeSettings,
    *,
    draws: int,
    seed: int,
) -> ShapeBundle:
    """Model, bank of valid codes and plausibility of a trained network.

    Args:
        state: Arrays of the network by name.
        shapes: The experts' shapes, whose codes make density and bank.
        basis: Frame that the network was trained in.
        settings: Size of the network.
        draws: Draws from the density to try for the bank.
        seed: Source of the draws.
    """
    signs = code_signs(settings, basis.signs)
    weights = dict(state)
    weights["phase.weight"] = weights["phase.weight"] * (signs > 0)
    rough = ArVae(
        weights,
        basis.attribute_mean,
        basis.attribute_sd,
        basis.mean,
        basis.components,
        basis.signs,
        signs,
        fit_completion(shapes.outlines),
        fit_prior(shapes.outlines),
        Density(np.eye(2), 0.5),
        fit=1.0,
    )
    codes, _ = rough.encode_outlines(shapes.outlines)
    off = np.sqrt(((rough.outlines(codes) - shapes.outlines) ** 2).sum(axis=2).mean(axis=1))
    density = fit_density(codes, shapes.patient, shapes.view, signs)
    model = replace(rough, density=density, fit=float(np.quantile(off, FITTED)))
    bank = build_bank(model, codes, codes.std(axis=0), draws, seed=seed)
    return ShapeBundle(model, bank, fit_plausibility(model, shapes))


def fit_completion(outlines: Array) -> Completion:
    """Components of whole outlines (n, POINTS, 2) in the frame of the cavity."""
    found = mirror_components(_in_cavity(outlines), _in_cavity(mirror_outlines(outlines)))
    k = min(COMPLETION_COMPONENTS, len(found.spread) - 1)
    rest = np.sqrt((found.spread[k:] ** 2).sum() / found.mean.size)
    return Completion(found.mean, found.longest(k), float(max(rest, LEAST_NOISE)))


def _in_cavity(outlines: Array) -> Array:
    """(n, 2 POINTS) outlines in the frames of their cavities."""
    framed = []
    for points in outlines:
        origin, turn, scale = cavity_frame(points)
        framed.append(((points - origin) @ turn / scale).ravel())
    return np.stack(framed)


def fit_prior(outlines: Array) -> ActiveShapeModel:
    """Components of whole outlines (n, POINTS, 2) in canonical pixels."""
    flat = outlines.reshape(len(outlines), -1)
    found = mirror_components(flat, mirror_outlines(outlines).reshape(flat.shape))
    return ActiveShapeModel(found.mean, found.longest(min(PRIOR_COMPONENTS, len(found.spread) - 1)))


def fit_plausibility(model: ArVae, shapes: TrainingShapes) -> PlausibilityModel:
    """Bounds that `KEPT` of the experts' masks keep, with some slack.

    Distances of codes and sides are judged by statistics of other patients.

    Args:
        model: Codes outlines.
        shapes: The experts' shapes.
    """
    described = describe(shapes.outlines, model)
    fold = np.unique(shapes.patient, return_inverse=True)[1] % FOLDS
    views = np.unique(shapes.view).tolist()
    found = np.zeros((len(shapes), len(FORMS) + 2))
    for view in views:
        for number in range(FOLDS):
            held = (shapes.view == view) & (fold == number)
            others = (shapes.view == view) & (fold != number)
            if held.any() and others.sum() > 2:
                experts = _experts(described, others, view)
                found[held] = experts.distances(described.forms[held], described.codes[held])
    terms = np.column_stack([found, described.fit, shapes.remainder])
    # The few that need not keep the bounds are those that lie farthest outside most others'.
    usual = np.maximum(np.quantile(terms, SPAN, axis=0), 1e-6)
    order = np.argsort((terms / usual).max(axis=1))
    kept = order[: max(1, int(np.ceil(KEPT * len(terms))))]
    code, side, fit, remainder = SLACK * np.maximum(terms[kept].max(axis=0), 1e-6)[-4:]
    chosen = [np.intersect1d(kept, np.flatnonzero(shapes.view == view)) for view in views]
    bounded = [
        _experts(described, some, view).bounded(SLACK, float(code), float(side))
        for some, view in zip(chosen, views, strict=True)
    ]
    return PlausibilityModel(tuple(bounded), float(fit), float(remainder))


def _experts(
    described: Described, chosen: BoolArray | npt.NDArray[np.intp], view: str
) -> ExpertShapes:
    """Statistics of the chosen shapes; the bounds are their ends, and distances of 1."""
    forms, codes = described.forms[chosen], described.codes[chosen]
    middle = np.median(forms, axis=0)
    low = np.minimum(forms.min(axis=0), middle - 1e-6)
    low[FORMS.index("atrium_opening")] = np.log(APART)
    return ExpertShapes(
        view,
        middle,
        low,
        np.maximum(forms.max(axis=0), middle + 1e-6),
        codes.mean(axis=0),
        np.asarray(np.linalg.inv(_covariance(codes)), float),
        _side_weights(np.hstack([codes, forms]), np.concatenate([described.signs, FORM_SIGNS])),
    )


def _side_weights(features: Array, signs: Array) -> Array:
    """Weights of features (n, k) in log p(mirrored) − log p(as they are), for equal covariances.

    Even features tell nothing, and the orientation is judged by itself.
    """
    odd = np.flatnonzero(signs < 0)
    odd = odd[odd != len(signs) - len(FORM_SIGNS)]
    weights = np.zeros(len(signs))
    centre = features[:, odd].mean(axis=0)
    weights[odd] = -2 * np.linalg.solve(_covariance(features[:, odd]), centre)
    return weights


def _covariance(values: Array) -> Array:
    return np.asarray(np.cov(values.T) + 1e-6 * np.eye(values.shape[1]))
