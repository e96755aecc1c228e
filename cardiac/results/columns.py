"""Columns of the tables and their types: units are in the names."""

from __future__ import annotations

from cardiac.clinical import NUMBERS, PER_BSA
from cardiac.uncertainty.intervals import INTERVALS

TEXT, WHOLE, YES_NO, REAL = "string", "Int64", "boolean", "float64"
"""Types of pandas; all may be missing."""
INDEX_NAMES = (*NUMBERS, *PER_BSA, "heart_rate_bpm", "long_axis_discordance_percent")
BOUND_NAMES = tuple(f"{name}_{end}" for name in (*INTERVALS, *PER_BSA) for end in ("low", "high"))
INDEX_TYPES: dict[str, str] = {
    "id": TEXT,
    "level": TEXT,
    "patient": TEXT,
    "view": TEXT,
    "status": TEXT,
    "reason": TEXT,
    "convention": TEXT,
    "light": TEXT,
    "light_reasons": TEXT,
    "uncertainty": REAL,
    "out_of_bank": YES_NO,
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
    **dict.fromkeys(INDEX_NAMES, REAL),
    **dict.fromkeys(BOUND_NAMES, REAL),
    "warnings": TEXT,
    "notes": TEXT,
    "source": TEXT,
}
INDEX_COLUMNS = tuple(INDEX_TYPES)
"""Columns of ``indices.csv``; units are in the names, frames count from 0."""
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
