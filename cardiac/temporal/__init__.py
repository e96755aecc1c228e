"""How smoothly things move in time: pure functions of signals."""

from cardiac.temporal.consistency import (
    TAU,
    Consistency,
    bound_in_force,
    consistency,
    expert_spans,
    measure_spans,
    spans_in_pixels,
)

__all__ = [
    "TAU",
    "Consistency",
    "bound_in_force",
    "consistency",
    "expert_spans",
    "measure_spans",
    "spans_in_pixels",
]
