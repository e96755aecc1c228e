"""Plots of an evaluation: risk over coverage, and the map against the share of errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cardiac.research.evaluation.uncertainty_measures import risk_coverage
from cardiac.research.evaluation.uncertainty_record import MethodRecord, Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    "fused": "#0b5394", "crisp": "#cc7a00", "entropy": "#3d8b37", "augmentation": "#a64d79",
    "dropout": "#c0392b", "latent": "#8a8a8a", "edge": "#b8a000",
}  # fmt: skip
LEAST_SHARE, LEAST_PIXELS = 0.1, 200
"""Below so many cases or pixels a mean says nothing."""


def draw_plots(record: Record, folder: Path, default: str = "fused") -> list[Path]:
    """Draw every group as ``uncertainty_<group>.png``: two risk–coverage curves, and reliability.

    Args:
        record: What was measured.
        folder: An existing folder.
        default: Method that is drawn in bold.
    """
    paths = []
    for group in record.groups:
        found = {method: r for (of, method), r in record.methods.items() if of == group}
        paths.append(folder / f"uncertainty_{group.replace(' ', '_')}.png")
        _sheet(group, found, paths[-1], default)
    return paths


def _sheet(group: str, found: dict[str, MethodRecord], path: Path, default: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 3.3), layout="constrained")
    masks, fractions, reliable = figure.subplots(1, 3)
    reliable.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle=":")
    for method, record in sorted(found.items(), key=lambda item: item[0] == default):
        bold = method == default
        style = {
            "color": COLOURS.get(method, "black"),
            "linewidth": 2.4 if bold else 1.1,
            "label": method,
        }
        _risk(masks, record.scores, 1 - np.array(record.dice), style)
        errors = np.array(record.ef_errors)
        known = np.isfinite(errors)
        _risk(fractions, np.array(record.case_scores)[known], errors[known], style)
        _reliability(reliable, record, style)
    count = len(next(iter(found.values())).case_scores)
    masks.set(title=f"Masks, {group} ({count})", ylabel="1 − Dice of the frames kept")
    fractions.set(title="Ejection fraction", ylabel="mean EF error of the rest (points)")
    for axes in (masks, fractions):
        axes.set(xlabel="share kept, the least uncertain first", xlim=(0, 1), ylim=(0, None))
    reliable.set(title="Maps", xlabel="uncertainty of a pixel", ylabel="share of wrong pixels")
    reliable.set(xlim=(0, 1), ylim=(0, 1))
    for axes in (masks, fractions, reliable):
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = reliable.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right center", frameon=False)
    figure.savefig(path, dpi=100)


def _risk(axes: Axes, scores: object, risk: object, style: dict[str, object]) -> None:
    values = np.asarray(risk, dtype=float)
    if not len(values):
        return
    share, mean = risk_coverage(np.asarray(scores, dtype=float), values)
    enough = share >= LEAST_SHARE
    axes.plot(share[enough], mean[enough], **style)  # type: ignore[arg-type]


def _reliability(axes: Axes, record: MethodRecord, style: dict[str, object]) -> None:
    pixels = record.tally.count.sum(axis=1)
    enough = pixels >= LEAST_PIXELS
    share = record.tally.count[enough, 1] / pixels[enough]
    axes.plot(record.tally.total[enough] / pixels[enough], share, **style)  # type: ignore[arg-type]
