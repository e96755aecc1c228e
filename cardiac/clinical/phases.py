"""End-diastole and end-systole of each beat, from the curve of the ventricle's area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
IRREGULAR = Reason(
    "irregular_beats",
    "the beats are irregular: their lengths differ by more than a fifth",
)
LEFT_OUT = Reason(
    "beat_left_out", "a beat that contracts much less than the others is not among those measured"
)
R_WAVES_DISBELIEVED = Reason(
    "r_waves_disbelieved",
    "the R waves of the file do not fit its images: the curve of the area decides",
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
HIGH, LOW = 0.15, 0.85
"""Emptying, as a fraction of the fall, at which the steep part of ejection begins and ends."""
BEFORE_HIGH, AFTER_LOW = 0.85, 0.88
"""Time from end-diastole to `HIGH`, and from `LOW` to end-systole, ÷ the time between them, of an
ejection with an early peak (Weissler, Harris and Schoenfeld 1968 for its length)."""
STEEP_S = 0.02
"""Standard deviation of the smoothing that the steep part is timed on."""
NOISE_TIMES = 3.0
"""By how much, ÷ the noise, a frame farther off must be larger to be taken."""
R_WAVE_S = (0.25, 2.2)
"""Shortest and longest time between R waves: 240 and 27 beats a minute."""
R_WAVE_APART = 0.2
"""Largest distance of an R wave from the curve's end-diastole ÷ time between R waves."""
IRREGULAR_ABOVE = 0.2
"""Largest difference of a beat's length from the median ÷ the median of a regular rhythm."""


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

    Frames given by the file are taken as they are. Otherwise the beats are the contractions of
    the smoothed curve; R waves part them where they are believed, that is where they lie in the
    clip, follow each other as beats can, and meet the curve's own end-diastoles.

    Where the ventricle hardly changes, as in diastasis and in the isovolumic phases, noise would
    choose its largest and smallest frame. The steep part of ejection is timed instead, which noise
    hardly moves; end-diastole is the largest frame next to where it begins, end-systole the
    smallest next to where it ends.

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
    whole = np.interp(np.arange(curve.size), known, curve[known])
    smooth = _smooth(whole, clock)
    rate = heart_rate_bpm if heart_rate_bpm and _possible(60 / heart_rate_bpm) else None
    found = _from_curve(smooth, clock, rate)
    if clock is not None and len(r_wave_times) >= 2:
        waves = _frames_at(r_wave_times, clock)
        if _believed(waves, clock, found):
            parted = _between_waves(smooth, waves)
            rate = rate or 60.0 / float(np.median(np.diff(clock[waves])))
            found = Phases(tuple(parted), rate, "r_waves")
        else:
            found = replace(found, notes=(*found.notes, R_WAVES_DISBELIEVED))
    timed = _timed(whole, clock, found.beats)
    return replace(found, beats=timed, notes=(*found.notes, *_rhythm(timed, clock)))


def _possible(seconds: float) -> bool:
    """Whether a heart can beat so fast or so slowly."""
    return R_WAVE_S[0] <= seconds <= R_WAVE_S[1]


def _believed(waves: list[int], clock: Array, curve: Phases) -> bool:
    """Whether R waves fit the clip and the curve of the area."""
    if len(waves) < 2:
        return False
    between = np.diff(clock[waves])
    if not all(_possible(float(seconds)) for seconds in between):
        return False
    ends = [clock[beat.ed] for beat in curve.beats if beat.complete]
    if not ends:
        return True
    apart = [float(np.abs(clock[waves] - end).min()) for end in ends]
    return float(np.median(apart)) <= R_WAVE_APART * float(np.median(between))


