"""The table of a run as its report shows it: one line for each case, read from its results."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cardiac.reasons import Reason
from cardiac.results import layout, read_reasons, read_record
from cardiac.results.rows import CERTIFICATE, STATUS, TRIAGE
from cardiac.results.tables import number, read_texts, shown_ef, yes_or_no
from cardiac.states import Level, Status


@dataclass(frozen=True, slots=True)
class Line:
    """One case of the cohort.

    Attributes:
        id, level, patient, view, status: As in ``indices.csv``.
        reason: Why it failed or which numbers are missing.
        triage, triage_reasons: What a reader should do, and why; "" where it was not asked.
        certified: None where nothing was written.
        certificate: Why it is not certified, and notes.
        ef, ef_low, ef_high: In percent; ``uncalibrated`` if by area and length alone.
        sha256: Hash of the input; "" where it is not known.
        data: File of the case's data below the run's folder, or "".
        thumb: Thumbnail in base64, or "".
        reasons: What is said of it, as data.
    """

    id: str
    level: str = "sequence"
    patient: str = ""
    view: str = ""
    status: str = "ok"
    reason: str = ""
    triage: str = ""
    triage_reasons: str = ""
    certified: bool | None = None
    certificate: str = ""
    ef: float | None = None
    ef_low: float | None = None
    ef_high: float | None = None
    uncalibrated: bool = False
    edv: float | None = None
    esv: float | None = None
    uncertainty: float | None = None
    frames: int | None = None
    convention: str = ""
    warnings: str = ""
    notes: str = ""
    source: str = ""
    sha256: str = ""
    data: str = ""
    thumb: str = ""
    reasons: tuple[tuple[str, Reason], ...] = ()

    @property
    def interval(self) -> bool:
        """Whether the EF has one."""
        return self.ef_low is not None and self.ef_high is not None

    def plain(self) -> dict[str, Any]:
        """For the page's own use: everything but the thumbnail and the reasons as data."""
        return {k: v for k, v in asdict(self).items() if k not in ("thumb", "reasons")}


@dataclass(frozen=True, slots=True)
class SharedReason:
    """A reason that one or several cases have.

    Attributes:
        text: The sentence.
        ids: The cases.
    """

    text: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    """A run.

    Attributes:
        lines: Its cases in the order of its tables.
        record: ``run.json``, or {} where there is none.
    """

    lines: tuple[Line, ...]
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def sequences(self) -> tuple[Line, ...]:
        """Lines that stand for one cine."""
        return tuple(line for line in self.lines if line.level == "sequence")

    def failed(self) -> list[SharedReason]:
        """Why inputs failed, the most frequent first."""
        return self._grouped(STATUS)

    def uncertified(self) -> list[SharedReason]:
        """Why sequences are not certified."""
        return self._grouped(CERTIFICATE)

    def flagged(self) -> list[SharedReason]:
        """Why the triage of a sequence is not ``accept``."""
        return self._grouped(TRIAGE)

    def _grouped(self, about: str) -> list[SharedReason]:
        found: dict[str, list[tuple[Reason, str]]] = {}
        for line in self.sequences:
            for what, reason in line.reasons:
                if what == about:
                    # An error of one kind may tell of many things: its sentence tells them apart.
                    key = f"{reason.code} {reason.general}"
                    found.setdefault(key, []).append((reason, line.id))
        groups = [
            SharedReason(_shared([reason for reason, _ in members]), tuple(n for _, n in members))
            for members in found.values()
        ]
        return sorted(groups, key=lambda group: -len(group.ids))


def _shared(reasons: list[Reason]) -> str:
    """One sentence for reasons of one code."""
    first = reasons[0]
    if len(reasons) == 1:
        return str(first)
    return first.general or first.text


def read_cohort(folder: Path) -> Cohort:
    """Read the tables and the record of a run.

    Raises:
        NotFoundError: There is no table.
        UnreadableFileError: It cannot be read.
    """
    lines = tuple(_line(row, folder) for row in read_texts(folder / layout.INDICES))
    record = dict(read_record(folder))
    cases = {case["id"]: case for case in record.get("cases") or []}
    return Cohort(tuple(_told(line, cases.get(line.id)) for line in lines), record)


def _told(line: Line, case: dict[str, Any] | None) -> Line:
    """The line with its input's hash, and with its name alone in place of its path.

    A path tells of somebody's disk.
    """
    if case is None or line.level != "sequence":
        return line
    name, reason = Path(case.get("input") or "").name, line.reason
    before, found, after = reason.partition(f"{name}: ")
    if found and before.endswith(("/", "\\")):  # an error names its file first, by its path
        reason = found + after
    return replace(line, reason=reason, sha256=case.get("sha256") or "")


def _line(row: dict[str, str], folder: Path) -> Line:
    from base64 import b64encode

    name = row["id"]
    ef, uncalibrated = shown_ef(row)
    key = "ef_area_length_uncalibrated" if uncalibrated else "lv_ef_percent"
    frames = number(row.get("n_frames"))
    data, thumb = layout.case_file(folder, name), layout.thumbnail_file(folder, name)
    processed = row.get("level") == Level.SEQUENCE and row.get("status") == Status.OK
    # A name with a path in it is none of ours, and must not lead out of the folder.
    there = processed and Path(name).name == name and data.is_file()
    texts = {
        text: row.get(text, "")
        for text in (
            "level", "patient", "view", "status", "reason", "triage", "triage_reasons",
            "certificate", "convention", "warnings", "notes", "source",
        )
    }  # fmt: skip
    return Line(
        id=name,
        certified=yes_or_no(row.get("certified")),
        ef=ef,
        ef_low=number(row.get(f"{key}_low")),
        ef_high=number(row.get(f"{key}_high")),
        uncalibrated=uncalibrated,
        edv=number(row.get("lv_edv_ml")),
        esv=number(row.get("lv_esv_ml")),
        uncertainty=number(row.get("uncertainty")),
        frames=None if frames is None else int(frames),
        data=data.relative_to(folder).as_posix() if there else "",
        thumb=b64encode(thumb.read_bytes()).decode("ascii") if there and thumb.is_file() else "",
        reasons=tuple(read_reasons(row.get("reasons"))),
        **texts,
    )
