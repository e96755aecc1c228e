"""Clinical indices of one sequence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cardiac.anatomy.attributes import Attributes, measure
from cardiac.anatomy.frame import as_masks
from cardiac.clinical.beat import measure_beat
from cardiac.clinical.catalogue import PER_BEAT
from cardiac.clinical.indices import BeatIndices, Indices, Stack, per_bsa
from cardiac.clinical.phases import Phases, find_phases
from cardiac.clinical.volumes import Convention
from cardiac.geometry import Spacing
from cardiac.reasons import Reason
from cardiac.sequence import EchoSequence, View


def measure_indices(
    masks: npt.ArrayLike,
    spacing: Spacing | None = None,
    times: npt.ArrayLike | None = None,
    view: View = View.UNKNOWN,
    *,
    ed_frames: Sequence[int] = (),
    es_frames: Sequence[int] = (),
    r_wave_times: Sequence[float] = (),
    heart_rate_bpm: float | None = None,
    bsa_m2: float | None = None,
    convention: Convention = Convention.ASE,
    attributes: Attributes | None = None,
) -> Indices:
    """Measure the clinical indices of a sequence: each beat, and the mean over the beats.

    Args:
        masks: (H, W) or (T, H, W) label maps.
        spacing: (row, column) pixel size in mm; None leaves only ratios.
        times: (T,) seconds, or None where unknown.
        view: Apical view; it changes no number.
        ed_frames, es_frames: Frames given by the file, counted from 0.
        r_wave_times: Seconds on the scale of ``times``.
        heart_rate_bpm: As stored in the file.
        bsa_m2: Body surface area (see `Subject.bsa_m2`).
        convention: Height of the discs.
        attributes: What `measure` gave for these masks, so as not to measure twice.

    Raises:
        GeometryError, InvalidPixelsError: See `as_masks`.
    """
    frames = as_masks(masks)
    measured = attributes if attributes is not None else measure(frames, spacing)
    phases = find_phases(
        measured["lv_area"],
        times,
        ed_frames=[frame for frame in ed_frames if 0 <= frame < len(frames)],
        es_frames=[frame for frame in es_frames if 0 <= frame < len(frames)],
        r_wave_times=r_wave_times,
        heart_rate_bpm=heart_rate_bpm,
    )
    every = {
        beat: measure_beat(frames, measured.landmarks, beat, spacing, convention)
        for beat in phases.beats
    }
    used = [every[beat] for beat in phases.measured]
    values, reasons = _means(used, _no_beat(phases))
    indexed, more = per_bsa(values, bsa_m2)
    reasons |= more
    if phases.heart_rate_bpm is None:
        reasons["heart_rate_bpm"] = (
            Reason("no_frame_times", "the frame times are not known")
            if times is None
            else Reason("no_whole_cycle", "the clip shows less than one whole cycle")
        )
    else:
        values["heart_rate_bpm"] = phases.heart_rate_bpm
    reasons["long_axis_discordance_percent"] = Reason("one_view", "one view only")
    warnings = list(phases.notes)
    doubts = sorted({n for lm in measured.landmarks if lm is not None for n in lm.notes})
    warnings += [Reason("landmark_doubtful", f"landmarks: {doubt}") for doubt in doubts]
    return Indices(
        values | indexed,
        view=view,
        convention=convention,
        n_beats=len(used),
        ed_frames=tuple(beat.ed for beat in used),
        es_frames=tuple(beat.es for beat in used),
        reasons=reasons,
        warnings=tuple(warnings),
        beats=tuple(every.values()),
        stacks=_mean_stacks(used),
    )


def sequence_indices(
    sequence: EchoSequence,
    masks: npt.ArrayLike,
    *,
    convention: Convention = Convention.ASE,
    attributes: Attributes | None = None,
) -> Indices:
    """Clinical indices of a sequence's masks, with the phases and the body size of its file."""
    return measure_indices(
        masks,
        sequence.spacing,
        sequence.times,
        sequence.view,
        ed_frames=sequence.ed_frames,
        es_frames=sequence.es_frames,
        r_wave_times=sequence.r_wave_times,
        heart_rate_bpm=sequence.heart_rate_bpm,
        bsa_m2=sequence.subject.bsa_m2,
        convention=convention,
        attributes=attributes,
    )


def _no_beat(phases: Phases) -> Reason:
    return phases.notes[0] if phases.notes else Reason("no_beat", "no beat was found")


def _means(beats: list[BeatIndices], no_beat: Reason) -> tuple[dict[str, float], dict[str, Reason]]:
    """Mean of each index over the beats that have it, and reasons for those that none has."""
    values: dict[str, float] = {}
    reasons: dict[str, Reason] = {}
    for name in PER_BEAT:
        found = [beat.values[name] for beat in beats if name in beat.values]
        if found:
            values[name] = float(np.mean(found))
        elif beats:
            reasons[name] = beats[0].reasons[name]
        else:
            reasons[name] = no_beat
    return values, reasons


def _mean_stacks(beats: list[BeatIndices]) -> dict[str, Stack]:
    """Mean discs and mean axis over the beats."""
    stacks = {}
    for name in ("lv_ed", "lv_es", "la_es"):
        found = [beat.stacks[name] for beat in beats if name in beat.stacks]
        if found:
            diameters = np.mean([stack.diameters for stack in found], axis=0)
            length = float(np.mean([stack.length_mm for stack in found]))
            stacks[name] = Stack(diameters, length)
    return stacks
