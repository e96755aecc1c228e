"""What a study leaves on disk beside the tables: mask, uncertainty, picture, video, report data."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.io import write_mask, write_share_map
from cardiac.sequence import View

if TYPE_CHECKING:
    from cardiac.study import Study


def study_name(study: Study) -> str:
    """Stem of the output files: the source's name without its endings."""
    from cardiac.io.registry import stem

    return stem(study.sequence.source) if study.sequence.source else "sequence"


def save_study(study: Study, folder: Path, name: str) -> list[Path]:
    """Write the mask and, as the settings say, picture, video and report data of a study.

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
            write_share_map(files[-1], study.uncertainty.levels, study.sequence, note)
        if study.settings.pictures:
            files.append(folder / "pictures" / f"{name}.png")
            save_picture(study, files[-1], name)
        if study.settings.report:
            from cardiac.report.page import write_case

            files += write_case(folder, study, name)
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
        uncertainty=None if study.uncertainty is None else study.uncertainty.levels,
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
