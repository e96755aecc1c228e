"""Plots of an evaluation: risk over coverage, and the map against the share of errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cardiac.uncertainty.evaluate import Record
from cardiac.uncertainty.measures import risk_coverage


def draw_plots(record: Record, folder: Path) -> list[Path]:
    """Write ``risk_coverage.png`` and ``reliability.png``.

    Args:
        record: What was measured.
        folder: An existing folder.
    """
    groups = list(dict.fromkeys(group for group, _ in record.methods))
    return [_risk(record, groups, folder), _reliability(record, groups, folder)]


def _risk(record: Record, groups: list[str], folder: Path) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(groups), 6.6), layout="constrained")
    axes = figure.subplots(2, len(groups), squeeze=False)
    for column, group in enumerate(groups):
        for (of, method), found in record.methods.items():
            if of != group:
                continue
            share, risk = risk_coverage(found.scores, 1 - np.array(found.dice))
            axes[0, column].plot(share, risk, label=method)
            errors = np.array(found.ef_errors)
            known = np.isfinite(errors)
            share, risk = risk_coverage(np.array(found.case_scores)[known], errors[known])
            axes[1, column].plot(share, risk)
        axes[0, column].set(title=group, ylabel="1 − Dice of the frames kept")
        axes[1, column].set(xlabel="share kept", ylabel="EF error of the rest (points)")
    axes[0, 0].legend(fontsize=7)
    path = folder / "risk_coverage.png"
    figure.savefig(path, dpi=110)
    return path


def _reliability(record: Record, groups: list[str], folder: Path) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * len(groups), 4), layout="constrained")
    axes = figure.subplots(1, len(groups), squeeze=False)[0]
    for axis, group in zip(axes, groups, strict=True):
        axis.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        for (of, _), found in record.methods.items():
            if of == group:
                pixels = found.tally.count.sum(axis=1)
                filled = pixels > 50
                share = found.tally.count[filled, 1] / pixels[filled]
                axis.plot(found.tally.total[filled] / pixels[filled], share, "o-", ms=3)
        axis.set(title=group, xlabel="uncertainty", ylabel="share of wrong pixels")
    path = folder / "reliability.png"
    figure.savefig(path, dpi=110)
    return path
