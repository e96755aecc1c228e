"""Volumes, ejection fraction, strain and areas, with the conventions named."""

from cardiac.clinical.biplane import combine_views
from cardiac.clinical.catalogue import CATALOGUE, INDEX, PER_BEAT, PER_BSA, Index
from cardiac.clinical.indices import BeatIndices, Indices, Stack
from cardiac.clinical.phases import Beat, Phases, find_phases, sequence_phases
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
    "CATALOGUE",
    "DEFAULT_TABLE",
    "INDEX",
    "PER_BEAT",
    "PER_BSA",
    "Beat",
    "BeatIndices",
    "Convention",
    "Grade",
    "Index",
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
    "sequence_phases",
    "single_plane_volume",
]
