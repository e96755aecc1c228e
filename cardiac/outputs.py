"""What a study leaves on disk: the mask, the pictures, and rows of the tables."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.certificate.changes import ACTIONS
from cardiac.clinical import NUMBERS, PER_BSA, Indices, combine_views
from cardiac.errors import CardiacError
from cardiac.io import InputItem, write_atomically, write_mask
from cardiac.io.write import write_share_map
from cardiac.sequence import View
from cardiac.uncertainty.intervals import INTERVALS

if TYPE_CHECKING:
    from cardiac.study import Study

Row = dict[str, object]

INDEX_NAMES = (*NUMBERS, *PER_BSA, "heart_rate_bpm", "long_axis_discordance_percent")
BOUND_NAMES = tuple(f"{name}_{end}" for name in (*INTERVALS, *PER_BSA) for end in ("low", "high"))
INDEX_COLUMNS = (
    "id",
    "level",
    "patient",
    "view",
    "status",
    "reason",
    "convention",
    "light",
    "light_reasons",
    "uncertainty",
    "out_of_bank",
    "certified",
    "certificate",
    "frames_kept",
    "frames_repaired",
    "frames_moved",
    "frames_replaced",
    "n_frames",
    "frame_interval_ms",
    "spacing_row_mm",
    "spacing_column_mm",
    "n_beats",
    "ed_frames",
    "es_frames",
    *INDEX_NAMES,
    *BOUND_NAMES,
    "warnings",
    "notes",
    "source",
)
"""Columns of ``indices.csv``; units are in the names, frames count from 0."""
FRAME_COLUMNS = (
    "id",
    "frame",
    "time_s",
    "phase",
    "lv_area_mm2",
    "lv_length_mm",
    "lv_base_width_mm",
    "lv_orientation_deg",
    "myo_area_mm2",
    "epi_center_x_mm",
    "epi_center_y_mm",
    "la_area_mm2",
    "lv_area_px",
    "la_area_px",
    "valid",
    "consistent",
    "action",
    "dice_to_network",
    "displacement_mm",
    "displacement_px",
    "uncertainty",
    "reason",
)
"""Columns of ``frames.csv``. Without calibration only areas in pixels and the angle."""
NOT_ALWAYS_MEANT = ("ef_area_length_uncalibrated", "long_axis_discordance_percent")
"""Indices of clips without calibration and of two views: elsewhere they need no reason."""
UNCALIBRATED = "the file has no pixel size"


def index_row(study: Study, name: str, item: InputItem | None = None) -> Row:
    """The sequence's row of ``indices.csv``."""
    sequence, indices = study.sequence, study.indices
    spacing = sequence.spacing or (None, None)
    interval = sequence.frame_interval_s
    view = sequence.view
    return (
        {
            "id": name,
            "level": "sequence",
            "patient": (item.patient if item else None) or sequence.subject.id,
            "view": str(view),
            "status": "ok",
            "convention": str(indices.convention),
            "n_frames": len(sequence),
            "frame_interval_ms": None if interval is None else 1000 * interval,
            "spacing_row_mm": spacing[0],
            "spacing_column_mm": spacing[1],
            "notes": "; ".join(sequence.notes),
            "source": None if sequence.source is None else sequence.source.name,
        }
        | _certified(study)
        | _assessed(study)
        | _measured(indices)
    )


def _assessed(study: Study) -> Row:
    assessment = study.assessment
    if assessment is None:
        return {}
    row: Row = {
        "light": str(assessment.verdict.light),
        "light_reasons": "; ".join(assessment.verdict.reasons),
        "uncertainty": assessment.uncertainty.score,
        "out_of_bank": assessment.uncertainty.out_of_bank,
    }
    return row | dict(assessment.intervals.numbers() if assessment.intervals else {})


def _certified(study: Study) -> Row:
    certificate = study.certificate
    changes = certificate.changes
    return {
        "certified": certificate.certified,
        "certificate": "; ".join(filter(None, [certificate.reason, *certificate.notes])),
    } | {
        f"frames_{action}": changes.actions.count(action) if changes else None for action in ACTIONS
    }


