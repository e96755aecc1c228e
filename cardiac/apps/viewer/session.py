"""Editing session of one sequence: edits, certificate and indices as they become, undo, redo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cardiac.anatomy import ATTRIBUTES, PUBLISHED, Profile
from cardiac.anatomy.frame import as_masks
from cardiac.apps.viewer.reshape import Shapes, held, moved
from cardiac.apps.viewer.sliders import Slider, sliders
from cardiac.clinical import Convention, Indices, sequence_indices, sequence_phases
from cardiac.correction.certificate import Certificate
from cardiac.correction.certify import Constraints, Measured
from cardiac.errors import GeometryError, MeasurementError, SettingsError
from cardiac.geometry import Mask
from cardiac.sequence import EchoSequence
from cardiac.types import Array, BoolArray

MARGINS = (0.9, 0.7, 0.5)
"""Shares of the bounds that outlines may use, so that pixels can use the rest."""
REACH_S, REACH_FRAMES = 0.06, 2.0
"""Time over which a change fades, and frames where there is no clock."""
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Key:
    """Attributes that a person set on a frame.

    Attributes:
        wanted: Value in mm, mm² or degrees (pixels without calibration) by attribute.
        alone: Whether the neighbours stay as they are.
    """

    wanted: Mapping[str, float]
    alone: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class State:
    """A step of the history.

    Attributes:
        keys: What was set, by frame.
        drawn: Label maps of the frames that are not the original's.
        measured: Of all frames.
        certificate: Of all frames.
        told: What was done, in serialize.
    """

    keys: Mapping[int, Key]
    drawn: Mapping[int, Mask]
    measured: Measured
    certificate: Certificate
    told: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Preview:
    """What a slider shows while it is dragged.

    Attributes:
        frame: Which.
        mask: (H, W) labels of it.
        values: (T, 7) attributes: of that frame as drawn, of its neighbours as they will be.
        certificate: As far as it can be told: neighbours are not drawn yet.
        indices: As they will be.
    """

    frame: int
    mask: Mask
    values: Array
    certificate: Certificate
    indices: Indices


class Session:
    """Edits of one mask sequence.

    Every state is made from the masks as they came and from all that was set since, so that
    nothing is drawn twice. Undoing an edit gives back the same bytes.

    Args:
        sequence: The cine; its pixels are not used.
        masks: (T, H, W) labels to start from.
        profile: Bounds of the criteria.
        atrium: Whether an atrium is expected.
        convention: How discs are stacked.
        reach: Frames over which a change fades; by the frame interval if None.
    """

    def __init__(
        self,
        sequence: EchoSequence,
        masks: Mask,
        *,
        profile: Profile = PUBLISHED,
        atrium: bool = True,
        convention: Convention = Convention.ASE,
        reach: float | None = None,
    ) -> None:
        self.sequence, self.convention = sequence, convention
        self.base = as_masks(masks)
        if self.base.shape != sequence.frames.shape:
            raise GeometryError("the masks do not lie on the frames' grid", path=sequence.source)
        interval = sequence.frame_interval_s
        self.terms = Constraints(sequence.spacing, interval, profile, atrium)
        measured = self.terms.measured(self.base)
        usual = REACH_FRAMES if interval is None else REACH_S / interval
        self.reach = min(max(usual, 1.0), 8.0) if reach is None else reach
        self._past = [State({}, {}, measured, self.terms.certificate(measured))]
        self._future: list[State] = []
        self._canvas = self.base.copy()
        self._painted: dict[int, Mask] = {}
        self._known: tuple[State, Indices] | None = None

    @cached_property
    def shapes(self) -> Shapes:
        """The outlines of the masks as they came."""
        return Shapes(self.base, self._past[0].measured, self.terms)

    @property
    def state(self) -> State:
        """Where the history stands."""
        return self._past[-1]

    @property
    def original(self) -> State:
        """Where it began."""
        return self._past[0]

    @property
    def changed(self) -> BoolArray:
        """(T,) frames that are not the original's."""
        return self._mark(self.state.drawn)

    @property
    def masks(self) -> Mask:
        """(T, H, W) labels as they are now; a copy."""
        return self._with(self.state.drawn).copy()

    def mask(self, frame: int) -> Mask:
        """(H, W) labels of a frame as they are now."""
        return self.state.drawn.get(frame, self.base[frame])

    @property
    def indices(self) -> Indices:
        """Clinical indices as they are now."""
        state, known = self._known or (None, None)
        if known is None or state is not self.state:
            known = self._indices(self.state.drawn, self.state.measured)
            self._known = self.state, known
        return known

    @cached_property
    def original_indices(self) -> Indices:
        """Clinical indices as they were before any edit."""
        return self._indices({}, self.original.measured)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return len(self._past) > 1

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return bool(self._future)

    def sliders(self, frame: int) -> list[Slider]:
        """Sliders of a frame; none where no heart can be made out in it."""
        if not self.shapes.found[frame]:
            return []
        return sliders(
            self.shapes.values[frame],
            self.state.measured.attributes.values[frame],
            self.shapes.canvas.pixel_mm,
            calibrated=self.terms.spacing is not None,
        )

    def preview(self, frame: int, wanted: Mapping[str, float], *, alone: bool = False) -> Preview:
        """What setting attributes would do, as far as can be told at once.

        Only this frame and those that the indices need are drawn.

        Raises:
            SettingsError: There is no such frame or attribute.
            MeasurementError: No heart can be made out in the frame.
        """
        keys = self._set(frame, wanted, alone=alone)
        values, which = self._solve(keys, margin=MARGINS[0])
        needed = np.zeros(len(self.base), dtype=bool)
        now = self.state.measured.attributes.values
        ends = self._ends(values if np.isfinite(values[:, 0]).all() else now)
        needed[[frame, *ends]] = True
        drawn, measured = self._draw(values, which & needed)
        rest = which & self.shapes.found & ~needed
        told = measured.attributes
        guess = np.where(rest[:, None], values, told.values)
        measured = measured._replace(attributes=replace(told, values=guess))
        same = ends == self._ends(now) and all(
            np.array_equal(drawn.get(t, self.base[t]), self.mask(t)) for t in ends
        )
        return Preview(
            frame,
            drawn.get(frame, self.base[frame]),
            guess,
            self.terms.certificate(measured),
            self.indices if same else self._indices(drawn, measured),
        )

    def set(self, frame: int, wanted: Mapping[str, float], *, alone: bool = False) -> State:
        """Set attributes of a frame; its neighbours follow unless ``alone``.

        Args:
            frame: Which, from 0.
            wanted: Values in mm, mm² or degrees (pixels without calibration) by attribute.
            alone: Whether the neighbours stay as they are.

        Raises:
            SettingsError: There is no such frame or attribute, or a value is not finite.
            MeasurementError: No heart can be made out in the frame.
        """
        keys = self._set(frame, wanted, alone=alone)
        return self._push(keys, f"{', '.join(wanted)} of frame {frame}")

    def resume(self, keys: Mapping[int, Key]) -> State:
        """Take up edits that were left open, as one step that can be undone.

        Raises:
            SettingsError: A frame or an attribute is not there.
        """
        for frame, key in keys.items():
            self._set(frame, key.wanted, alone=key.alone)
        return self._push(keys, "edits taken up again")

    def restore(self, frame: int) -> State:
        """Take back everything that was set on a frame."""
        keys = {t: key for t, key in self.state.keys.items() if t != frame}
        return self._push(keys, f"frame {frame} as it was")

    def clear(self) -> State:
        """Take back everything; this can be undone."""
        return self._push({}, "everything as it was")

    def undo(self) -> State:
        """Go back one step; nothing happens at the beginning."""
        if self.can_undo:
            self._future.append(self._past.pop())
        return self.state

    def redo(self) -> State:
        """Go forward again by one step that was undone; nothing happens at the end."""
        if self._future:
            self._past.append(self._future.pop())
        return self.state

    def told(self) -> list[dict[str, Any]]:
        """What was set, for a record: frame, attributes with unit, whether neighbours followed."""
        units = self.state.measured.attributes.units
        return [
            {"frame": t, "alone": key.alone, "units": units, "wanted": dict(key.wanted)}
            for t, key in sorted(self.state.keys.items())
        ]

    def _push(self, keys: Mapping[int, Key], told: str) -> State:
        drawn, measured = self._settle(keys)
        state = State(keys, drawn, measured, self.terms.certificate(measured), told)
        self._past.append(state)
        self._future.clear()
        return state

    def _set(self, frame: int, wanted: Mapping[str, float], *, alone: bool) -> dict[int, Key]:
        if not 0 <= frame < len(self.base):
            raise SettingsError(f"there is no frame {frame}")
        unknown = set(wanted) - set(ATTRIBUTES)
        if unknown:
            raise SettingsError(f"there is no attribute {sorted(unknown)[0]!r}")
        if not all(np.isfinite(value) for value in wanted.values()):
            raise SettingsError("an attribute must be a finite number")
        if not self.shapes.found[frame]:
            raise MeasurementError(f"no heart can be made out in frame {frame}")
        before = self.state.keys.get(frame)
        merged = {**(before.wanted if before else {}), **wanted}
        return {**self.state.keys, frame: Key(merged, alone)}

    def _solve(self, keys: Mapping[int, Key], margin: float) -> tuple[Array, BoolArray]:
        """Attributes (T, 7) to be drawn, and which frames (T,) they move."""
        values = self.shapes.values
        together = {t: self._vector(key) for t, key in keys.items() if not key.alone}
        result = held(values, together, self._bound, self.reach, margin)
        for t, key in keys.items():
            if key.alone:
                wanted = self._vector(key)
                result[t] = np.where(np.isfinite(wanted), wanted, values[t])
        which = moved(values, result, self._bound)
        for t in keys:
            which[t] = bool((np.abs(result[t] - values[t]) > SAME).any())
        return result, which

    def _settle(self, keys: Mapping[int, Key]) -> tuple[dict[int, Mask], Measured]:
        """Draw until the pixels keep the bounds too, or use as little of them as it takes."""
        best: tuple[int, dict[int, Mask], Measured] | None = None
        for margin in MARGINS:
            values, which = self._solve(keys, margin)
            drawn, measured = self._draw(values, which)
            loose = ~self.terms.certificate(measured).consistency.within
            count = int(np.count_nonzero(loose))
            if best is not None and count >= best[0]:
                break  # what still breaks its bound does so elsewhere
            best = count, drawn, measured
            if count == 0 or not which.any():
                break
        assert best is not None
        return best[1], best[2]

    def _draw(self, values: Array, which: BoolArray) -> tuple[dict[int, Mask], Measured]:
        drawn = self.shapes.draw(values, which)
        measured = self._measured(drawn, self.original.measured, self._mark(drawn))
        mended = self.shapes.repaired(drawn, self.terms.certificate(measured).valid)
        if mended:
            drawn |= mended
            measured = self._measured(drawn, measured, self._mark(mended))
        return drawn, measured

    def _measured(self, drawn: Mapping[int, Mask], before: Measured, which: BoolArray) -> Measured:
        return self.terms.measured(self._with(drawn), before, which)

    def _indices(self, drawn: Mapping[int, Mask], measured: Measured) -> Indices:
        return sequence_indices(
            self.sequence,
            self._with(drawn),
            convention=self.convention,
            attributes=measured.attributes,
        )

    def _with(self, drawn: Mapping[int, Mask]) -> Mask:
        """All masks with these in their places; the same array every time."""
        for t in set(self._painted) - set(drawn):
            self._canvas[t] = self.base[t]
        for t, mask in drawn.items():
            if self._painted.get(t) is not mask:
                self._canvas[t] = mask
        self._painted = dict(drawn)
        return self._canvas

    def _mark(self, frames: Mapping[int, Mask]) -> BoolArray:
        marked = np.zeros(len(self.base), dtype=bool)
        marked[list(frames)] = True
        return marked

    def _vector(self, key: Key) -> Array:
        return np.array([key.wanted.get(name, np.nan) for name in ATTRIBUTES])

    def _ends(self, values: Array) -> list[int]:
        """Frames that the indices are measured on, by these attributes."""
        return phase_frames(self.sequence, values[:, 0])

    @cached_property
    def _bound(self) -> Array:
        """(7,) largest bends, in the units of the attributes."""
        return self.original.certificate.consistency.largest


def phase_frames(sequence: EchoSequence, areas: Array) -> list[int]:
    """ED and ES frames of every beat by the ventricle's areas (T,), as the indices find them."""
    return [t for beat in sequence_phases(sequence, areas).beats for t in (beat.ed, beat.es)]
