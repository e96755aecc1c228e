"""The curve of one index over the cine, with end-diastole and end-systole marked."""

from __future__ import annotations

from collections.abc import Sequence as Row
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.floating[Any]]

_INK = "#222222"
_PHASES = (("ED", "^", "#D55E00"), ("ES", "v", "#0072B2"))
"""Name, marker and Okabe-Ito colour of a phase."""

_STILLS = 4
"""So few frames without times are stills, which no line joins."""


def draw_curve(
    axes: Axes,
    values: Floats,
    times: Floats | None,
    label: str,
    phases: tuple[Row[int], Row[int]],
) -> None:
    """Draw (T,) values over time, or over the frame number where times are unknown.

    Missing values (NaN) leave a gap. The value axis starts at zero, so that the eye reads the
    ejected share right.

    Args:
        axes: Where to draw.
        values: (T,) in the unit that ``label`` names.
        times: (T,) seconds, or None.
        label: Text of the value axis, with the unit.
        phases: End-diastolic and end-systolic frames, counted from 0.
    """
    values = np.asarray(values, dtype=np.float64)
    x = np.arange(len(values)) if times is None else np.asarray(times) - times[0]
    stills = times is None and len(values) <= _STILLS
    axes.plot(
        x,
        values,
        color=_INK,
        linestyle="" if stills else "-",
        linewidth=1.4,
        marker="." if len(values) <= 120 else "",
        markersize=4,
    )
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
    axes.set_ylim(0, 1.22 * top if top > 0 else 1.0)
    for (name, marker, color), frames in zip(_PHASES, phases, strict=True):
        known = [f for f in frames if 0 <= f < len(values) and np.isfinite(values[f])]
        above = name == "ED"
        axes.plot(
            x[known], values[known], marker, color=color, markersize=8, linestyle="", zorder=3
        )
        for f in known:
            axes.annotate(
                name,
                (x[f], values[f]),
                (0, 8 if above else -8),
                textcoords="offset points",
                ha="center",
                va="bottom" if above else "top",
                color=color,
                fontsize=9,
                weight="bold",
            )
    span = float(x[-1] - x[0]) or 1.0
    axes.set_xlim(x[0] - 0.03 * span, x[-1] + 0.03 * span)
    if times is None:
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("frame number, from 0 (times unknown)" if times is None else "time (s)")
    axes.set_ylabel(label, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.grid(axis="y", color="#E4E4E4", linewidth=0.8)
    axes.set_axisbelow(True)
