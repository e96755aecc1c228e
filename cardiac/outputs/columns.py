"""Columns of the tables: units are in the names."""

from __future__ import annotations

from cardiac.clinical import NUMBERS, PER_BSA
from cardiac.uncertainty.intervals import INTERVALS

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
