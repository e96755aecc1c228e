"""``cardiac check`` and ``cardiac correct``: mask sequences of any tool against every bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cardiac.errors import CardiacError, GeometryError, SettingsError

if TYPE_CHECKING:
    from cardiac.correction.certificate import Certificate
    from cardiac.geometry import Mask
    from cardiac.sequence import EchoSequence

    Checker = Callable[[str, Mask, EchoSequence, float | None], Certificate]
    """Name, masks, their geometry and frame interval in s, to their certificate."""

COLUMNS = (
    "id",
    "frames",
    "valid",
    "shape",
    "time",
    "changed",
    "certified",
    "reason",
)
"""Of the table on the screen: valid frames meet all thirteen criteria; frames of plausible shape,
the last criterion; temporally consistent frames."""
ENDINGS = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr", ".gipl", ".gipl.gz")


def check_command(
    masks: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path | None = None,
    profile: str = "published",
    frame_interval_ms: float | None = None,
    at: float | None = None,
    atrium: bool = True,
    view: Literal["A4C", "A2C"] | None = None,
) -> int:
    """Measure masks against the thirteen anatomical criteria and the temporal bounds.

    Exit code 0: all are certified; 1: one is not, or could not be read.

    Args:
        masks: Mask sequences in NIfTI or MetaImage, or folders of them. Labels are 0
            background, 1 LV cavity, 2 myocardium, 3 left atrium.
        out: Folder for certificate.csv (a row for each frame) and certificate.json.
        profile: Bounds of the criteria: published, camus, or a JSON file.
        frame_interval_ms: Time between frames where the files do not say, or say it wrong.
        at: Size in mm of the square pixels to measure at: criteria hold at one resolution, and
            what is valid at 256×256 may not be at 128×128. The masks' own if left out.
        atrium: --no-atrium for masks of a tool that draws none: its criteria then do not apply.
        view: The apical view, where it is known; the more favourable of both otherwise.
    """
    from cardiac.anatomy import load_profile
    from cardiac.correction.certify import certify
    from cardiac.geometry import at_spacing

    bounds = load_profile(profile)
    if at is not None and not at > 0:
        raise SettingsError("the pixel size to measure at must be positive")

    def check(_: str, frames: Mask, geometry: EchoSequence, interval: float | None) -> Certificate:
        spacing = geometry.spacing
        if at is not None:
            if spacing is None:
                raise GeometryError(
                    "the masks have no pixel size, so they cannot be measured at another",
                    hint="Leave --at out, or store the pixel size in the file.",
                )
            frames, spacing = at_spacing(frames, spacing, at), (at, at)
        return certify(frames, spacing, interval, bounds, atrium=atrium, view=view)

    return report(checked(masks, frame_interval_ms, check), out, "cardiac check")


def correct_command(
    masks: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path,
    profile: str = "published",
    frame_interval_ms: float | None = None,
    atrium: bool = True,
    view: Literal["A4C", "A2C"] | None = None,
) -> int:
    """Make masks anatomically valid and temporally consistent, and certify them.

    Writes OUT/masks/ID.nii.gz on each mask's own grid, certificate.csv and certificate.json.
    Masks that are certified as they are keep every pixel. Exit code 0: all are certified; 1:
    one is not, or could not be read.

    Args:
        masks: Mask sequences in NIfTI or MetaImage, or folders of them.
        out: Folder for the results.
        profile: Bounds of the criteria: published, camus, or a JSON file.
        frame_interval_ms: Time between frames where the files do not say, or say it wrong.
        atrium: --no-atrium for masks of a tool that draws none: its criteria then do not apply.
        view: The apical view, where it is known; the more favourable of both otherwise.
    """
    from cardiac.anatomy import load_profile
    from cardiac.correction import correct_masks
    from cardiac.io import write_mask

    bounds = load_profile(profile)

    def correct(
        name: str, frames: Mask, geometry: EchoSequence, interval: float | None
    ) -> Certificate:
        corrected = correct_masks(
            frames, geometry.spacing, interval, profile=bounds, atrium=atrium, view=view
        )
        write_mask(out / "masks" / f"{name}.nii.gz", corrected.masks, geometry)
        return corrected.after

    return report(checked(masks, frame_interval_ms, correct), out, "cardiac correct")


def checked(
    masks: list[Path], frame_interval_ms: float | None, checker: Checker
) -> list[CheckedMasks]:
    """What becomes of each mask sequence; one that fails does not stop the others."""
    from cardiac.io.masks import read_mask

    found, given = mask_files(masks), seconds(frame_interval_ms)
    results = []
    for name, path in found:
        try:
            frames, geometry = read_mask(path)
            interval = given or geometry.frame_interval_s
            results.append(CheckedMasks(name, checker(name, frames, geometry, interval)))
        except CardiacError as error:
            results.append(CheckedMasks(name, error=error))
    return results


@dataclass(frozen=True, eq=False, slots=True)
class CheckedMasks:
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


def report(results: Sequence[CheckedMasks], out: Path | None, title: str) -> int:
    """Print the certificates, write them where a folder is given, and give the exit code."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{title} (not for clinical use)")
    for name in COLUMNS:
        left = name in {"id", "reason"}
        table.add_column(name, justify="left" if left else "right", overflow="fold")
    for one in results:
        table.add_row(*(Text(cell) for cell in _cells(one)))
    console = Console()
    console.print(table)
    for resolution in dict.fromkeys(_resolution(v.certificate) for v in results if v.certificate):
        console.print(Text(f"criteria measured at {resolution}"))
    for note in dict.fromkeys(n for v in results if v.certificate for n in v.certificate.notes):
        console.print(Text(f"note: {note}"))
    if out is not None:
        write_certificates(out, results)
    return int(not all(one.certified for one in results))


def _cells(one: CheckedMasks) -> Iterable[str]:
    certificate = one.certificate
    if certificate is None:
        return one.id, "", "", "", "", "", "failed", str(one.error)
    summary = certificate.summary()
    changes = certificate.changes
    changed = "" if changes is None else str(sum(a != "kept" for a in changes.actions))
    consistent = str(summary["consistent_frames"]) if certificate.consistency.applicable else "–"
    return (
        one.id,
        str(len(certificate)),
        str(summary["valid_frames"]),
        str(len(certificate) - sum(certificate.implausible.tolist())),
        consistent,
        changed,
        "yes" if certificate.certified else "no",
        certificate.reason,
    )


def _resolution(certificate: Certificate) -> str:
    """Grid and pixel size at which the criteria hold."""
    grid = "×".join(map(str, certificate.grid))
    if certificate.spacing is None:
        return grid
    sizes = dict.fromkeys(f"{size:.3g}" for size in certificate.spacing)
    return f"{grid}, {'×'.join(sizes)} mm"


def write_certificates(out: Path, results: Sequence[CheckedMasks]) -> list[Path]:
    """Write certificate.csv and certificate.json.

    Raises:
        OutputError: They cannot be written.
    """
    import json

    from cardiac.io.files import write_atomically

    content = {one.id: one.content() for one in results}
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    paths = [out / "certificate.csv", out / "certificate.json"]
    write_atomically(paths[0], _table(results).encode())
    write_atomically(paths[1], text.encode())
    return paths


def _table(results: Sequence[CheckedMasks]) -> str:
    """CSV with a row for each frame, or one for a sequence that failed."""
    import csv
    import io

    rows: list[dict[str, object]] = []
    for one in results:
        if one.certificate is None:
            rows.append({"id": one.id, "certified": False, "reason": str(one.error)})
            continue
        head = {"id": one.id, "certified": one.certified}
        rows += [head | row for row in one.certificate.rows()]
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