def _measured(indices: Indices) -> Row:
    missing: dict[str, list[str]] = {}
    for name, reason in indices.reasons.items():
        if name not in NOT_ALWAYS_MEANT:
            missing.setdefault(reason, []).append(name)
    return {
        "reason": "; ".join(f"{reason}: {', '.join(names)}" for reason, names in missing.items()),
        "n_beats": indices.n_beats,
        "ed_frames": ";".join(map(str, indices.ed_frames)),
        "es_frames": ";".join(map(str, indices.es_frames)),
        "warnings": "; ".join(indices.warnings),
        **indices.numbers(),
    }


def failed_row(item: InputItem, error: CardiacError) -> Row:
    """The row of an input that could not be processed."""
    return {
        "id": item.id,
        "level": "sequence",
        "patient": item.patient,
        "view": str(item.view or View.UNKNOWN),
        "status": "failed",
        "reason": str(error),
        "source": item.path.name,
    }


def patient_rows(studies: Iterable[tuple[Row, Indices, float | None]]) -> list[Row]:
    """A biplane row for every patient with one four-chamber and one two-chamber sequence.

    Args:
        studies: Row of ``indices.csv``, indices and body surface area (m²) of each sequence.

    Returns:
        Rows of level ``patient``. Where a view has several sequences (rest and stress, say),
        which of them belong together is not known, and the views are not combined.
    """
    found: dict[str, dict[str, list[tuple[Indices, float | None]]]] = {}
    for row, indices, bsa in studies:
        if row.get("patient") and row["view"] in (View.A4C, View.A2C):
            views = found.setdefault(str(row["patient"]), {})
            views.setdefault(str(row["view"]), []).append((indices, bsa))
    rows = []
    for patient, views in found.items():
        if sorted(len(views.get(view, ())) for view in (View.A4C, View.A2C)) != [1, 1]:
            continue
        ((four, bsa),), ((two, other),) = views[View.A4C], views[View.A2C]
        combined = combine_views(four, two, bsa_m2=bsa or other)
        head: Row = {"id": patient, "level": "patient", "patient": patient, "status": "ok"}
        head |= {"view": combined.view, "convention": str(combined.convention)}
        rows.append(head | _measured(combined))
    return rows


def frame_rows(study: Study, name: str) -> list[Row]:
    """The sequence's rows of ``frames.csv``."""
    from cardiac.anatomy import ATTRIBUTES

    sequence, attributes, indices = study.sequence, study.attributes, study.indices
    calibrated = attributes.units == "mm"
    pixel = math.prod(sequence.spacing) if sequence.spacing else 1.0
    rows = []
    for t in range(len(sequence)):
        row: Row = {
            "id": name,
            "frame": t,
            "time_s": None if sequence.times is None else float(sequence.times[t]),
            "phase": _phase(t, indices),
            "lv_area_px": _count(attributes["lv_area"][t] / pixel),
            "la_area_px": _count(attributes["la_area"][t] / pixel),
            "reason": "; ".join(
                filter(None, [attributes.reasons[t], "" if calibrated else UNCALIBRATED])
            ),
        }
        for attribute in (*ATTRIBUTES, "la_area"):
            unit = _unit(attribute)
            if calibrated or unit == "deg":
                row[f"{attribute}_{unit}"] = float(attributes[attribute][t])
        rows.append(row | _judged(study, t))
    return rows


def _judged(study: Study, t: int) -> Row:
    """What the certificate says of a frame, and what the correction did to it."""
    certificate = study.certificate
    row: Row = {"valid": bool(certificate.valid[t]), "consistent": bool(certificate.consistent[t])}
    if (changes := certificate.changes) is not None:
        row["action"] = changes.actions[t]
        row["dice_to_network"] = float(changes.dice[t])
        row[f"displacement_{certificate.attributes.units}"] = float(changes.displacement[t])
    if study.uncertainty is not None:
        row["uncertainty"] = float(study.uncertainty.scores[t])
    return row


def _unit(attribute: str) -> str:
    if attribute.endswith("area"):
        return "mm2"
    return "deg" if attribute.endswith("orientation") else "mm"


def _count(value: float) -> int | None:
    return None if math.isnan(value) else round(value)


def _phase(frame: int, indices: Indices) -> str:
    if frame in indices.ed_frames:
        return "ED"
    return "ES" if frame in indices.es_frames else ""


