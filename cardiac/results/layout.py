"""Layout of a run folder: the names of everything that ``cardiac process`` writes."""

from __future__ import annotations

from pathlib import Path

INDICES = "indices.csv"
FRAMES = "frames.csv"
RECORD = "run.json"
REPORT = "report.html"
AUDIT = "review/audit.jsonl"
MASKS, UNCERTAINTY, PICTURES, CASES, REVIEW = "masks", "uncertainty", "pictures", "report", "review"
EDITS, OPEN = "review/edits", "review/open"
"""Folders: masks, uncertainty maps, pictures and videos, data and pages of cases, decisions; edited
masks, and edits that nobody has decided on yet."""


def mask_file(folder: Path, case: str) -> Path:
    """The masks of a case."""
    return folder / MASKS / f"{case}.nii.gz"


def uncertainty_file(folder: Path, case: str) -> Path:
    """The uncertainty map of a case."""
    return folder / UNCERTAINTY / f"{case}.nii.gz"


def picture_file(folder: Path, case: str) -> Path:
    """The picture of a case: end-diastole, end-systole and the area curve."""
    return folder / PICTURES / f"{case}.png"


def video_file(folder: Path, case: str) -> Path:
    """The cine of a case with contours."""
    return folder / PICTURES / f"{case}.mp4"


def case_file(folder: Path, case: str) -> Path:
    """What the report shows of a case, as JSON."""
    return folder / CASES / f"{case}.json"


def thumbnail_file(folder: Path, case: str) -> Path:
    """The thumbnail of a case in the report."""
    return folder / CASES / f"{case}.webp"


def page_file(folder: Path, case: str) -> Path:
    """The page of a case, where not all are inside the report."""
    return folder / CASES / f"{case}.html"


def edits_folder(folder: Path, case: str) -> Path:
    """The masks that were edited in a review, one file for each version."""
    return folder / EDITS / case


def open_edits_file(folder: Path, case: str) -> Path:
    """Edits of a case that nobody has decided on yet."""
    return folder / OPEN / f"{case}.json"
