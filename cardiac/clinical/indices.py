"""Clinical indices of a sequence or a patient, each a number or a reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cardiac.clinical.catalogue import INDEX, NAMES, PER_BSA
from cardiac.clinical.volumes import Convention
from cardiac.reasons import Reason
from cardiac.sequence import View
from cardiac.types import Array


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """Discs of one structure in one phase, from which two views make a volume.

    Attributes:
        diameters: (20,) in mm, from the annulus on.
        length_mm: Long axis.
    """

    diameters: Array
    length_mm: float


@dataclass(frozen=True, eq=False, slots=True)
class BeatIndices:
    """Indices of one beat.

    Attributes:
        ed, es: Its frames, counted from 0.
        complete: Whether the clip shows the whole of it (see `Beat`).
        values: Number of each index that is measured in a beat and could be.
        reasons: Why each of the others could not.
        stacks: Discs by "lv_ed", "lv_es" and "la_es".
    """

    ed: int
    es: int
    complete: bool
    values: dict[str, float]
    reasons: dict[str, Reason]
    stacks: dict[str, Stack]


@dataclass(frozen=True, eq=False)
class Indices:
    """Indices of a sequence (means over its beats) or of two views of a patient.

    Every index of :mod:`cardiac.clinical.catalogue` is an attribute by its name, such as
    ``indices.lv_ef_percent``: a number in the unit that its name ends with, or None with its
    reason in ``reasons``.

    Attributes:
        values: The indices that could be measured, by name.
        view: View, or "biplane".
        convention: How the discs were stacked.
        n_beats: Beats that were averaged.
        ed_frames, es_frames: Their frames, counted from 0.
        discordant: Whether the long axes of two views differ by more than 20 %.
        reasons: Why each missing index is missing.
        warnings: What a reader must know before trusting a number.
        beats: Every beat by itself, those at the clip's ends included.
        stacks: Mean discs over the beats.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    view: str = View.UNKNOWN
    convention: Convention = Convention.ASE
    n_beats: int = 0
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()
    discordant: bool = False
    reasons: dict[str, Reason] = field(default_factory=dict)
    warnings: tuple[Reason, ...] = ()
    beats: tuple[BeatIndices, ...] = ()
    stacks: dict[str, Stack] = field(default_factory=dict)

    def __getattr__(self, name: str) -> float | None:
        if name in INDEX:
            return self.values.get(name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *NAMES]

    @property
    def ed_frame(self) -> int | None:
        """First end-diastole."""
        return self.ed_frames[0] if self.ed_frames else None

    @property
    def es_frame(self) -> int | None:
        """First end-systole."""
        return self.es_frames[0] if self.es_frames else None

    def numbers(self) -> dict[str, float | None]:
        """Every index by name in the order of the catalogue, for a table."""
        return {name: self.values.get(name) for name in NAMES}


def per_bsa(
    values: Mapping[str, float], bsa_m2: float | None
) -> tuple[dict[str, float], dict[str, Reason]]:
    """Indices per body surface area, and reasons for those that are missing."""
    found, reasons = {}, {}
    for name, base in PER_BSA.items():
        if bsa_m2 is None:
            reasons[name] = Reason("no_body_size", "height and weight are not known")
        elif base not in values:
            reasons[name] = Reason("base_missing", f"{base} is missing")
        else:
            found[name] = values[base] / bsa_m2
    return found, reasons
