"""What moves over time: attributes of raw and of written masks, and their latent trajectory."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiac.anatomy import ATTRIBUTE_TITLES, ATTRIBUTES
from cardiac.anatomy.attributes import length_powers
from cardiac.types import Array, Data

if TYPE_CHECKING:
    from cardiac.correction.certificate import Certificate
    from cardiac.geometry import Spacing
    from cardiac.shape import ArVae


def numbers(values: Any, digits: int = 5) -> list[float | None]:
    """Values as JSON has them: a few significant digits, None for what is missing."""
    return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in np.asarray(values, float)]


def curves(
    after: Certificate, before: Certificate | None = None, scores: Array | None = None
) -> list[Data]:
    """Attributes, temporal consistency and uncertainty over the frames.

    Args:
        after: Certificate of the written masks.
        before: Certificate of the network's masks, where they were corrected.
        scores: (T,) uncertainty of each frame, where it was estimated.
    """
    found = []
    for name, title in ATTRIBUTE_TITLES.items():
        factor, unit = _unit(name, after.attributes.units)
        found.append(
            {
                "key": name,
                "title": title,
                "unit": unit,
                "zero": name.endswith("area"),
                "written": numbers(after.attributes[name] * factor),
                "network": before and numbers(before.attributes[name] * factor),
            }
        )
    if after.consistency.applicable:
        found.append(
            {
                "key": "consistency",
                "title": "Temporal inconsistency (1 is the bound)",
                "unit": "",
                "zero": True,
                "bound": 1.0,
                "written": numbers(_inconsistency(after)),
                "network": before and numbers(_inconsistency(before)),
            }
        )
    if scores is not None:
        found.append(
            {
                "key": "uncertainty",
                "title": "Uncertainty of the mask (0 to 1)",
                "unit": "",
                "zero": True,
                "written": numbers(scores),
                "network": None,
            }
        )
    return found


def latent(
    shape: tuple[int, int],
    spacing: Spacing | None,
    after: Certificate,
    before: Certificate | None = None,
) -> list[Data]:
    """The seven tied dimensions of the code of every frame, with their bounds.

    A tied dimension is its attribute, standardised over the experts' masks, so that the
    trajectory needs no decoding. ``corridor`` is how far a frame may be from the middle of its
    neighbours; ``range`` holds 95 % of the experts.

    Args:
        shape: (H, W) of the frames.
        spacing: (row, column) pixel size in mm, where it is known.
        after, before: Certificates of the written masks and, if corrected, of the network's.
    """
    from cardiac.correction.fit import OutlineGrid
    from cardiac.shape import expert_range

    model = _model()
    canvas = OutlineGrid(shape, spacing)
    written = _codes(after, canvas, model)
    raw = None if before is None else _codes(before, canvas, model)
    pixel = canvas.pixel_mm
    corridor = after.consistency.largest / (length_powers(pixel) * model.attribute_sd)
    return [
        {
            "key": name,
            "title": ATTRIBUTE_TITLES[name],
            "written": numbers(written[:, column]),
            "network": None if raw is None else numbers(raw[:, column]),
            "corridor": float(f"{corridor[column]:.4g}") if after.consistency.applicable else None,
            "range": numbers(expert_range(model, name)),
        }
        for column, name in enumerate(ATTRIBUTES)
    ]


@cache
def _model() -> ArVae:
    from cardiac.shape import load_shape_model

    return load_shape_model().model


def _codes(certificate: Certificate, canvas: Any, model: ArVae) -> Array:
    values = canvas.attributes(certificate.attributes.values)
    return np.asarray((values - model.attribute_mean) / model.attribute_sd)


def _inconsistency(certificate: Certificate) -> Array:
    """(T,) largest second difference of the seven attributes over its bound; NaN at both ends."""
    held = certificate.consistency
    share = np.abs(held.deviation) / held.bound
    known = np.asarray(np.isfinite(share).any(axis=1))
    return np.where(known, np.nanmax(np.where(known[:, None], share, 0.0), axis=1), np.nan)


def _unit(name: str, units: str) -> tuple[float, str]:
    """Factor to the unit that a reader is used to, and the unit."""
    if name == "lv_orientation":
        return 1.0, "°"
    if units == "px":
        return 1.0, "px²" if name.endswith("area") else "px"
    return (0.01, "cm²") if name.endswith("area") else (1.0, "mm")
