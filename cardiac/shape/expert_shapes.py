"""Statistics of the shapes that experts draw: form, code and fit of outlines, by view and side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cardiac.anatomy.outlines import polygon_area
from cardiac.geometry import CANONICAL_SIZE
from cardiac.shape.arvae import TIED, ArVae
from cardiac.shape.compose import rings
from cardiac.shape.normal import attributes_of
from cardiac.shape.outline import ATRIUM, MARKS
from cardiac.types import Array

FORMS = (
    "orientation",
    "length",
    "base_width",
    "wall_area",
    "atrium_area",
    "atrium_direction",
    "atrium_distance",
    "atrium_contact",
    "atrium_opening",
)
WALL_AREA = FORMS.index("wall_area")
DISEASE = 1.25
"""Room for walls thinner (dilated) or thicker (hypertrophic) than those of the experts' patients:
what is ill is no less a heart."""
FORM_SIGNS = np.array([-1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0])
"""Signs of the forms under mirroring."""
SIZE = 100.0
"""Root of the epicardium's area, in canonical pixels, at which outlines are compared."""


@dataclass(frozen=True, eq=False, slots=True)
class Described:
    """What is compared of N outlines.

    Attributes:
        forms: (N, 9) in the order of `FORMS`.
        codes: (N, D − 7) free dimensions of the code.
        signs: (D − 7,) of the codes under mirroring.
        fit: (N,) root mean square distance to the decoded outline, in canonical pixels.
    """

    forms: Array
    codes: Array
    signs: Array
    fit: Array


@dataclass(frozen=True, eq=False, slots=True)
class ExpertShapes:
    """Statistics of the experts' outlines of one view, none of them mirrored, with their bounds.

    Attributes:
        view: Name of the view.
        middle, low, high: (9,) medians of `FORMS` and bounds on them.
        mean: (D − 7,) mean of the free dimensions.
        precision: (D − 7, D − 7) inverse of their covariance, divided by the squared bound.
        side: (D + 2,) weights of codes and forms in the logarithm of how much likelier the
            mirrored side is, by all that tells sides apart but the orientation (Fisher's linear
            discriminant), divided by its bound.
    """

    view: str
    middle: Array
    low: Array
    high: Array
    mean: Array
    precision: Array
    side: Array

    def distances(self, forms: Array, codes: Array) -> Array:
        """(N, 11) of the nine forms, the code and the side, each in units of its bound.

        Args:
            forms: (N, 9).
            codes: (N, D − 7) free dimensions.
        """
        offset = forms - self.middle
        form = offset / (np.where(offset > 0, self.high, self.low) - self.middle)
        form[:, WALL_AREA] /= DISEASE
        off = codes - self.mean
        code = np.sqrt(np.einsum("ni,ij,nj->n", off, self.precision, off))
        return np.column_stack([form, code, np.hstack([codes, forms]) @ self.side])

    def bounded(self, form: float, code: float, side: float) -> ExpertShapes:
        """The same with bounds so many times as wide on forms, code and side."""
        return replace(
            self,
            low=self.middle + form * (self.low - self.middle),
            high=self.middle + form * (self.high - self.middle),
            precision=self.precision / code**2,
            side=self.side / side,
        )


@dataclass(frozen=True, eq=False, slots=True)
class PlausibilityModel:
    """Experts' shapes of all views, with bounds on what does not depend on the view.

    Attributes:
        experts: Statistics by view.
        fit: Root mean square distance to the decoded outline that is the bound.
        remainder: Fraction of the mask's pixels that is the bound.
    """

    experts: tuple[ExpertShapes, ...]
    fit: float
    remainder: float

    def scores(
        self,
        described: Described,
        remainder: Array,
        view: str | None = None,
        mirrored: bool | None = None,
    ) -> Array:
        """(N,) largest distances; by the most favourable view and side where not known."""
        known = [experts for experts in self.experts if experts.view == view]
        turned = (False, True) if mirrored is None else (mirrored,)
        ours = described.forms, described.codes
        mirror = described.forms * FORM_SIGNS, described.codes * described.signs
        each = [
            experts.distances(*(mirror if side else ours)).max(axis=1)
            for experts in known or self.experts
            for side in turned
        ]
        others = described.fit / self.fit, remainder / self.remainder
        return np.asarray(np.max([np.min(each, axis=0), *others], axis=0))


def describe(outlines: Array, model: ArVae) -> Described:
    """What is compared of outlines (N, POINTS, 2), at one size and place.

    Args:
        outlines: In any square pixels; points of an absent structure are NaN.
        model: Codes them.
    """
    whole = model.completion.complete(outlines)
    sizes = attributes_of(whole)
    scale = SIZE / np.sqrt(sizes[:, 0] + sizes[:, 4])
    centre = sizes[:, [6, 5]] - 0.5
    middle = (CANONICAL_SIZE - 1) / 2
    placed = (whole - centre[:, None]) * scale[:, None, None] + middle
    codes, _ = model.encode_outlines(placed)
    off = ((model.outlines(codes) - placed) ** 2).sum(axis=2).mean(axis=1)
    return Described(_forms(placed), codes[:, TIED:], model.signs[TIED:], np.sqrt(off))


def _forms(outlines: Array) -> Array:
    """(N, 9) forms of whole outlines whose epicardium has the area `SIZE` squared."""
    area, length, width, orientation, wall, _, _ = attributes_of(outlines).T
    left, right, apex = np.moveaxis(outlines[:, MARKS], 1, 0)
    atrium = outlines[:, ATRIUM]
    base = (left + right) / 2
    down = base - apex
    away = atrium.mean(axis=1) - base
    across = down[:, 0] * away[:, 1] - down[:, 1] * away[:, 0]
    contact = np.hypot(*(atrium[:, 0] - left).T) + np.hypot(*(atrium[:, -1] - right).T)
    return np.stack(
        [
            orientation,
            np.log(length / np.sqrt(area)),
            np.log(width / np.sqrt(area)),
            np.log(wall / area),
            np.log(polygon_area(atrium)),
            np.degrees(np.arctan2(across, (down * away).sum(axis=1))),
            np.hypot(*away.T),
            contact,
            np.log(np.hypot(*(atrium[:, -1] - atrium[:, 0]).T) / width),
        ],
        axis=1,
    )


def left_out(outlines: Array, pixels: Array) -> Array:
    """(N,) fraction of a mask's pixels by which the areas of its outline differ from it.

    Args:
        outlines: (N, POINTS, 2) in pixels of the mask.
        pixels: (N, 3) pixels of cavity, wall and atrium.
    """
    cavity, epicardium, _ = (polygon_area(ring) for ring in rings(outlines))
    atrium = np.where(pixels[:, 2] > 0, polygon_area(outlines[:, ATRIUM]), 0.0)
    drawn = np.stack([cavity, epicardium - cavity, atrium], axis=1)
    return np.asarray(np.abs(drawn - pixels).sum(axis=1) / pixels.sum(axis=1))
