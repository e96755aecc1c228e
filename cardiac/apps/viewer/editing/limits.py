"""What an edit has to keep to, and what it can change of the indices."""

from __future__ import annotations

from cardiac.clinical import sequence_phases
from cardiac.sequence import EchoSequence
from cardiac.types import Array


def phase_frames(sequence: EchoSequence, areas: Array) -> list[int]:
    """ED and ES frames of every beat by the ventricle's areas (T,), as the indices find them."""
    return [t for beat in sequence_phases(sequence, areas).beats for t in (beat.ed, beat.es)]
