"""Volumes, ejection fraction, strain and areas, with the conventions named."""

from cardiac.clinical.biplane import combine_views
from cardiac.clinical.indices import NUMBERS, PER_BSA, BeatIndices, Indices, Stack
from cardiac.clinical.phases import Beat, Phases, find_phases
from cardiac.clinical.reference import DEFAULT_TABLE, Grade, grade_ef, reference_range
from cardiac.clinical.single_view import measure_indices, sequence_indices
from cardiac.clinical.volumes import (
    Convention,
    area_length_volume,
    biplane_volume,
    disc_diameters,
    ejection_fraction,
    single_plane_volume,
)

__all__ = [
    "DEFAULT_TABLE",
    "NUMBERS",
    "PER_BSA",
    "Beat",
    "BeatIndices",
    "Convention",
    "Grade",
    "Indices",
    "Phases",
    "Stack",
    "area_length_volume",
    "biplane_volume",
    "combine_views",
    "disc_diameters",
    "ejection_fraction",
    "find_phases",
    "grade_ef",
    "measure_indices",
    "reference_range",
    "sequence_indices",
    "single_plane_volume",
]
