"""Walks through a latent space that a person can look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiac.anatomy import ATTRIBUTES, PUBLISHED, Profile, check, measure
from cardiac.errors import MeasurementError, SettingsError
from cardiac.geometry import Mask
from cardiac.shape.arvae import ArVae
from cardiac.shape.bank import BLOCK
from cardiac.shape.model import ShapeModel, as_codes
from cardiac.types import Array, BoolArray

QUANTILES = 0.025, 0.975
"""Of the experts' codes: the ends of a traversal."""
TRIES = 32


@dataclass(frozen=True, eq=False, slots=True)
class Walk:
    """Shapes along a way through the latent space.

    Attributes:
        codes: (n, D).
        masks: (n, 256, 256).
        attributes: (n, 7) measured on the masks, in canonical pixels and degrees.
        valid: (n,) whether each mask meets all twelve criteria.
    """

    codes: Array
    masks: Mask
    attributes: Array
    valid: BoolArray


@dataclass(frozen=True, eq=False, slots=True)
class Draws:
    """New valid shapes.

    Attributes:
        codes: (n, D).
        masks: (n, 256, 256).
        tried: Draws that it took.
    """

    codes: Array
    masks: Mask
    tried: int

    @property
    def acceptance(self) -> float:
        """Share of the draws that were valid."""
        return len(self.codes) / self.tried


def walk(model: ShapeModel, codes: npt.ArrayLike, profile: Profile = PUBLISHED) -> Walk:
    """Decode, measure and check codes (n, D)."""
    z = as_codes(codes, model.dimensions)
    masks = model.labels(z)
    valid = np.asarray(check(masks, profile).valid.all(axis=1))
    return Walk(z, masks, measure(masks).values, valid)


def dimension_index(model: ShapeModel, dimension: int | str) -> int:
    """Number of a dimension that is given by its number or by its attribute's name.

    Raises:
        SettingsError: There is no such dimension.
    """
    text = str(dimension)
    names = ATTRIBUTES if isinstance(model, ArVae) else ()
    if text in names:
        return names.index(text)
    if text.isdecimal() and int(text) < model.dimensions:
        return int(text)
    listed = f" or {', '.join(names)}" if names else ""
    raise SettingsError(
        f"there is no dimension {text!r}.", hint=f"Take 0 to {model.dimensions - 1}{listed}."
    )


def expert_range(model: ShapeModel, dimension: int | str) -> tuple[float, float]:
    """Values of a dimension between which the codes of 95 % of the experts' masks lie."""
    values = model.density.codes[:, dimension_index(model, dimension)]
    low, high = np.quantile(values, QUANTILES)
    return float(low), float(high)


def traverse(
    model: ShapeModel,
    dimension: int | str,
    start: npt.ArrayLike | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    steps: int = 9,
) -> Walk:
    """Shapes with one dimension from low to high.

    A ventricle with half the area and the usual length and base is no heart. So the other
    dimensions follow as they do in experts' hearts, unless ``start`` says what they are. An
    end that is not given lies where 95 % of the experts end (see `expert_range`), or before
    that at the last place from which all shapes on the way are valid.

    Args:
        model: The latent space.
        dimension: Which, by its number or, for an AR-VAE, by its attribute's name.
        start: (D,) a code whose other dimensions are kept as they are.
        low, high: Ends, in units of the code.
        steps: Number of shapes.

    Raises:
        SettingsError: There is no such dimension, or not two steps.
    """
    at = dimension_index(model, dimension)
    if steps < 2:
        raise SettingsError("a traversal needs at least two steps")
    usual = expert_range(model, at)
    ends = usual[0] if low is None else low, usual[1] if high is None else high
    found = walk(model, _way(model, at, start, np.linspace(*ends, steps)))
    kept = model.density.codes.mean(axis=0) if start is None else np.ravel(start)
    for _ in range(TRIES):
        nearer = _cut(found, at, kept[at], low is None, high is None)
        if nearer is None:
            break
        found = walk(model, _way(model, at, start, np.linspace(*nearer, steps)))
    return found


def _way(model: ShapeModel, at: int, start: npt.ArrayLike | None, values: Array) -> Array:
    """Codes (n, D) with these values (n,) in one dimension."""
    if start is None:
        return model.density.given(at, values)
    codes = np.repeat(as_codes(start, model.dimensions), len(values), axis=0)
    codes[:, at] = values
    return codes


def _cut(
    found: Walk, at: int, middle: float, move_low: bool, move_high: bool
) -> tuple[float, float] | None:
    """Ends nearer to the middle, half a step before the first invalid shape; None if none is."""
    values = found.codes[:, at]
    half = (values[1] - values[0]) / 2
    bad = values[~found.valid]
    below, above = bad[bad < middle], bad[bad >= middle]
    low, high = values[0], values[-1]
    if move_low and below.size:
        low = min(below.max() + half, middle)
    if move_high and above.size:
        high = max(above.min() - half, middle)
    return None if (low, high) == (values[0], values[-1]) else (float(low), float(high))


def interpolate(model: ShapeModel, first: Mask, second: Mask, steps: int = 9) -> Walk:
    """Shapes on the straight line between the codes of two masks (S, S), ends included.

    Raises:
        MeasurementError: One of the masks has no code.
        SettingsError: Not two steps.
    """
    if steps < 2:
        raise SettingsError("an interpolation needs at least two steps")
    ends = []
    for name, mask in (("first", first), ("second", second)):
        codes = model.encode(mask[None])
        if not codes.found[0]:
            raise MeasurementError(f"the {name} mask has no code: {codes.reasons[0]}")
        ends.append(codes.mean[0])
    share = np.linspace(0, 1, steps)[:, None]
    return walk(model, ends[0] * (1 - share) + ends[1] * share)


def sample_valid(
    model: ShapeModel, n: int, seed: int, profile: Profile = PUBLISHED, patience: int = 50
) -> Draws:
    """Draw from the model's density until n masks are valid.

    Args:
        model: The latent space.
        n: Number of shapes.
        seed: Source of the draws.
        profile: Bounds of the criteria.
        patience: Draws for each shape after which to give up.

    Raises:
        SettingsError: Not one shape asked for, or hardly any draw is valid.
    """
    if n < 1:
        raise SettingsError("at least one shape must be drawn")
    codes: list[Array] = []
    masks: list[Mask] = []
    found = tried = 0
    while found < n:
        if tried >= patience * n + BLOCK:
            raise SettingsError(f"only {found} of {tried} draws were valid")
        # Blocks of one size: the same shapes come first, however many are wanted.
        drawn = walk(model, model.sample(BLOCK, seed * 1_000_003 + tried // BLOCK), profile)
        sound = np.flatnonzero(drawn.valid)[: n - found]
        codes.append(drawn.codes[sound])
        masks.append(drawn.masks[sound])
        found += len(sound)
        tried += BLOCK if found < n else int(sound[-1]) + 1
    return Draws(np.concatenate(codes), np.concatenate(masks), tried)