def study_name(study: Study) -> str:
    """Stem of the output files: the source's name without its endings."""
    from cardiac.io.registry import stem

    return stem(study.sequence.source) if study.sequence.source else "sequence"


def save_study(study: Study, folder: Path, name: str) -> list[Path]:
    """Write the mask and, as the settings say, the picture and the video of a study.

    Raises:
        OutputError: A file cannot be written.
    """
    from cardiac.report import write_video

    files = [folder / "masks" / f"{name}.nii.gz"]
    # Encoding the video takes about as long as all the rest: they go side by side.
    with ThreadPoolExecutor(1) as worker:
        if study.settings.videos:
            files.append(folder / "pictures" / f"{name}.mp4")
            encoding = worker.submit(write_video, files[-1], study.sequence, study.masks)
        write_mask(files[0], study.masks, study.sequence)
        if study.uncertainty is not None:
            files.append(folder / "uncertainty" / f"{name}.nii.gz")
            note = f"uncertainty 0 to 1, {study.uncertainty.method}"
            write_share_map(files[-1], study.uncertainty.map, study.sequence, note)
        if study.settings.pictures:
            files.append(folder / "pictures" / f"{name}.png")
            save_picture(study, files[-1], name)
        if study.settings.videos:
            encoding.result()
    return files


def save_picture(study: Study, path: Path, name: str) -> None:
    """Draw ED, ES and the area curve of a study, with its indices in words."""
    from cardiac.report import draw_picture

    sequence, indices = study.sequence, study.indices
    draw_picture(
        path,
        sequence,
        study.masks,
        title=f"{name}   {_view_title(sequence.view)}",
        subtitle=_headline(study),
        curve=study.attributes["lv_area"] / (1 if sequence.spacing is None else 100),
        curve_label="LV area (cm²)" if sequence.spacing else "LV area (pixels)",
        ed_frames=indices.ed_frames,
        es_frames=indices.es_frames,
        uncertainty=None if study.uncertainty is None else study.uncertainty.map,
    )


def _view_title(view: View) -> str:
    return "view not given" if view is View.UNKNOWN else str(view)


def _headline(study: Study) -> list[str]:
    """What the picture says in words: volumes and EF with their convention, or why not."""
    indices = study.indices
    parts = []
    for name, label, unit in (
        ("lv_edv_ml", "EDV", " mL"),
        ("lv_esv_ml", "ESV", " mL"),
        ("lv_ef_percent", "EF", " %"),
        ("lv_fac_percent", "FAC", " %"),
        ("heart_rate_bpm", "HR", " /min"),
    ):
        value = getattr(indices, name)
        if value is not None:
            parts.append(f"{label} {value:.0f}{_interval(study, name)}{unit}")
    beats = f"{indices.n_beats} beat{'s' * (indices.n_beats != 1)}"
    how = f"single plane, 20 discs, convention {indices.convention}, {beats}"
    verdict = "masks certified" if study.certificate.certified else "masks NOT certified"
    if (assessment := study.assessment) is not None:
        reasons = "; ".join(assessment.verdict.reasons)
        verdict += f", {assessment.verdict.light}{f' ({reasons})' if reasons else ''}"
    return [", ".join(parts) or "no index could be measured", how, verdict]


def _interval(study: Study, name: str) -> str:
    """The 90 % interval of an index in words, if it has one."""
    assessment = study.assessment
    bounds = assessment.intervals.bounds.get(name) if assessment and assessment.intervals else None
    return "" if bounds is None else f" ({bounds[0]:.0f} to {bounds[1]:.0f})"


def write_tables(folder: Path, indices: Sequence[Row], frames: Sequence[Row]) -> list[Path]:
    """Write ``indices.csv`` and ``frames.csv``.

    Raises:
        OutputError: A table cannot be written.
    """
    files = []
    for name, columns, rows in (
        ("indices.csv", INDEX_COLUMNS, indices),
        ("frames.csv", FRAME_COLUMNS, frames),
    ):
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
        path = folder / name
        write_atomically(path, text.getvalue().encode())
        files.append(path)
    return files


def _cell(value: object) -> object:
    """A table cell: nothing for a missing number, six significant digits for a measured one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value
