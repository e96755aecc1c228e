"""What became of one case, in a form that a database keeps and another process can send."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cardiac.errors import CardiacError
from cardiac.reasons import Reason
from cardiac.types import Row

if TYPE_CHECKING:
    from cardiac.clinical import Indices
    from cardiac.io import InputItem
    from cardiac.uncertainty.intervals import Intervals

_INTERVALS = "intervals"


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that a case left: its path below the output folder, hash and size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What the work on one case gave.

    Attributes:
        row: Its row of ``indices.csv``.
        frames_csv: Its lines of ``frames.csv``.
        views: What a biplane row needs of it, as JSON, or "".
        bsa_m2: Body surface area.
        frames: Number of frames.
        seconds: How long it took.
        stamp, input_hash, sha256: Its files as they were read; see ``fingerprint``.
        outputs: The files it left.
        error: Why it failed, if it did.
        log: (level, text) of what the library had to say.
    """

    row: Row
    frames_csv: str = ""
    views: str = ""
    bsa_m2: float | None = None
    frames: int = 0
    seconds: float = 0.0
    stamp: str = ""
    input_hash: str = ""
    sha256: str = ""
    outputs: tuple[OutputFile, ...] = ()
    error: CardiacError | None = None
    log: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, eq=False)
class FinishedCase:
    """What became of one input, told to the caller: its row, and the reason if it failed."""

    item: InputItem
    index_row: Row = field(default_factory=dict)
    error: CardiacError | None = None
    frames: int = 0
    seconds: float = 0.0
    skipped: bool = False


def pack_indices(indices: Indices, intervals: Intervals | None = None) -> str:
    """Indices as JSON, exactly, without the single beats; and what biplane intervals need."""
    bare: dict[str, Any] = dataclasses.asdict(dataclasses.replace(indices, beats=()))
    if intervals is not None:
        bare[_INTERVALS] = intervals.to_json()
    return json.dumps(bare, default=_plain, separators=(",", ":"))


def unpack_indices(text: str) -> Indices:
    """Indices from the JSON that :func:`pack_indices` made."""
    import numpy as np

    from cardiac.clinical import Convention, Indices
    from cardiac.clinical.indices import Stack

    told: dict[str, Any] = json.loads(text)
    told.pop(_INTERVALS, None)
    told["reasons"] = {name: Reason.of(reason) for name, reason in told["reasons"].items()}
    told["warnings"] = [Reason.of(warning) for warning in told["warnings"]]
    for name, value in told.items():
        if isinstance(value, list):
            told[name] = tuple(value)
    told["convention"] = Convention(told["convention"])
    told["stacks"] = {
        name: Stack(np.array(stack["diameters"]), stack["length_mm"])
        for name, stack in told["stacks"].items()
    }
    return Indices(**told)


def unpack_view_intervals(text: str) -> Intervals | None:
    """What biplane intervals need, from the JSON that :func:`pack_indices` made; or None."""
    from cardiac.uncertainty.intervals import Intervals

    packed = json.loads(text).get(_INTERVALS)
    return None if packed is None else Intervals.from_json(packed)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
