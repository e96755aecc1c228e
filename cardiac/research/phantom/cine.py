"""One cine whose truth is known in every frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError
from cardiac.geometry import Mask, Spacing
from cardiac.sequence import EchoSequence, Subject, View

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PhantomCine:
    """Frames, and everything that is true of them.

    Attributes:
        frames: (T, H, W) uint8 grey levels.
        masks: (T, H, W) uint8 true label maps, CAMUS numbers.
        spacing: (row, column) size of a pixel in mm.
        times: (T,) seconds from the first frame.
        view: Apical view.
        landmarks: (T, 3, 2) row and column in pixels of the left annulus point (as the image
            is seen), the right annulus point and the apex.
        attributes: Name of each attribute of the shape (as in ``cardiac.anatomy``) to its
            (T,) true values in mm, mm² and degrees.
        volumes_ml: (T,) true LV volume by discs with circular sections.
        ef_percent: True ejection fraction: that of the beat at its volume extremes, which
            may fall between two frames.
        ed_frames, es_frames: Frames nearest to the end of each diastole and systole.
        heart_rate_bpm: Beats a minute.
        seed: The seed everything was drawn from.
        name: Who or what it shows.
        corruptions: What was done to the pixels since, as "name:grade".
    """

    frames: npt.NDArray[np.uint8]
    masks: Mask
    spacing: Spacing
    times: Floats
    view: View
    landmarks: Floats
    attributes: Mapping[str, Floats]
    volumes_ml: Floats
    ef_percent: float
    ed_frames: tuple[int, ...]
    es_frames: tuple[int, ...]
    heart_rate_bpm: float
    seed: int
    name: str = "phantom"
    corruptions: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        length = len(self.frames)
        series = [self.times, self.landmarks, self.volumes_ml, *self.attributes.values()]
        if self.masks.shape != self.frames.shape or any(len(s) != length for s in series):
            raise GeometryError("frames, masks and true values of a cine differ in number or size")
        arrays: list[npt.NDArray[Any]] = [self.frames, self.masks, *series]
        for array in arrays:
            array.setflags(write=False)

    def __len__(self) -> int:
        return int(self.frames.shape[0])

    @property
    def sequence(self) -> EchoSequence:
        """The cine as a reader would give it: pixels and geometry, without the truth."""
        return EchoSequence(
            frames=self.frames,
            spacing=self.spacing,
            times=self.times,
            view=self.view,
            heart_rate_bpm=self.heart_rate_bpm,
            subject=Subject(id=self.name),
            notes=("made by cardiac.research.phantom, with known truth",),
        )

    @property
    def frame_rate_hz(self) -> float:
        """Frames a second, from the mean interval."""
        return float((len(self) - 1) / (self.times[-1] - self.times[0])) if len(self) > 1 else 0.0

    def replace(self, **changes: Any) -> PhantomCine:
        """A copy with some attributes changed."""
        return replace(self, **changes)

    def take(self, index: npt.NDArray[np.intp]) -> PhantomCine:
        """The cine of some of its frames, in rising order, with the truth that goes with them.

        The frames of end-diastole and end-systole become the nearest ones that are left.
        """
        times = self.times[index]

        def nearest(frames: tuple[int, ...]) -> tuple[int, ...]:
            found = (int(np.abs(times - self.times[f]).argmin()) for f in frames)
            return tuple(dict.fromkeys(found))

        return self.replace(
            frames=self.frames[index],
            masks=self.masks[index],
            times=times - times[0],
            landmarks=self.landmarks[index],
            attributes={name: values[index] for name, values in self.attributes.items()},
            volumes_ml=self.volumes_ml[index],
            ed_frames=nearest(self.ed_frames),
            es_frames=nearest(self.es_frames),
        )
