"""Plausible shape: how far an outline is from those that experts draw, by view and side.

A mask can meet every anatomical criterion and still be no heart: turned, drawn over the wrong
chambers, or made of the wrong parts. Here each outline is brought to one size and place, coded
by the shape model, and compared with the experts' outlines of the same view and side by

- its *form*: orientation of the long axis, and sizes of the parts relative to one another and
  where the atrium lies, each within the experts' range;
- its *code*: Mahalanobis distance of the free dimensions of its code;
- its *fit*: how far the outline is from what its code decodes to;
- its *remainder*: pixels of the mask that the outline leaves out;

each divided by its own bound. The largest of these is the score, scaled so that 99.9 % of the
experts' masks of the training patients, each judged by statistics of other patients, score at
most `BOUND`. A mirrored heart has exactly the score of the heart itself.
"""

from __future__ import annotations

import numpy as np

from cardiac.anatomy.frame import LA, LV, MYO, as_masks, as_spacing
from cardiac.errors import MeasurementError
from cardiac.geometry import CANONICAL_SIZE, CanonicalGrid, Mask, Spacing
from cardiac.shape.expert_shapes import describe, left_out
from cardiac.shape.outline import MARKS, POINTS, extract
from cardiac.shape.weights import ShapeBundle, load_shape_model
from cardiac.types import Array

BOUND = 1.0
"""Score up to which a shape is plausible."""
LARGEST = 1.5 * CANONICAL_SIZE
"""Side in pixels up to which outlines are followed on the mask's own pixels."""
SQUARE = 0.01
"""Deviation of a pixel's aspect up to which it counts as square."""
SMALLEST_MM, LARGEST_MM = 40.0, 170.0
"""Roots of epicardial areas in mm beyond which no adult heart lies, with room for children's."""


def plausibility(
    masks: Mask,
    spacing: Spacing | None = None,
    view: str | None = None,
    mirrored: bool | None = None,
    *,
    shapes: ShapeBundle | None = None,
) -> Array:
    """Measure how far each mask is from the shapes of hearts that experts draw.

    Sizes count only where the spacing is known, and then only those that no heart has.

    Args:
        masks: (H, W) or (T, H, W) labels.
        spacing: (row, column) pixel size in mm, or None.
        view: "A4C" or "A2C"; None or another: the more favourable of the two.
        mirrored: Whether the picture is mirrored, as against CAMUS, where the right heart lies
            on the left in four-chamber views; None: the more favourable.
        shapes: Shape model; the shipped one if None.

    Returns:
        (T,) scores: at most `BOUND` where a shape is plausible; infinite where cavity or wall
        is missing or no outline can be followed.

    Raises:
        GeometryError, InvalidPixelsError: The masks are no label maps.
        WeightsError: There is no shape model.
    """
    frames = as_masks(masks)
    bundle = shapes or load_shape_model()
    grid = CanonicalGrid.fit((frames.shape[1], frames.shape[2]), spacing)
    pixel_mm = as_spacing(spacing)[1]
    if abs(grid.aspect - 1) > SQUARE or max(grid.shape) > LARGEST:
        frames, pixel_mm = grid.nearest_labels(frames), pixel_mm * grid.pitch[1]
    outlines = np.stack([_outline(mask) for mask in frames])
    pixels = np.stack([(frames == label).sum(axis=(1, 2)) for label in (LV, MYO, LA)], axis=1)
    scores = np.full(len(frames), np.inf)
    found = np.isfinite(outlines[:, MARKS]).all(axis=(1, 2)) & (pixels[:, :2] > 0).all(axis=1)
    if not found.any():
        return scores
    with np.errstate(all="ignore"):
        described = describe(outlines[found], bundle.model)
        remainder = left_out(outlines[found], pixels[found])
        judged = bundle.plausibility.scores(described, remainder, view, mirrored)
    if spacing is not None:
        size_mm = np.sqrt(pixels[found, :2].sum(axis=1)) * pixel_mm
        judged[(size_mm < SMALLEST_MM) | (size_mm > LARGEST_MM)] = np.inf
    scores[found] = np.where(np.isfinite(judged), judged, np.inf)
    return scores


def _outline(mask: Mask) -> Array:
    """Outline (POINTS, 2) of a mask in its own pixels; all NaN where it cannot be followed."""
    try:
        return extract(mask)
    except MeasurementError:
        return np.full((POINTS, 2), np.nan)