def _timed(curve: Array, clock: Array | None, beats: Sequence[Beat]) -> tuple[Beat, ...]:
    """Beats whose ends are the extremes of the curve next to where the steep part points."""
    step = 1.0 if clock is None else float(np.median(np.diff(clock)))
    width = 0.6 if clock is None else max(0.6, STEEP_S / step)
    smooth = np.asarray(ndimage.gaussian_filter1d(curve, width, mode="nearest"))
    around = 1 if clock is None else max(1, round(2 * STEEP_S / step))
    # Third differences of what moves smoothly are those of its noise alone.
    bends = np.abs(np.diff(curve, 3))
    noise = 1.48 * float(np.median(bends)) / 20**0.5 if bends.size else 0.0
    found, first = [], 0
    for number, beat in enumerate(beats):
        last = beats[number + 1].ed if number + 1 < len(beats) else curve.size - 1
        bounds = (first, max(last, beat.es))
        found.append(_timed_beat(curve, smooth, beat, bounds, (around, noise)))
        first = beat.es
    return tuple(found)


def _timed_beat(
    curve: Array,
    smooth: Array,
    beat: Beat,
    bounds: tuple[int, int],
    reach: tuple[int, float],
) -> Beat:
    """One beat, see `_timed`; as it was where the curve shows no steep part."""
    (first, last), (around, noise) = bounds, reach
    if beat.ed >= beat.es:
        # A filling: there is no ejection to time.
        es = _extreme(-curve, beat.es, (first, beat.ed - 1), around, noise)
        ed = _extreme(curve, beat.ed, (es + 1, max(last, beat.ed)), around, noise)
        return Beat(ed, es, beat.complete)
    top = float(np.median(smooth[max(first, beat.ed - around) : beat.ed + around + 1]))
    bottom = float(np.median(smooth[max(beat.ed, beat.es - around) : beat.es + around + 1]))
    falling = smooth[beat.ed : beat.es + 1]
    high, low = top - HIGH * (top - bottom), top - LOW * (top - bottom)
    above = np.flatnonzero(falling > high)
    if top <= bottom or not above.size or above[-1] + 1 >= falling.size:
        return beat
    start = int(above[-1])
    below = np.flatnonzero(falling[start:] <= low)
    if not below.size or start + below[0] == 0:
        return beat
    stop = start + int(below[0])
    begins = beat.ed + start + (falling[start] - high) / (falling[start] - falling[start + 1])
    ends = beat.ed + stop - 1 + (falling[stop - 1] - low) / (falling[stop - 1] - falling[stop])
    steep = max(ends - begins, 0.5)
    ed = round(np.clip(begins - BEFORE_HIGH * steep, first, beat.es - 1))
    es = round(np.clip(ends + AFTER_LOW * steep, ed + 1, last))
    ed = _extreme(curve, ed, (first, es - 1), 2 * around, noise)
    es = _extreme(-curve, es, (ed + 1, last), 2 * around, noise)
    return Beat(ed, es, beat.complete)


def _extreme(curve: Array, frame: int, bounds: tuple[int, int], around: int, noise: float) -> int:
    """The largest frame next to one; one farther off only where it is larger beyond noise."""

    def largest(reach: int) -> int:
        start = max(bounds[0], frame - reach)
        return start + int(curve[start : min(bounds[1], frame + reach) + 1].argmax())

    near, far = largest(1), largest(around)
    return far if curve[far] > curve[near] + NOISE_TIMES * noise else near


def _rhythm(beats: Sequence[Beat], clock: Array | None) -> tuple[Reason, ...]:
    """What is to be told of beats of different lengths, and of one that is not measured."""
    notes = []
    ends = np.array([beat.ed for beat in beats if beat.ed < beat.es], dtype=int)
    if clock is not None and ends.size >= 3:
        lengths = np.diff(clock[ends])
        usual = float(np.median(lengths))
        if float(np.abs(lengths - usual).max()) > IRREGULAR_ABOVE * usual:
            notes.append(IRREGULAR)
    inner = beats[1:-1]
    if any(not beat.complete for beat in inner) and any(beat.complete for beat in beats):
        notes.append(LEFT_OUT)
    return tuple(notes)


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
