"""Saving a study into a run folder: masks, uncertainty and its rows of the tables."""

from __future__ import annotations

from pathlib import Path

from cardiac.io import write_mask, write_share_map
from cardiac.results import layout
from cardiac.results.rows import frame_rows, index_row
from cardiac.results.tables import read_texts, write_tables
from cardiac.study import Study
from cardiac.types import Row


def save(study: Study, folder: str | Path, name: str | None = None) -> list[Path]:
    """Write the masks, the uncertainty map and the tables of a study.

    Cases that are in the folder already stay; one of the same name is replaced.
    ``cardiac.report.save`` adds pictures, video and page.

    Args:
        study: What ``cardiac.process`` gave.
        folder: Where; made if it does not exist.
        name: Stem of the files; the source's name without its endings by default.

    Returns:
        The files written.

    Raises:
        OutputError: The folder cannot be written to.
    """
    folder, name = Path(folder), name or study.name
    files = save_arrays(study, folder, name)
    indices = [*_others(folder / layout.INDICES, name), index_row(study, name)]
    frames = [*_others(folder / layout.FRAMES, name), *frame_rows(study, name)]
    return files + write_tables(folder, indices, frames)


def save_arrays(study: Study, folder: Path, name: str) -> list[Path]:
    """Write the masks of a study and, where it was estimated, their uncertainty.

    Raises:
        OutputError: A file cannot be written.
    """
    files = [write_mask(layout.mask_file(folder, name), study.masks, study.sequence)]
    if study.uncertainty is not None:
        path = layout.uncertainty_file(folder, name)
        note = f"uncertainty 0 to 1, {study.uncertainty.method}"
        files.append(write_share_map(path, study.uncertainty.levels, study.sequence, note))
    return files


def _others(table: Path, name: str) -> list[Row]:
    """Rows of the other cases that a table holds already."""
    if not table.is_file():
        return []
    return [dict(row) for row in read_texts(table) if row["id"] != name]
