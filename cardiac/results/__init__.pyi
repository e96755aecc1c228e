from . import layout
from .audit import AuditEntry, AuditLog, Version
from .columns import FRAME_COLUMNS, INDEX_COLUMNS
from .review import Decision, Decisions
from .rows import failed_row, frame_rows, index_row, patient_rows, read_reasons
from .run_folder import OpenedCase, RunFolder, RunTables, SourceProblem, read_record
from .save import save, save_arrays
from .tables import read_frames, read_indices, write_tables

__all__ = [
    "FRAME_COLUMNS",
    "INDEX_COLUMNS",
    "AuditEntry",
    "AuditLog",
    "Decision",
    "Decisions",
    "OpenedCase",
    "RunFolder",
    "RunTables",
    "SourceProblem",
    "Version",
    "failed_row",
    "frame_rows",
    "index_row",
    "layout",
    "patient_rows",
    "read_frames",
    "read_indices",
    "read_reasons",
    "read_record",
    "save",
    "save_arrays",
    "write_tables",
]
