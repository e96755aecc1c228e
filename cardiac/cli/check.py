"""``cardiac check``: hold mask sequences against every bound, whoever made them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cardiac.errors import CardiacError, SettingsError

if TYPE_CHECKING:
    from cardiac.correction.certificate import Certificate
    from cardiac.geometry import Mask
    from cardiac.sequence import EchoSequence

    Judge = Callable[[str, Mask, EchoSequence, float | None], Certificate]
    """Name, masks, their geometry and frame interval in s, to their certificate."""

ENDINGS = (".nii", ".nii.gz", ".mha", ".mhd")


def check_command(
    masks: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path | None = None,
    profile: str = "published",
    frame_interval_ms: float | None = None,
) -> int:
    """Measure masks against the twelve anatomical criteria and the temporal bounds.

    Exit code 0: all are certified; 1: one is not, or could not be read.

    Args:
        masks: Mask sequences in NIfTI or MetaImage, or folders of them. Labels are 0
            background, 1 LV cavity, 2 myocardium, 3 left atrium.
        out: Folder for certificate.csv (a row for each frame) and certificate.json.
        profile: Bounds of the criteria: published, camus, or a JSON file.
        frame_interval_ms: Time between frames where the files do not say, or say it wrong.
    """
    from cardiac.anatomy import load_profile
    from cardiac.correction.certificate import certify

    bounds = load_profile(profile)

    def check(_: str, frames: Mask, geometry: EchoSequence, interval: float | None) -> Certificate:
        return certify(frames, geometry.spacing, interval, bounds)

    return report(judged(masks, frame_interval_ms, check), out, "cardiac check")


def judged(masks: list[Path], frame_interval_ms: float | None, judge: Judge) -> list[Verdict]:
    """What becomes of each mask sequence; one that fails does not stop the others."""
    from cardiac.io.masks import read_mask

    found, given = mask_files(masks), seconds(frame_interval_ms)
    results = []
    for name, path in found:
        try:
            frames, geometry = read_mask(path)
            interval = given or geometry.frame_interval_s
            results.append(Verdict(name, judge(name, frames, geometry, interval)))
        except CardiacError as error:
            results.append(Verdict(name, error=error))
    return results


@dataclass(frozen=True, eq=False, slots=True)
class Verdict:
    """The certificate of one mask sequence, or why there is none."""

    id: str
    certificate: Certificate | None = None
    error: CardiacError | None = None

    @property
    def certified(self) -> bool:
        """Whether all is well."""
        return self.certificate is not None and self.certificate.certified

    def content(self) -> dict[str, Any]:
        """Everything, for JSON."""
        if self.certificate is None:
            return {"certified": False, "status": "failed", "reason": str(self.error)}
        return {"status": "ok"} | self.certificate.to_dict()


def seconds(milliseconds: float | None) -> float | None:
    """The frame interval given on the command line in seconds.

    Raises:
        SettingsError: It is not positive.
    """
    if milliseconds is None:
        return None
    if not milliseconds > 0:
        raise SettingsError("the frame interval must be positive")
    return milliseconds / 1000


def mask_files(paths: Sequence[Path]) -> list[tuple[str, Path]]:
    """Mask files with an id each: the name without its endings, numbered where it comes twice.

    Raises:
        SettingsError: There is none.
    """
    from cardiac.io.registry import stem

    files: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        files += [p for p in inside if not path.is_dir() or p.name.lower().endswith(ENDINGS)]
    if not files:
        raise SettingsError(
            "no mask was found in " + ", ".join(map(str, paths)),
            hint="Name NIfTI or MetaImage files, or folders that hold some.",
        )
    found, used = [], set[str]()
    for path in files:
        name, number = stem(path), 2
        while name.lower() in used:
            name, number = f"{stem(path)}-{number}", number + 1
        used.add(name.lower())
        found.append((name, path))
    return found


def report(results: Sequence[Verdict], out: Path | None, title: str) -> int:
    """Print the verdicts, write them where a folder is given, and give the exit code."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{title} (not for clinical use)")
    for name in ("id", "frames", "valid", "steady", "changed", "certified", "reason"):
        left = name in {"id", "reason"}
        table.add_column(name, justify="left" if left else "right", overflow="fold")
    for verdict in results:
        table.add_row(*(Text(cell) for cell in _cells(verdict)))
    console = Console()
    console.print(table)
    for note in dict.fromkeys(n for v in results if v.certificate for n in v.certificate.notes):
        console.print(Text(f"note: {note}"))
    if out is not None:
        write_certificates(out, results)
    return int(not all(verdict.certified for verdict in results))


def _cells(verdict: Verdict) -> Iterable[str]:
    certificate = verdict.certificate
    if certificate is None:
        return verdict.id, "", "", "", "", "failed", str(verdict.error)
    summary = certificate.summary()
    changes = certificate.changes
    changed = "" if changes is None else str(sum(a != "kept" for a in changes.actions))
    steady = str(summary["consistent_frames"]) if certificate.consistency.applicable else "–"
    return (
        verdict.id,
        str(len(certificate)),
        str(summary["valid_frames"]),
        steady,
        changed,
        "yes" if certificate.certified else "no",
        certificate.reason,
    )


def write_certificates(out: Path, results: Sequence[Verdict]) -> list[Path]:
    """Write certificate.csv and certificate.json.

    Raises:
        OutputError: They cannot be written.
    """
    import json

    from cardiac.io.files import write_atomically

    content = {verdict.id: verdict.content() for verdict in results}
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    paths = [out / "certificate.csv", out / "certificate.json"]
    write_atomically(paths[0], _table(results).encode())
    write_atomically(paths[1], text.encode())
    return paths


def _table(results: Sequence[Verdict]) -> str:
    """CSV with a row for each frame, or one for a sequence that failed."""
    import csv
    import io

    rows: list[dict[str, object]] = []
    for verdict in results:
        if verdict.certificate is None:
            rows.append({"id": verdict.id, "certified": False, "reason": str(verdict.error)})
            continue
        head = {"id": verdict.id, "certified": verdict.certified}
        rows += [head | row for row in verdict.certificate.rows()]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else value
