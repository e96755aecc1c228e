"""A stored array with its geometry, before it is known to be an image or a mask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import UnsupportedImageError
from cardiac.geometry import Spacing
from cardiac.io.orientation import Turn, trusted_turn, turn_of_affine
from cardiac.io.pixels import believed, to_uint8
from cardiac.sequence import EchoSequence, Storage

CAMUS_DEPTH_MM = 1.54
"""Third spacing that the first CAMUS release wrote for its two-dimensional cines."""


@dataclass(frozen=True, slots=True)
class Volume:
    """What a NIfTI or MetaImage file holds, in row, column order.

    Attributes:
        values: (T, H, W) of the stored type.
        spacing: (row, column) in mm, or None.
        times: (T,) seconds, or None.
        storage: Layout in the file.
        path: The file.
        notes: How geometry and time were found.
        turn: How it must be turned to be upright, where the file tells that outright; None
            where only its affine does.
    """

    values: npt.NDArray[np.generic]
    spacing: Spacing | None
    times: npt.NDArray[np.float64] | None
    storage: Storage
    path: Path
    notes: tuple[str, ...]
    turn: Turn | None = None

    def as_sequence(self) -> EchoSequence:
        """The volume as a greyscale cine.

        Raises:
            InvalidPixelsError: NaN, infinite or constant pixels.
        """
        volume = self.upright(labels=False)
        frames, notes = to_uint8(volume.values, self.path)
        spacing, doubt = believed(volume.spacing, frames.shape[1])
        return EchoSequence(
            frames=frames,
            spacing=spacing,
            times=self.times,
            source=self.path,
            storage=volume.storage,
            notes=(doubt or volume.notes[:1]) + volume.notes[1:] + notes,
        )

    def upright(self, *, labels: bool) -> Volume:
        """The volume turned as its file tells.

        Args:
            labels: Whether its values are labels, not grey levels.
        """
        turn, note = self.turn, ""
        if turn is None:
            turn = turn_of_affine(self.storage.affine, self.storage.axes)
            turn, note = trusted_turn(turn, self.values, labels=labels)
        elif turn:
            note = f"put upright as the file tells: {turn}"
        spacing = self.spacing
        if turn.transposed and spacing is not None:
            spacing = (spacing[1], spacing[0])
        axes = turn.axes(self.storage.axes)
        return replace(
            self,
            values=np.ascontiguousarray(turn.apply(self.values)),
            spacing=spacing,
            storage=replace(self.storage, axes=axes, flips=turn.flips),
            notes=(*self.notes, note) if note else self.notes,
            turn=Turn(),
        )


def as_frames(values: npt.NDArray[Any], axes: str) -> npt.NDArray[Any]:
    """An array stored in the order of ``axes`` as (T, H, W)."""
    kept = [axes.index(axis) for axis in "tyx" if axis in axes]
    ones = [i for i in range(len(axes)) if i not in kept]
    frames = values.transpose(ones + kept)[(0,) * len(ones)]
    return np.ascontiguousarray(frames if "t" in axes else frames[None])


def axes_of(shape: tuple[int, ...], path: Path) -> str:
    """Order of the axes of a stored array that runs x first ("xy", "xyt", "xyz", "xyzt").

    Trailing axes of length one beyond the fourth do not count.

    Raises:
        UnsupportedImageError: Not a 2-D image or 2-D cine.
    """
    if len(shape) == 2:
        return "xy"
    if len(shape) == 3:
        return "xyz" if shape[2] == 1 else "xyt"
    if len(shape) == 4 and shape[2] == 1:
        return "xyzt"
    if len(shape) == 4 and shape[3] == 1:
        return "xytz"
    raise UnsupportedImageError(
        f"an array of {' × '.join(map(str, shape))} is not a two-dimensional cine.",
        path=path,
        hint="Export single planes over time; volumes with depth are not read. "
        "Of one-hot masks, store the labels 0 to 3 in one array.",
    )


def refuse_depth(shape: tuple[int, ...], zooms: tuple[float, ...], path: Path) -> None:
    """Refuse a 3-D array whose third axis is a distance, not time.

    A third axis in mm is told from a cine's by its step: converters write 1 (or, in the
    first CAMUS release, 1.54) when they mean frames, and a frame time in s is below 0.2.

    Raises:
        UnsupportedImageError: The step looks like a slice distance.
    """
    if len(shape) != 3 or shape[2] == 1:
        return
    is_frames = "sequence" in path.name.lower() or zooms[2] in (1.0, 0.0)
    if is_frames or abs(zooms[2] - CAMUS_DEPTH_MM) < 1e-4:
        return
    if 0.2 < zooms[2] <= 10:
        raise UnsupportedImageError(
            f"a volume of {shape[2]} slices {zooms[2]:g} mm apart is not a two-dimensional cine.",
            path=path,
            hint="If the third axis is time, set its step to 1 or its unit to seconds.",
        )
