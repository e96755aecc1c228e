"""Columns of the tables, their types and the words they may hold: units are in the names."""

from __future__ import annotations

from enum import StrEnum

from cardiac.clinical import CATALOGUE
from cardiac.states import Action, Level, Phase, Status, Triage, ViewSource

TEXT, WHOLE, YES_NO, REAL = "string", "Int64", "boolean", "float64"
"""Types of pandas; all may be missing."""
BOUND_NAMES = tuple(
    f"{index.name}_{end}"
    for index in sorted(
        CATALOGUE, key=lambda index: index.follows is None or not index.follows.phase
    )
    if index.follows or index.base
    for end in ("low", "high")
)
"""Bounds of the intervals of the indices that have one."""
INDEX_TYPES: dict[str, str] = {
    "id": TEXT,
    "level": TEXT,
    "patient": TEXT,
    "view": TEXT,
    "view_source": TEXT,
    "view_probability": REAL,
    "mirrored": YES_NO,
    "status": TEXT,
    "reason": TEXT,
    "convention": TEXT,
    "triage": TEXT,
    "triage_reasons": TEXT,
    "uncertainty": REAL,
    "out_of_distribution": YES_NO,
    "certified": YES_NO,
    "certificate": TEXT,
    "frames_kept": WHOLE,
    "frames_repaired": WHOLE,
    "frames_moved": WHOLE,
    "frames_replaced": WHOLE,
    "n_frames": WHOLE,
    "frame_interval_ms": REAL,
    "spacing_row_mm": REAL,
    "spacing_column_mm": REAL,
    "n_beats": WHOLE,
    "ed_frames": TEXT,
    "es_frames": TEXT,
    **{index.name: REAL for index in CATALOGUE},
    **dict.fromkeys(BOUND_NAMES, REAL),
    "warnings": TEXT,
    "notes": TEXT,
    "source": TEXT,
    "reasons": TEXT,
}
INDEX_COLUMNS = tuple(INDEX_TYPES)
"""Columns of ``indices.csv``. Frames count from 0; ``reasons`` holds as JSON, for programs, what
``reason``, ``certificate``, ``triage_reasons`` and ``warnings`` tell in sentences."""
FRAME_TYPES: dict[str, str] = {
    "id": TEXT,
    "frame": WHOLE,
    "time_s": REAL,
    "phase": TEXT,
    "lv_area_mm2": REAL,
    "lv_length_mm": REAL,
    "lv_base_width_mm": REAL,
    "lv_orientation_deg": REAL,
    "myo_area_mm2": REAL,
    "epi_center_x_mm": REAL,
    "epi_center_y_mm": REAL,
    "la_area_mm2": REAL,
    "lv_area_px": WHOLE,
    "la_area_px": WHOLE,
    "valid": YES_NO,
    "consistent": YES_NO,
    "action": TEXT,
    "dice_to_network": REAL,
    "displacement_mm": REAL,
    "displacement_px": REAL,
    "uncertainty": REAL,
    "reason": TEXT,
}
FRAME_COLUMNS = tuple(FRAME_TYPES)
"""Columns of ``frames.csv``. Without calibration only areas in pixels and the angle."""
ALLOWED: dict[str, type[StrEnum]] = {
    "level": Level,
    "status": Status,
    "phase": Phase,
    "triage": Triage,
    "view_source": ViewSource,
    "action": Action,
}
"""Columns that hold one of a closed set of words."""
NEVER_EMPTY = {
    "indices": {"id", "level", "status"},
    "frames": {"id", "frame", "valid", "consistent"},
}
FORMER_NAMES = {
    "light": "triage",
    "light_reasons": "triage_reasons",
    "out_of_bank": "out_of_distribution",
}
"""What columns were called in version 0.1, whose tables are still read."""
