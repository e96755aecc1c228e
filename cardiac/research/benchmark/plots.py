"""Plots of a benchmark: how each method bears what gets harder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.errors import OutputError
from cardiac.research.benchmark.table import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = {
    "dice_lv": "Dice, left ventricle",
    "hausdorff_mm_lv": "Hausdorff distance, left ventricle (mm)",
    "invalid_frames_percent": "anatomically invalid frames (%)",
    "inconsistent_frames_percent": "temporally inconsistent frames (%)",
    "inconsistent_sequences_percent": "temporally inconsistent sequences (%)",
    "ef_mae_points": "EF, mean absolute error (points)",
}
"""Figures that are drawn, with the titles of their axes."""
_COLORS = (
    *("#999999", "#000000", "#E69F00", "#56B4E9", "#009E73", "#CC79A7"),
    *("#D55E00", "#0072B2", "#B8A800", "#7B3294"),
)
_MARKERS = "osD^vP*Xh<"
_APART = 0.045
_TRIVIAL = ("dice", "hausdorff", "ef")
"""Figures that the truth has by definition, and that are drawn without it."""


def draw_plots(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw one picture for corrupted images and one for corrupted masks, where there are any.

    Raises:
        OutputError: A picture cannot be written.
    """
    made = []
    for what in ("images", "masks"):
        groups = _groups(rows, what)
        if groups:
            path = folder / f"benchmark_{what}.png"
            _save(_picture(rows, ["clean", *groups], f"Corrupted {what}"), path)
            made.append(path)
    return made


def _groups(rows: Sequence[Row], what: str) -> list[str]:
    """Summaries by grade of one kind of corruption, in the order of the table."""
    groups = (row.group for row in rows if row.summary and row.group.startswith(f"{what},"))
    return list(dict.fromkeys(groups))


def _picture(rows: Sequence[Row], groups: list[str], title: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7), layout="constrained")
    FigureCanvasAgg(figure)
    methods = list(dict.fromkeys(row.method for row in rows))
    found = {(row.group, row.method): row.values for row in rows if row.summary}
    for axes, (name, label) in zip(figure.subplots(2, 3).flat, SHOWN.items(), strict=True):
        for k, method in enumerate(methods):
            values = [found.get((group, method), {}).get(name) for group in groups]
            if k or not name.startswith(_TRIVIAL):
                _line(axes, values, method, k, _APART * (k - (len(methods) - 1) / 2))
        ticks = [group.partition(", ")[2] or group for group in groups]
        axes.set_xticks(range(len(groups)), ticks)
        axes.set_title(label, fontsize=10)
        axes.grid(alpha=0.3)
    handles, labels = figure.axes[2].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(title)
    return figure


def _line(axes: Axes, values: Sequence[float | None], method: str, k: int, aside: float) -> None:
    """Draw one method, a little aside of the others: many have the same values."""
    known = [(x + aside, y) for x, y in enumerate(values) if y is not None]
    if known:
        axes.plot(
            *zip(*known, strict=True),
            "--" if k == 0 else "-", linewidth=1, alpha=0.9, marker=_MARKERS[k % 10],
            color=_COLORS[k % 10], markersize=5, label=method,
        )  # fmt: skip


def _save(figure: Figure, path: Path) -> None:
    try:
        # No version and no date: the same figures give the same bytes.
        figure.savefig(path, dpi=110, metadata={"Software": None})
    except OSError as error:
        raise OutputError("this picture cannot be written", path=path) from error
