"""One echo sequence: pixels, geometry or the honest absence of it, time, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError, InvalidPixelsError
from cardiac.geometry import CanonicalGrid, Region, Spacing
from cardiac.sector.geometry import SectorGeometry
from cardiac.states import ViewSource


class View(StrEnum):
    """Apical echo view."""

    A4C = "A4C"
    A2C = "A2C"
    A3C = "A3C"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a file says of the patient and a clinical index needs; None where it is silent."""

    id: str | None = None
    sex: str | None = None
    age_years: float | None = None
    height_m: float | None = None
    weight_kg: float | None = None

    @property
    def bsa_m2(self) -> float | None:
        """Body surface area by Du Bois and Du Bois (1916), in m²."""
        if not self.height_m or not self.weight_kg:
            return None
        return float(0.007184 * (100 * self.height_m) ** 0.725 * self.weight_kg**0.425)


@dataclass(frozen=True, slots=True)
class Storage:
    """How the file laid its array out, so that a mask can be written the same way.

    Attributes:
        axes: Order of the axes in the file: a permutation of "xy", "xyt", "xyzt", "tyx"...
            where z, if present, has length one. x and y are those of the frames as they were
            read, upright.
        flips: Those of "yx" that run the other way in the file.
        affine: 4×4 voxel-to-world matrix of a NIfTI or MetaImage file, or None.
        zooms: Voxel sizes as stored, one per axis, or None.
    """

    axes: str = "xyt"
    affine: npt.NDArray[np.float64] | None = None
    zooms: tuple[float, ...] | None = None
    flips: str = ""


@dataclass(frozen=True, eq=False)
class EchoSequence:
    """An apical echo cine (or a single image, as a cine of one frame). Immutable.

    ``frames`` and ``times`` become read-only views: they share the memory of the arrays that
    were given, whose own writeable flag stays as it was. Who changes those arrays later
    changes the sequence; give copies where that may happen.

    Attributes:
        frames: (T, H, W) uint8 grey levels, row then column.
        spacing: (row, column) in mm, or None where the file has no trustworthy one.
        times: (T,) seconds from the first frame, or None where the file has none.
        view: Apical view, if the file says.
        view_source: Who says so; None where nobody does, or the header of the file.
        region: Rectangle of the two-dimensional ultrasound image, or None for all of it.
        sector: Where the echo lies within the picture, or None where that was not looked for.
        heart_rate_bpm: As stored in the file, or None.
        r_wave_times: Seconds of the R waves on the scale of ``times``, or ().
        ed_frames, es_frames: End-diastolic and end-systolic frames given by the file (0-based).
        subject: What the file says of the patient.
        source: File or folder it was read from, or None for an array.
        storage: Layout of the array in the file.
        notes: How geometry and time were found, and what was doubtful, one sentence each.
    """

    frames: npt.NDArray[np.uint8]
    spacing: Spacing | None = None
    times: npt.NDArray[np.float64] | None = None
    view: View = View.UNKNOWN
    view_source: ViewSource | None = None
    region: Region | None = None
    sector: SectorGeometry | None = None
    heart_rate_bpm: float | None = None
    r_wave_times: tuple[float, ...] = ()
    ed_frames: tuple[int, ...] = ()
    es_frames: tuple[int, ...] = ()
    subject: Subject = field(default_factory=Subject)
    source: Path | None = None
    storage: Storage = field(default_factory=Storage)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.frames.ndim != 3 or self.frames.dtype != np.uint8:
            raise InvalidPixelsError(
                f"frames must be uint8 (T, H, W), got {self.frames.dtype} {self.frames.shape}",
                path=self.source,
            )
        if 0 in self.frames.shape:
            raise InvalidPixelsError("the sequence has no frames or no pixels", path=self.source)
        if self.times is not None and (
            self.times.shape != (len(self),) or (np.diff(self.times) <= 0).any()
        ):
            raise GeometryError("frame times must rise and be one per frame", path=self.source)
        if self.spacing is not None and not all(0.005 <= s <= 10 for s in self.spacing):
            raise GeometryError(
                f"a pixel of {self.spacing[0]:g} × {self.spacing[1]:g} mm is not possible in echo",
                path=self.source,
                hint="Correct the calibration in the file or give it in a manifest.",
            )
        self._freeze()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._freeze()

    def _freeze(self) -> None:
        for name in ("frames", "times"):
            array = getattr(self, name)
            if array is not None:
                view = array.view()
                view.flags.writeable = False
                object.__setattr__(self, name, view)

    def __len__(self) -> int:
        return int(self.frames.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of a frame."""
        return int(self.frames.shape[1]), int(self.frames.shape[2])

    @property
    def frame_interval_s(self) -> float | None:
        """Median time between frames in s, or None for one frame or no times."""
        if self.times is None or len(self) < 2:
            return None
        return float(np.median(np.diff(self.times)))

    @property
    def grid(self) -> CanonicalGrid:
        """The canonical grid of this sequence."""
        return CanonicalGrid.fit(self.shape, self.spacing, self.region)

    def replace(self, **changes: Any) -> EchoSequence:
        """A copy with some attributes changed."""
        return replace(self, **changes)
