"""Saving what a reader looks at of a study: picture, video, and the report with its page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cardiac.reasons import sentence
from cardiac.report.picture import draw_picture
from cardiac.report.video import write_video
from cardiac.results import layout
from cardiac.sequence import View
from cardiac.study import Study

HEADLINE = (
    ("lv_edv_ml", "EDV", " mL"),
    ("lv_esv_ml", "ESV", " mL"),
    ("lv_ef_percent", "EF", " %"),
    ("lv_fac_percent", "FAC", " %"),
    ("heart_rate_bpm", "HR", " /min"),
)
"""Indices in the words of a picture: name, abbreviation and unit."""


def save(study: Study, folder: str | Path, name: str | None = None) -> list[Path]:
    """Write picture, video and report of a study, as its settings ask for them.

    Args:
        study: What ``cardiac.process`` gave; ``cardiac.results.save`` writes its tables first.
        folder: Where; made if it does not exist.
        name: Stem of the files; the source's name without its endings by default.

    Returns:
        The files written.

    Raises:
        OutputError: A file cannot be written.
        NotFoundError: The report is asked for and there are no tables in the folder.
    """
    from cardiac.report.page import write_report

    folder = Path(folder)
    files = save_media(study, folder, name or study.name)
    return files + (write_report(folder) if study.settings.report else [])


def save_media(study: Study, folder: Path, name: str) -> list[Path]:
    """Write picture, video and the data of the case's page, as the settings ask for them.

    Raises:
        OutputError: A file cannot be written.
    """
    from cardiac.report.page import write_case

    files: list[Path] = []
    # Encoding the video takes about as long as all the rest: they go side by side.
    with ThreadPoolExecutor(1) as worker:
        if study.settings.videos:
            files.append(layout.video_file(folder, name))
            encoding = worker.submit(write_video, files[-1], study.sequence, study.masks)
        if study.settings.pictures:
            files.append(layout.picture_file(folder, name))
            save_picture(study, files[-1], name)
        if study.settings.report:
            files += write_case(folder, study, name)
        if study.settings.videos:
            encoding.result()
    return files


def save_picture(study: Study, path: Path, name: str) -> None:
    """Draw ED, ES and the area curve of a study, with its indices in words.

    Raises:
        OutputError: The file cannot be written.
    """
    sequence, indices = study.sequence, study.indices
    area = study.certificate.attributes["lv_area"]
    draw_picture(
        path,
        sequence,
        study.masks,
        title=f"{name}   {_view_title(sequence.view)}",
        subtitle=_headline(study),
        curve=area / (1 if sequence.spacing is None else 100),
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
    for name, label, unit in HEADLINE:
        value = indices.values.get(name)
        if value is not None:
            parts.append(f"{label} {value:.0f}{_interval(study, name)}{unit}")
    beats = f"{indices.n_beats} beat{'s' * (indices.n_beats != 1)}"
    how = f"single plane, 20 discs, convention {indices.convention}, {beats}"
    verdict = "masks certified" if study.certificate.certified else "masks NOT certified"
    if (assessment := study.assessment) is not None:
        reasons = sentence(assessment.triage_reasons)
        verdict += f", {assessment.triage}{f' ({reasons})' if reasons else ''}"
    return [", ".join(parts) or "no index could be measured", how, verdict]


def _interval(study: Study, name: str) -> str:
    """The interval of an index in words, if it has one."""
    intervals = study.assessment.intervals if study.assessment else None
    bounds = intervals.bounds.get(name) if intervals else None
    return "" if bounds is None else f" ({bounds[0]:.0f} to {bounds[1]:.0f})"
