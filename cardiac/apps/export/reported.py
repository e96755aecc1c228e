"""The numbers to hand on: indices with their intervals, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cardiac.clinical import INDEX, Indices
from cardiac.clinical.catalogue import NAMES
from cardiac.clinical.volumes import Convention
from cardiac.reasons import Reason
from cardiac.results import read_reasons
from cardiac.results.tables import frame_numbers, number, yes_or_no

if TYPE_CHECKING:
    from cardiac.study import Study

_LEVEL = 0.9
_ELSEWHERE = "each_view"


@dataclass(frozen=True, slots=True)
class ReportedIndices:
    """The indices of one sequence, or of two views of a patient.

    Attributes:
        values: Number of every index that could be measured.
        bounds: (low, high) of those that have an interval.
        reasons: Why the others could not be measured.
        view: A4C, A2C, A3C, unknown or biplane.
        convention: How the discs were stacked.
        level: Share of experts' values that the intervals hold.
        n_beats: Beats that were averaged.
        ed_frames, es_frames: Their frames, counted from 0.
        certified: Whether the masks are certified; None where it was not asked.
        triage: accept, review or reject; "" where it was not asked.
        remarks: What a reader must know before trusting a number.
        patient: Who it belongs to, as the tables call them.
    """

    values: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    view: str = "unknown"
    convention: str = str(Convention.ASE)
    level: float = _LEVEL
    n_beats: int = 0
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()
    certified: bool | None = None
    triage: str = ""
    remarks: tuple[str, ...] = ()
    patient: str = ""

    @classmethod
    def of(cls, study: Study) -> ReportedIndices:
        """The indices of a study."""
        assessment = study.assessment
        intervals = assessment.intervals if assessment else None
        bounds = intervals.bounds if intervals else {}
        remarks = [study.certificate.reason]
        remarks += [str(why) for why in (assessment.triage_reasons if assessment else ())]
        return cls.measured(
            study.indices,
            bounds={name: (float(low), float(high)) for name, (low, high) in bounds.items()},
            level=intervals.level if intervals else _LEVEL,
            certified=study.certificate.certified,
            triage=str(assessment.triage) if assessment else "",
            remarks=remarks,
            patient=study.sequence.subject.id or "",
        )

    @classmethod
    def measured(
        cls,
        indices: Indices,
        *,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        level: float = _LEVEL,
        certified: bool | None = None,
        triage: str = "",
        remarks: list[str] | None = None,
        patient: str = "",
    ) -> ReportedIndices:
        """Indices as they were measured, with what else is known of them."""
        values = dict(indices.values)
        return cls(
            values,
            bounds or {},
            {name: str(why) for name, why in indices.reasons.items() if _meant(name, why, values)},
            str(indices.view),
            str(indices.convention),
            level,
            indices.n_beats,
            indices.ed_frames,
            indices.es_frames,
            certified,
            triage,
            tuple(filter(None, [*(remarks or ()), *map(str, indices.warnings)])),
            patient,
        )

    @classmethod
    def from_row(cls, row: Mapping[str, str], level: float = _LEVEL) -> ReportedIndices:
        """The indices in a row of ``indices.csv``.

        Args:
            row: Column to cell.
            level: Share of experts' values that its intervals hold, from the run's settings.
        """
        values = {name: value for name in NAMES if (value := number(row.get(name))) is not None}
        bounds = {}
        for name in values:
            ends = number(row.get(f"{name}_low")), number(row.get(f"{name}_high"))
            if ends[0] is not None and ends[1] is not None:
                bounds[name] = (ends[0], ends[1])
        reasons = {
            name: str(why)
            for name, why in read_reasons(row.get("reasons"))
            if name in INDEX and _meant(name, why, values)
        }
        told = (row.get(k, "") for k in ("certificate", "triage_reasons", "warnings"))
        return cls(
            values,
            bounds,
            reasons,
            row.get("view") or "unknown",
            row.get("convention") or str(Convention.ASE),
            level,
            int(number(row.get("n_beats")) or 0),
            frame_numbers(row.get("ed_frames", "")),
            frame_numbers(row.get("es_frames", "")),
            yes_or_no(row.get("certified")),
            row.get("triage", ""),
            tuple(filter(None, told)),
            row.get("patient", ""),
        )

    @property
    def verdict(self) -> str:
        """Certificate and triage in words."""
        certified = {True: "masks certified", False: "masks NOT certified", None: ""}
        return ", ".join(filter(None, [certified[self.certified], self.triage]))

    def interval(self, name: str, unit: str) -> str:
        """The interval of an index in words."""
        low, high = self.bounds[name]
        return f"{self.level:.0%} interval {low:.3g} to {high:.3g} {unit}"


def _meant(name: str, reason: Reason, values: Mapping[str, float]) -> bool:
    """Whether an index is missing that belongs here."""
    return name not in values and not INDEX[name].optional and reason.code != _ELSEWHERE
