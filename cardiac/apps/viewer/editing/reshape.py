"""Frames drawn with other attributes, each with its own outline's shape."""

from __future__ import annotations

import numpy as np

from cardiac.anatomy.frame import BACKGROUND, LA
from cardiac.correction.canvas import Canvas
from cardiac.correction.certificate import Measured
from cardiac.correction.observe import follow
from cardiac.correction.plausible import drawable
from cardiac.correction.repair import repair_frame
from cardiac.correction.terms import Terms
from cardiac.geometry import Mask
from cardiac.shape.normal import from_normal, to_normal
from cardiac.shape.outline import ATRIUM, EPI, WALL
from cardiac.types import Array, BoolArray


class Shapes:
    """The outlines of masks, taken apart into attributes and what is left when they are gone.

    Args:
        masks: (T, H, W) labels.
        measured: What was measured of them.
        terms: Grid, clock and bounds.

    Attributes:
        base: The masks.
        values: (T, 7) their attributes as measured.
        found: (T,) frames that have a heart's outline and can be drawn anew.
    """

    def __init__(self, masks: Mask, measured: Measured, terms: Terms) -> None:
        self.base, self.terms = masks, terms
        self.canvas = Canvas((masks.shape[1], masks.shape[2]), terms.spacing)
        self.values = measured.attributes.values
        outlines = follow(self.canvas, masks)
        no_atrium = np.isnan(outlines[:, ATRIUM]).any(axis=(1, 2))
        walled = np.isfinite(outlines[:, EPI]).all(axis=(1, 2))
        self._bare: BoolArray = np.asarray(no_atrium & walled)
        # Inside the cavity, where nothing of it is drawn.
        middle = outlines[:, WALL].mean(axis=1, keepdims=True)
        outlines[:, ATRIUM] = np.where(self._bare[:, None, None], middle, outlines[:, ATRIUM])
        drawn = np.isfinite(outlines).all(axis=(1, 2))
        whole: BoolArray = np.asarray(drawn & np.isfinite(self.values).all(axis=1))
        found: BoolArray = np.zeros(len(masks), dtype=bool)
        self._normal = np.full(outlines.shape, np.nan)
        self._own = np.full(self.values.shape, np.nan)
        if whole.any():
            found[whole] = drawable(outlines[whole])
            self._normal[whole], self._own[whole] = to_normal(outlines[whole])
        self.found = found

    def draw(self, values: Array, which: BoolArray) -> dict[int, Mask]:
        """Label maps of some frames (T,) with these attributes (T, 7), labels repaired.

        Attributes are in the units in which they were measured. An outline moves by as much
        as its attributes are to move: what lies between an outline and its pixels stays.
        """
        places = np.flatnonzero(which & self.found)
        if not places.size:
            return {}
        change = self.canvas.attributes(values[places]) - self.canvas.attributes(
            self.values[places]
        )
        outlines = from_normal(self._normal[places], self._own[places] + change)
        drawn = {}
        for t, mask in zip(places.tolist(), self.canvas.draw(outlines), strict=True):
            if self._bare[t]:
                mask[mask == LA] = BACKGROUND
            drawn[t] = mask
        return drawn

    def repaired(self, masks: dict[int, Mask], valid: BoolArray) -> dict[int, Mask]:
        """Those of the masks that are not valid (T,), with their labels repaired."""
        profile = self.terms.profile
        return {t: repair_frame(mask, profile) for t, mask in masks.items() if not valid[t]}
