"""What an edit has to keep to, and what it can change of the indices."""

from __future__ import annotations

import numpy.typing as npt

from cardiac.clinical import Phases, find_phases
from cardiac.sequence import EchoSequence
from cardiac.types import Array


def phase_frames(sequence: EchoSequence, areas: Array) -> list[int]:
    """ED and ES frames of every beat by the ventricle's areas (T,), as the indices find them."""
    return [t for beat in phases_of(sequence, areas).beats for t in (beat.ed, beat.es)]


def phases_of(sequence: EchoSequence, areas: npt.ArrayLike) -> Phases:
    """Phases of a cine by the ventricle's areas (T,) and what its file says."""
    return find_phases(
        areas,
        sequence.times,
        ed_frames=sequence.ed_frames,
        es_frames=sequence.es_frames,
        r_wave_times=sequence.r_wave_times,
        heart_rate_bpm=sequence.heart_rate_bpm,
    )
