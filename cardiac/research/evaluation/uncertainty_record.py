"""Rows of an evaluation put together: one record for each group and method."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cardiac.research.evaluation.uncertainty_measures import Tally

Row = dict[str, Any]


@dataclass(eq=False)
class MethodRecord:
    """What one method said of the cases of one group.

    Attributes:
        scores, dice: Of the frames that were looked at.
        plain: Means of the maps over the whole predicted foreground, for comparison.
        case_scores, case_dice, ef_errors: Of the cases; the error is NaN where there is none.
        tally: Counts of the map's pixels against errors.
        overlaps: Dice between thresholded map and errors, of the frames.
        seconds, network_s: What method and network took for these frames.
    """

    scores: list[float] = field(default_factory=list)
    dice: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)
    case_scores: list[float] = field(default_factory=list)
    case_dice: list[float] = field(default_factory=list)
    ef_errors: list[float] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    overlaps: list[float] = field(default_factory=list)
    seconds: float = 0.0
    network_s: float = 0.0

    def add(self, row: Row) -> None:
        """Take in what `cardiac.research.evaluation.uncertainty.judge_case` said of one case."""
        for name in ("scores", "dice", "plain", "overlaps"):
            getattr(self, name).extend(row[name])
        self.case_scores.append(sum(row["scores"]) / len(row["scores"]))
        self.case_dice.append(sum(row["dice"]) / len(row["dice"]))
        self.ef_errors.append(float("nan") if row["ef_error"] is None else row["ef_error"])
        self.tally.merge(Tally.of(row["tally"]))
        self.seconds += row["seconds"]
        self.network_s += row["network_s"]


@dataclass(eq=False)
class Record:
    """Everything measured, by group and method.

    Attributes:
        methods: By (group, method).
        intervals: One row per case and index: value, low, high, truth.
        strange: One row per case: whether it was called out of bank.
    """

    methods: dict[tuple[str, str], MethodRecord] = field(default_factory=dict)
    intervals: list[Row] = field(default_factory=list)
    strange: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Record:
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
            if row["out_of_bank"] is not None and row["case"] not in seen:
                seen.add(row["case"])
                record.strange.append(head | {"out_of_bank": row["out_of_bank"]})
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
