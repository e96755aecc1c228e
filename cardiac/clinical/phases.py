"""End-diastole and end-systole of each beat, from the curve of the ventricle's area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cardiac.reasons import Reason
from cardiac.sequence import EchoSequence
from cardiac.types import Array

ONE_FRAME = Reason("one_frame", "one frame is no beat")
NOT_FOUND = Reason("no_ventricle", "the ventricle was not found")
TWO_FRAMES = Reason("two_frames", "two frames: the larger was taken for end-diastole")
STANDS_STILL = Reason("stands_still", "the ventricle does not change its size")
ED_AFTER_ES = Reason(
    "ed_after_es", "end-diastole was taken from after end-systole: the clip starts later"
)
NO_WHOLE_BEAT = Reason(
    "no_whole_beat", "the clip holds no beat from before end-diastole to after end-systole"
)
MID_BEAT = Reason("mid_beat", "the clip starts in the middle of a beat")
SMOOTH_S = 0.03
"""Standard deviation of the smoothing of the curve."""
LEAST_BEAT_S = 0.3
"""Shortest time between two end-systoles: 200 beats a minute."""
LEAST_SWING = 0.3
"""Least rise and fall of a beat ÷ range of the whole curve."""
WHOLE_SWING = 0.6
"""Least fall of a beat that is seen whole ÷ range of the whole curve."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One contraction.

    Attributes:
        ed, es: Frames of end-diastole and end-systole, counted from 0.
        complete: Whether the clip shows that neither is cut off: ``es`` is a minimum and ``ed``
            a maximum within the clip, or they were given.
    """

    ed: int
    es: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Phases:
    """The beats of a cine.

    Attributes:
        beats: In order of time; empty where no beat could be told.
        heart_rate_bpm: From the file, the R waves, or the time between like phases; None
            where the clip shows less than one whole cycle.
        source: "file", "r_waves", "area" or "none".
        notes: What was doubtful.
    """

    beats: tuple[Beat, ...]
    heart_rate_bpm: float | None
    source: str
    notes: tuple[Reason, ...] = ()

    @property
    def measured(self) -> tuple[Beat, ...]:
        """The beats to be averaged: the complete ones, or all where none is."""
        return tuple(beat for beat in self.beats if beat.complete) or self.beats


def find_phases(
    area: npt.ArrayLike,
    times: npt.ArrayLike | None = None,
    *,
    ed_frames: Sequence[int] = (),
    es_frames: Sequence[int] = (),
    r_wave_times: Sequence[float] = (),
    heart_rate_bpm: float | None = None,
) -> Phases:
    """Find end-diastole and end-systole of every beat.

    Frames given by the file are taken as they are. R waves part the beats where there are
    any. Otherwise end-systoles are the minima of the smoothed curve, and end-diastole is
    the maximum before each; where no contraction is seen whole, the maximum after it.

    Args:
        area: (T,) area (or volume) of the ventricle, NaN where it is missing.
        times: (T,) seconds, or None where unknown.
        ed_frames, es_frames: Frames given by the file, counted from 0.
        r_wave_times: Seconds on the scale of ``times``.
        heart_rate_bpm: As stored in the file.
    """
    curve = np.asarray(area, dtype=float)
    clock = None if times is None else np.asarray(times, dtype=float)
    if ed_frames and es_frames:
        beats = _given(sorted(ed_frames), sorted(es_frames))
        rate = heart_rate_bpm or _rate([beat.ed for beat in beats], clock)
        return Phases(tuple(beats), rate, "file")
    known = np.flatnonzero(np.isfinite(curve))
    if known.size < 2:
        note = ONE_FRAME if curve.size == 1 else NOT_FOUND
        return Phases((), heart_rate_bpm, "none", (note,))
    if known.size == 2:
        low, high = sorted(known, key=lambda frame: curve[frame])
        beat = Beat(int(high), int(low), True)
        return Phases((beat,), heart_rate_bpm, "area", (TWO_FRAMES,))
    smooth = _smooth(np.interp(np.arange(curve.size), known, curve[known]), clock)
    if clock is not None and len(r_wave_times) >= 2:
        waves = _frames_at(r_wave_times, clock)
        parted = _between_waves(smooth, waves)
        if parted:
            rate = heart_rate_bpm or 60.0 / float(np.median(np.diff(sorted(r_wave_times))))
            return Phases(tuple(parted), rate, "r_waves")
    return _from_curve(smooth, clock, heart_rate_bpm)


def _smooth(curve: Array, clock: Array | None) -> Array:
    """The curve without the flicker of single frames."""
    frames = 1.0 if clock is None else SMOOTH_S / float(np.median(np.diff(clock)))
    width = float(np.clip(frames, 0.6, max(0.6, curve.size / 12)))
    return np.asarray(ndimage.gaussian_filter1d(curve, width, mode="nearest"))


def sequence_phases(sequence: EchoSequence, area: npt.ArrayLike) -> Phases:
    """Phases of a sequence by the ventricle's area (T,) and what its file says of its beats."""
    return find_phases(
        area,
        sequence.times,
        ed_frames=sequence.ed_frames,
        es_frames=sequence.es_frames,
        r_wave_times=sequence.r_wave_times,
        heart_rate_bpm=sequence.heart_rate_bpm,
    )


