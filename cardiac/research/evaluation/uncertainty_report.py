"""Report of an evaluation: records by group and method, their tables, and plots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiac.research.evaluation.uncertainty_measures import (
    CalibrationHistogram,
    auroc,
    correlation,
    risk_after_referral,
    risk_coverage,
)
from cardiac.types import Data

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POOR, FAIR, WRONG_EF = 0.85, 0.90, 10.0
"""Dice below which a mask is poor or only fair, and EF error in points that is wrong."""
COLOURS = {
    "fused": "#0b5394", "crisp": "#cc7a00", "entropy": "#3d8b37", "augmentation": "#a64d79",
    "dropout": "#c0392b", "latent": "#8a8a8a", "edge": "#b8a000",
}  # fmt: skip
MIN_FRACTION, MIN_PIXELS = 0.1, 200
"""Below so many cases or pixels a mean says nothing."""


@dataclass(eq=False)
class MethodRecord:
    """What one method said of the cases of one group.

    Attributes:
        scores, dice: Of the frames that were looked at.
        plain: Means of the maps over the whole predicted foreground, for comparison.
        case_scores, case_dice, ef_errors: Of the cases; the error is NaN where there is none.
        histogram: Counts of the map's pixels against errors.
        overlaps: Dice between thresholded map and errors, of the frames.
        seconds, network_s: What method and network took for these frames.
    """

    scores: list[float] = field(default_factory=list)
    dice: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    case_scores: list[float] = field(default_factory=list)
    case_dice: list[float] = field(default_factory=list)
    ef_errors: list[float] = field(default_factory=list)
    histogram: CalibrationHistogram = field(default_factory=CalibrationHistogram)
    overlaps: list[float] = field(default_factory=list)
    seconds: float = 0.0
    network_s: float = 0.0

    def add(self, row: Data) -> None:
        """Take in what `cardiac.research.evaluation.uncertainty.method_row` said of one case."""
        for name in ("scores", "dice", "plain", "overlaps"):
            getattr(self, name).extend(row[name])
        self.case_scores.append(sum(row["scores"]) / len(row["scores"]))
        self.case_dice.append(sum(row["dice"]) / len(row["dice"]))
        self.ef_errors.append(float("nan") if row["ef_error"] is None else row["ef_error"])
        self.histogram.merge(CalibrationHistogram.from_numbers(row["histogram"]))
        self.seconds += row["seconds"]
        self.network_s += row["network_s"]


@dataclass(eq=False)
class EvaluationRecord:
    """Everything measured, by group and method.

    Attributes:
        methods: By (group, method).
        intervals: One row per case and index: value, low, high, truth.
        ood: One row per case: whether it was called out of distribution.
    """

    methods: dict[tuple[str, str], MethodRecord] = field(default_factory=dict)
    intervals: list[Data] = field(default_factory=list)
    ood: list[Data] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Data]) -> EvaluationRecord:
        """The record of the rows of all cases: of methods, and of intervals."""
        record = cls()
        seen: set[str] = set()
        for row in rows:
            head = {name: row[name] for name in ("case", "group", "patient")}
            if "intervals" in row:
                record.intervals += [head | part for part in row["intervals"]]
                continue
            of = (row["group"], row["method"])
            record.methods.setdefault(of, MethodRecord()).add(row)
            if row["out_of_distribution"] is not None and row["case"] not in seen:
                seen.add(row["case"])
                record.ood.append(head | {"out_of_distribution": row["out_of_distribution"]})
        return record

    @property
    def groups(self) -> list[str]:
        """Names of the groups, in the order of the cases."""
        return list(dict.fromkeys(group for group, _ in self.methods))

    @property
    def network_ms(self) -> float:
        """Milliseconds that the network took for a frame, mean over all groups."""
        found = {group: record for (group, _), record in reversed(self.methods.items())}
        frames = sum(len(record.scores) for record in found.values())
        return 1000 * sum(record.network_s for record in found.values()) / max(frames, 1)


def method_rows(record: EvaluationRecord) -> list[Data]:
    """Figures of every method in every group; None where a group cannot tell."""
    return [
        {"group": group, "method": method, **figures(found)}
        for (group, method), found in record.methods.items()
    ]


def figures(found: MethodRecord) -> Data:
    """Figures of one method in one group.

    ``correlation_plain`` is that of the mean over the whole foreground, in which the atrium
    counts less. Areas under risk–coverage curves are mean risks over all coverages;
    ``referral`` is how much the mean EF error falls when the most uncertain fifth of the cases
    goes to a person.
    """
    scores, dice = np.array(found.scores), np.array(found.dice)
    errors = np.array(found.ef_errors)
    known = np.isfinite(errors)
    case = np.array(found.case_scores)[known]
    errors = errors[known]
    return {
        "frames": len(scores),
        "correlation": correlation(scores, dice),
        "correlation_plain": correlation(np.array(found.plain), dice),
        "ece": found.histogram.calibration_error,
        "mutual_information": found.histogram.mutual_information,
        "overlap": float(np.mean(found.overlaps)) if found.overlaps else None,
        "risk_dice": float(risk_coverage(scores, 1 - dice)[1].mean()),
        "auroc_poor": auroc(scores, dice < POOR),
        "auroc_fair": auroc(scores, dice < FAIR),
        "cases": len(errors),
        "risk_ef": float(risk_coverage(case, errors)[1].mean()) if len(errors) else None,
        "auroc_ef": auroc(case, errors > WRONG_EF) if len(errors) else None,
        "referral": risk_after_referral(case, errors) if len(errors) else None,
        "ms_per_frame": 1000 * found.seconds / max(len(scores), 1),
    }


def interval_summary(record: EvaluationRecord) -> list[Data]:
    """Coverage and mean width of the intervals by group and index."""
    keys = dict.fromkeys((row["group"], row["index"]) for row in record.intervals)
    result = []
    for group, index in keys:
        rows = [r for r in record.intervals if (r["group"], r["index"]) == (group, index)]
        have = [r for r in rows if r["low"] is not None]
        inside = [r["low"] <= r["truth"] <= r["high"] for r in have]
        widths = [r["high"] - r["low"] for r in have]
        result.append(
            {
                "group": group,
                "index": index,
                "n": len(have),
                "missing": len(rows) - len(have),
                "coverage": float(np.mean(inside)) if have else None,
                "width": float(np.mean(widths)) if have else None,
                "mae": float(np.mean([abs(r["value"] - r["truth"]) for r in have]))
                if have
                else None,
            }
        )
    return result


def markdown(rows: list[Data]) -> str:
    """A table of rows with the same keys."""
    if not rows:
        return "no rows\n"
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row[n]) for n in names) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def draw_plots(record: EvaluationRecord, folder: Path, default: str = "fused") -> list[Path]:
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
        _plot_group(group, found, paths[-1], default)
    return paths


def _plot_group(group: str, found: dict[str, MethodRecord], path: Path, default: str) -> None:
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
        axes.set(xlabel="fraction kept, the least uncertain first", xlim=(0, 1), ylim=(0, None))
    reliable.set(title="Maps", xlabel="uncertainty of a pixel", ylabel="fraction of wrong pixels")
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
    fraction, mean = risk_coverage(np.asarray(scores, dtype=float), values)
    enough = fraction >= MIN_FRACTION
    axes.plot(fraction[enough], mean[enough], **style)  # type: ignore[arg-type]


def _reliability(axes: Axes, record: MethodRecord, style: dict[str, object]) -> None:
    pixels = record.histogram.count.sum(axis=1)
    enough = pixels >= MIN_PIXELS
    wrong = record.histogram.count[enough, 1] / pixels[enough]
    axes.plot(record.histogram.total[enough] / pixels[enough], wrong, **style)  # type: ignore[arg-type]
