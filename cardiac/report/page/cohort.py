"""The table of a run as its report shows it: one line for each case, read from its results."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cardiac.errors import OutputError
from cardiac.report.page.case import FOLDER
from cardiac.report.page.verdicts import readable

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_UNCERTIFIED = "not certified: "
_FRAMES = re.compile(r" in frames? [\d, ]+(?:and \d+ more)?")


@dataclass(frozen=True, slots=True)
class Line:
    """One case of the cohort.

    Attributes:
        id, level, patient, view, status: As in ``indices.csv``.
        reason: Why it failed or which numbers are missing.
        light, light_reasons: The traffic light; "" where there is none.
        certified: None where nothing was written.
        certificate: Why it is not certified, and notes.
        ef, ef_low, ef_high: In percent; ``uncalibrated`` if by area and length alone.
        sha256: Hash of the input; "" where it is not known.
        data: File of the case's data below the run's folder, or "".
        thumb: Thumbnail in base64, or "".
    """

    id: str
    level: str = "sequence"
    patient: str = ""
    view: str = ""
    status: str = "ok"
    reason: str = ""
    light: str = ""
    light_reasons: str = ""
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

    @property
    def interval(self) -> bool:
        """Whether the EF has one."""
        return self.ef_low is not None and self.ef_high is not None

    def plain(self) -> dict[str, Any]:
        """For the page's own use: everything but the thumbnail."""
        return {key: value for key, value in asdict(self).items() if key != "thumb"}


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that happened to several cases.

    Attributes:
        text: What, with … in place of numbers that differ.
        ids: To which.
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

    def failed(self) -> list[Reason]:
        """Why inputs failed, the most frequent first."""
        return self._grouped(lambda line: [line.reason] if line.status != "ok" else [])

    def uncertified(self) -> list[Reason]:
        """Why sequences are not certified."""
        return self._grouped(
            lambda line: line.certificate.split("; ") if line.certified is False else []
        )

    def doubts(self) -> list[Reason]:
        """Why the light of a sequence is not ``accept``; the certificate's part is one reason."""

        def reasons(line: Line) -> list[str]:
            told = set(line.certificate.split("; "))
            parts = [part for part in line.light_reasons.split("; ") if part not in told]
            return [p.split(": ")[0] if p.startswith(_UNCERTIFIED) else p for p in parts]

        return self._grouped(reasons)

    def _grouped(self, reasons: Callable[[Line], list[str]]) -> list[Reason]:
        found: dict[str, list[tuple[str, str]]] = {}
        for line in self.sequences:
            for reason in filter(None, reasons(line)):
                alike = reason.removeprefix(f"{line.source}: ")
                alike = _NUMBER.sub("…", _FRAMES.sub("", alike))
                found.setdefault(alike, []).append((reason, line.id))
        groups = [
            Reason(members[0][0] if len(members) == 1 else alike, tuple(n for _, n in members))
            for alike, members in found.items()
        ]
        return sorted(groups, key=lambda group: -len(group.ids))


def read_cohort(folder: Path) -> Cohort:
    """Read the tables and the record of a run.

    Raises:
        OutputError: There is no table.
    """
    table = folder / "indices.csv"
    try:
        with table.open(encoding="utf-8", newline="") as file:
            lines = tuple(_line(row, folder) for row in csv.DictReader(file))
    except (OSError, ValueError, csv.Error, KeyError) as error:
        raise OutputError(
            "there is no table of a run here.",
            path=table,
            hint="Name a folder that cardiac process wrote.",
        ) from error
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    cases = {case["id"]: case for case in record.get("cases") or []}
    return Cohort(tuple(_told(line, cases.get(line.id)) for line in lines), record)


def _told(line: Line, case: dict[str, Any] | None) -> Line:
    """The line with its input's hash, and with its name alone in place of its path.

    A path tells of somebody's disk.
    """
    if case is None or line.level != "sequence":
        return line
    path = case.get("input") or ""
    reason = line.reason.replace(path, Path(path).name) if path else line.reason
    return replace(line, reason=reason, sha256=case.get("sha256") or "")


def _line(row: dict[str, str], folder: Path) -> Line:
    from base64 import b64encode

    name, ef = row["id"], _number(row, "lv_ef_percent")
    uncalibrated = ef is None and _number(row, "ef_area_length_uncalibrated") is not None
    key = "ef_area_length_uncalibrated" if uncalibrated else "lv_ef_percent"
    frames = _number(row, "n_frames")
    data, thumb = folder / FOLDER / f"{name}.json", folder / FOLDER / f"{name}.webp"
    processed = row.get("level") == "sequence" and row.get("status") == "ok"
    # A name with a path in it is none of ours, and must not lead out of the folder.
    there = processed and Path(name).name == name and data.is_file()
    texts = {
        text: row.get(text, "")
        for text in (
            "level", "patient", "view", "status", "reason", "light", "light_reasons",
            "certificate", "convention", "warnings", "notes", "source",
        )
    }  # fmt: skip
    for text in ("reason", "certificate", "light_reasons"):
        texts[text] = readable(texts[text])
    return Line(
        id=name,
        certified={"true": True, "false": False}.get(row.get("certified", "")),
        ef=_number(row, key),
        ef_low=_number(row, f"{key}_low"),
        ef_high=_number(row, f"{key}_high"),
        uncalibrated=uncalibrated,
        edv=_number(row, "lv_edv_ml"),
        esv=_number(row, "lv_esv_ml"),
        uncertainty=_number(row, "uncertainty"),
        frames=None if frames is None else int(frames),
        data=f"{FOLDER}/{name}.json" if there else "",
        thumb=b64encode(thumb.read_bytes()).decode("ascii") if there and thumb.is_file() else "",
        **texts,
    )


def _number(row: dict[str, str], key: str) -> float | None:
    try:
        return float(row[key])
    except (KeyError, ValueError, TypeError):
        return None