def _given(ends: Sequence[int], systoles: Sequence[int]) -> list[Beat]:
    """Beats of given frames; end-systole may come first in the file."""
    if len(ends) == len(systoles):
        return [Beat(int(ed), int(es), True) for ed, es in zip(ends, systoles, strict=True)]
    beats = []
    for es in systoles:
        before = [ed for ed in ends if ed < es] or list(ends[:1])
        beats.append(Beat(int(before[-1]), int(es), True))
    return beats


def _frames_at(seconds: Sequence[float], clock: Array) -> list[int]:
    """Frames nearest to moments that lie within the clip."""
    step = float(np.median(np.diff(clock)))
    inside = [s for s in sorted(seconds) if clock[0] - step <= s <= clock[-1] + step]
    return sorted({int(np.abs(clock - s).argmin()) for s in inside})


def _between_waves(smooth: Array, waves: list[int]) -> list[Beat]:
    """One beat from each R wave to the next, and what follows the last if it is a whole systole."""
    beats = []
    for start, stop in zip(waves, [*waves[1:], smooth.size - 1], strict=True):
        if stop - start < 2:
            continue
        es = start + int(smooth[start : stop + 1].argmin())
        if es > start:
            beats.append(Beat(start, es, es < stop))
    return beats


def _from_curve(smooth: Array, clock: Array | None, rate: float | None) -> Phases:
    """Beats between the maxima and minima of the curve."""
    swing = float(smooth.max() - smooth.min())
    if swing <= 1e-6 * abs(float(smooth.max())):
        return Phases((), rate, "none", (STANDS_STILL,))
    distance = 1.0 if clock is None else LEAST_BEAT_S / float(np.median(np.diff(clock)))
    # A lower value at either end makes an end count as a minimum where the curve falls to it.
    padded = np.concatenate([[smooth.max()], smooth, [smooth.max()]])
    from scipy.signal import find_peaks  # takes longer to load than all the rest

    found, _ = find_peaks(-padded, prominence=LEAST_SWING * swing, distance=max(1.0, distance))
    systoles = [int(frame) - 1 for frame in found]
    last = smooth.size - 1
    beats = _contractions(smooth, systoles, swing)
    notes: list[Reason] = []
    if not any(beat.complete for beat in beats):
        fillings = _fillings(smooth, systoles, swing)
        seen = max((smooth[beat.ed] - smooth[beat.es] for beat in beats), default=0.0)
        # A filling is worth more than a contraction cut off only where it shows more of the beat.
        fillings = [b for b in fillings if smooth[b.ed] - smooth[b.es] > seen + 0.05 * swing]
        if fillings:
            notes.append(ED_AFTER_ES)
            beats = fillings
    if beats and not any(beat.complete for beat in beats):
        notes.append(NO_WHOLE_BEAT)
        beats = [max(beats, key=lambda beat: smooth[beat.ed] - smooth[beat.es])]
    if not beats:
        notes.append(MID_BEAT)
        beats = [Beat(int(smooth.argmax()), int(smooth.argmin()), False)]
    if rate is None:
        inner = [es for es in systoles if 0 < es < last]
        rate = _rate(inner, clock) or _rate([beat.ed for beat in beats if beat.ed > 0], clock)
    return Phases(tuple(beats), rate, "area", tuple(notes))


def _contractions(smooth: Array, systoles: list[int], swing: float) -> list[Beat]:
    """Beats from the maximum before each end-systole to it."""
    beats, previous, last = [], 0, smooth.size - 1
    for es in systoles:
        ed = previous + int(smooth[previous : es + 1].argmax())
        if ed < es:
            # On the first frame end-diastole may have been before it, unless it is a crest,
            # and a small fall is the rest of a systole that began before the clip.
            crest = ed > 0 or smooth[0] - smooth[1] <= 0.05 * swing
            whole = crest and smooth[ed] - smooth[es] >= WHOLE_SWING * swing
            beats.append(Beat(ed, es, bool(whole and es < last)))
        previous = es
    return beats


def _fillings(smooth: Array, systoles: list[int], swing: float) -> list[Beat]:
    """Pairs of an end-systole and the end-diastole after it, both within the clip."""
    beats, last = [], smooth.size - 1
    for es, stop in zip(systoles, [*systoles[1:], last], strict=True):
        ed = es + int(smooth[es : stop + 1].argmax())
        if 0 < es < ed < last and smooth[ed] - smooth[es] >= WHOLE_SWING * swing:
            beats.append(Beat(ed, es, True))
    return beats


def _rate(frames: Sequence[int], clock: Array | None) -> float | None:
    """Heart rate in beats a minute from frames of like phase."""
    if clock is None or len(frames) < 2:
        return None
    return 60.0 / float(np.median(np.diff(clock[np.asarray(frames)])))
