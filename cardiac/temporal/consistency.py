"""Whether each attribute moves smoothly from frame to frame.

Source: Painchaud et al., "Echocardiography segmentation with enforced temporal consistency",
IEEE TMI 41(10), 2022; the bound grows with the square of the frame interval, as the
second difference of a smooth motion does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.attributes import ATTRIBUTES, length_powers
from cardiac.errors import GeometryError, SettingsError
from cardiac.types import Array, BoolArray

TAU = (0.0160, 0.0262, 0.0969, 0.0229, 0.0321, 0.00456, 0.0110)
"""Published bounds, in the order of `cardiac.anatomy.ATTRIBUTES`."""
ANGLE = 3
"""Column of the orientation, which is the same after a full turn."""
TAU_INTERVAL_S = 0.020
"""Frame interval at which the bounds were set."""
WIDEST = 1.0
"""Largest bound in spans of the experts. One that allows more says nothing: it does not apply."""


@dataclass(frozen=True, eq=False, slots=True)
class Consistency:
    """How smoothly the attributes of a sequence move.

    Attributes:
        deviation: (T, 7) d_t = (a_t − mean of both neighbours) ÷ span; NaN on the first and
            last frame and where a number is missing.
        bound: (7,) bound in force on |d_t|.
        applies: (7,) which attributes have a bound that says something at this frame interval.
        spans: (7,) by which the attributes are scaled, in their units.
        within: (T, 7) whether it is kept; True on the first and last frame, False where a
            number is missing, and True where the bound does not apply.
        applicable: False where no bound applies, and for fewer than three frames, which cannot
            be inconsistent.
        reason: Why it does not apply, or what is missing; "" otherwise.
    """

    deviation: Array
    bound: Array
    applies: BoolArray
    spans: Array
    within: BoolArray
    applicable: bool
    reason: str = ""

    @property
    def largest(self) -> Array:
        """(7,) largest second difference that the bounds allow, in the units of the attributes."""
        return np.asarray(self.bound * self.spans)

    @property
    def frames(self) -> BoolArray:
        """(T,) whether each frame is consistent."""
        return np.asarray(self.within.all(axis=1))

    @property
    def consistent(self) -> bool:
        """Whether the sequence is: every frame, every attribute. True where not applicable."""
        return bool(self.within.all())


def bound_in_force(
    frame_interval_s: float | None = None,
    tau: npt.ArrayLike = TAU,
    *,
    scale_with_interval: bool = True,
) -> Array:
    """Bounds (7,) on |d_t| at a frame interval: τ · max(1, (Δt / 20 ms)²), at most `WIDEST`.

    An unknown interval gets the bounds as published.
    """
    return np.asarray(np.minimum(_scaled(frame_interval_s, tau, scale_with_interval), WIDEST))


def _scaled(frame_interval_s: float | None, tau: npt.ArrayLike, scale: bool) -> Array:
    """Bounds (7,) without a ceiling."""
    bound = np.array(tau, dtype=float)
    if frame_interval_s is None or not scale:
        return bound
    return np.asarray(bound * max(1.0, (frame_interval_s / TAU_INTERVAL_S) ** 2))


def consistency(
    attributes: npt.ArrayLike,
    frame_interval_s: float | None = None,
    spans: npt.ArrayLike | None = None,
    tau: npt.ArrayLike = TAU,
    *,
    scale_with_interval: bool = True,
) -> Consistency:
    """Measure the temporal consistency of a sequence.

    Args:
        attributes: (T, 7) in the order of `cardiac.anatomy.ATTRIBUTES`, in mm, mm² and degrees.
        frame_interval_s: Seconds between frames, or None where unknown.
        spans: (7,) by which each attribute is scaled; those of the training experts if None.
            Attributes in pixels need spans in pixels: see `spans_in_pixels`.
        tau: (7,) bounds at 20 ms.
        scale_with_interval: False to compare with literature that knows no frame interval.

    Raises:
        GeometryError: The attributes are not (T, 7).
        SettingsError: A span is not positive.
    """
    values = np.array(attributes, dtype=float)
    if values.ndim != 2 or values.shape[1] != len(TAU):
        raise GeometryError(f"attributes must be (T, 7), not {values.shape}")
    scale = expert_spans() if spans is None else np.asarray(spans, dtype=float)
    if scale.shape != (len(TAU),) or not (scale > 0).all():
        raise SettingsError("spans must be seven positive numbers")
    bound = _scaled(frame_interval_s, tau, scale_with_interval)
    applies, bound = bound <= WIDEST, np.minimum(bound, WIDEST)
    deviation = np.full(values.shape, np.nan)
    within = np.ones(values.shape, dtype=bool)
    if len(values) < 3:
        reason = "fewer than three frames: temporal consistency does not apply"
        return Consistency(
            deviation, bound, applies, scale, within, applicable=False, reason=reason
        )
    deviation[1:-1] = second_difference(values) / scale
    within[1:-1] = np.abs(deviation[1:-1]) <= bound
    missing = np.isnan(values)
    within = (within | ~applies) & ~missing
    reasons = []
    if missing.any():
        count = int(missing.any(axis=1).sum())
        reasons.append(f"an attribute is missing in {count} of {len(values)} frames")
    if not applies.all():
        names = ", ".join(ATTRIBUTES[column] for column in np.flatnonzero(~applies))
        reasons.append(
            f"frames are too far apart ({1000 * (frame_interval_s or 0):.0f} ms) for the temporal"
            f" bound of {names}, which does not apply"
        )
    return Consistency(
        deviation,
        bound,
        applies,
        scale,
        np.asarray(within),
        applicable=bool(applies.any()),
        reason="; ".join(reasons),
    )


def second_difference(values: Array) -> Array:
    """a_t − (a_{t−1} + a_{t+1}) / 2 of the inner frames (T − 2, 7), over turns of the angle."""
    difference = values[1:-1] - (values[2:] + values[:-2]) / 2
    before = (values[1:-1] - values[:-2])[:, ANGLE]
    after = (values[1:-1] - values[2:])[:, ANGLE]
    # Each step is taken the short way round.
    difference[:, ANGLE] = (_wrap(before) + _wrap(after)) / 2
    return difference


def _wrap(angle: Array) -> Array:
    return np.asarray((angle + 180.0) % 360.0 - 180.0)


def measure_spans(attributes: npt.ArrayLike) -> Array:
    """Spans (7,), greatest less least, of the attributes (n, 7) of expert masks."""
    values = np.asarray(attributes, dtype=float)
    return np.asarray(np.nanmax(values, axis=0) - np.nanmin(values, axis=0))


@cache
def _shipped() -> tuple[tuple[float, ...], float]:
    text = (resources.files(__package__) / "spans.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return tuple(content["spans"].values()), float(content["median_lv_length_mm"])


def expert_spans() -> Array:
    """Spans (7,) over the expert masks of the training patients, in mm, mm² and degrees."""
    return np.array(_shipped()[0])


def spans_in_pixels(attributes: npt.ArrayLike) -> Array:
    """Spans (7,) in pixels for a sequence without calibration, from its own ventricle.

    The longest axis in the sequence is taken to be as long as the experts' median. Good
    enough to scale a bound, and for nothing else.

    Args:
        attributes: (T, 7) in pixels and degrees.

    Raises:
        GeometryError: No frame has an axis.
    """
    values = np.asarray(attributes, dtype=float)
    lengths = values[:, 1][np.isfinite(values[:, 1])]
    if lengths.size == 0 or lengths.max() <= 0:
        raise GeometryError("no frame has a long axis to scale by")
    pixels = lengths.max() / _shipped()[1]
    return np.asarray(expert_spans() * length_powers(pixels))
