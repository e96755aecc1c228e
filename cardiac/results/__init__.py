"""What a study leaves behind: files, and rows of the tables."""

from cardiac.results.columns import FRAME_COLUMNS, INDEX_COLUMNS
from cardiac.results.rows import Row, failed_row, frame_rows, index_row, patient_rows
from cardiac.results.save import save_picture, save_study, study_name
from cardiac.results.write import cell, write_tables

__all__ = [
    "FRAME_COLUMNS",
    "INDEX_COLUMNS",
    "Row",
    "cell",
    "failed_row",
    "frame_rows",
    "index_row",
    "patient_rows",
    "save_picture",
    "save_study",
    "study_name",
    "write_tables",
]
