"""Two expert-masked instants of one heart on a common grid, and everything in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, gaussian_filter

from cardiac.anatomy import check
from cardiac.errors import CardiacError, InputError
from cardiac.geometry import CanonicalGrid, Mask, Spacing
from cardiac.research.phantom.motion import Flow
from cardiac.research.phantom.outline import between, matched_outlines
from cardiac.research.phantom.texture import (
    label_layers,
    mix_pictures,
    pick_labels,
    picture_layers,
    sample,
)
from cardiac.research.phantom.truth import volume_ml

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Image = npt.NDArray[np.uint8]
_FINE = 2  # samples of the source image to a pixel of the cine
_REACH_MM = 60.0
_PARTINGS = (3.0, 5.0, 8.0, 12.0, 18.0, 27.0)


@dataclass(frozen=True)
class Pair:
    """End-diastole and end-systole of one heart, and the flow between them.

    Attributes:
        masks: The experts' masks (n, n) at the cine's resolution.
        outlines: Their matched outlines in pixels of the cine.
        flow: The motion from one to the other.
        seen: (n, n) pixels inside the sector.
        pixel_mm: Side of a pixel in mm.
    """

    masks: tuple[Mask, Mask]
    outlines: tuple[Mapping[str, Floats], Mapping[str, Floats]]
    flow: Flow
    seen: Bools
    pixel_mm: float
    _pictures: tuple[Floats32, Floats32]
    _labels: tuple[Floats32, Floats32]
    _near: Bools

    @classmethod
    def prepare(
        cls, images: tuple[Image, Image], masks: tuple[Mask, Mask], spacing: Spacing, size: int
    ) -> Pair:
        """Bring (H, W) images and masks of two instants to a square of ``size`` pixels.

        Raises:
            InputError: A structure is missing or cannot be measured, or sizes differ.
        """
        check_pair(images, masks)
        grid = CanonicalGrid.fit(images[0].shape, spacing, size=size)
        fine = CanonicalGrid.fit(images[0].shape, spacing, size=size * _FINE)
        small = (grid.majority_labels(masks[0]), grid.majority_labels(masks[1]))
        lines = (_outlines(small[0], "end-diastolic"), _outlines(small[1], "end-systolic"))
        pixels = [fine.to_canonical(image) for image in images]
        sector = _sector(np.maximum(pixels[0], pixels[1]))
        inner = binary_erosion(sector, iterations=2 * _FINE)
        pixel_mm = grid.pitch[1] * spacing[1]
        start, end = (np.concatenate(list(line.values())) for line in lines)
        return cls(
            masks=small,
            outlines=lines,
            flow=Flow.between(start, end, size, _REACH_MM / pixel_mm),
            seen=sector[::_FINE, ::_FINE],
            pixel_mm=pixel_mm,
            _pictures=(picture_layers(pixels[0], inner), picture_layers(pixels[1], inner)),
            _labels=(label_layers(small[0]), label_layers(small[1])),
            _near=_around(np.concatenate([start, end]), size),
        )

    def progress(self, emptying: Floats) -> Floats:
        """Share of the way from start to end at which the volume follows a curve (T,)."""
        knots = np.linspace(0, 1, 33)
        volume = np.array([volume_ml(between(*self.outlines, k)["endo"]) for k in knots])
        out = volume[0] - volume
        if out[-1] <= 0 or (np.diff(out) <= 0).any():
            return emptying
        return np.asarray(np.interp(emptying, out / out[-1], knots))

    def picture(self, s: float) -> Floats32:
        """Grey levels (n, n) at ``s``: both ends are carried there, then mixed."""
        picture = np.zeros(self.seen.shape, np.float32)
        middle = np.float32((_FINE - 1) / 2)
        first, second = (
            sample(layers, *(place[:, self.seen] * _FINE + middle))
            for layers, place in zip(self._pictures, self.flow.maps(s), strict=True)
        )
        picture[self.seen] = mix_pictures(first, second, _share(s))
        return picture

    def valid_masks(self, s: Floats) -> dict[float, Mask]:
        """The mask (n, n) at each of ``s``, all of them valid if the experts' two masks are.

        Masks move as the picture does. Where wall and atrium, which touch a little at both
        ends, would touch too long on the way, they are parted, alike in the whole cine.
        """
        layers = {value: self._layers(value) for value in sorted(set(s.tolist()))}
        masks = {value: self._painted(layers[value], value, 0.0) for value in layers}
        if not check(np.stack(self.masks)).valid.all():
            return masks
        bad = _invalid(masks)
        for parting in _PARTINGS if bad else ():
            if _invalid({v: self._painted(layers[v], v, parting) for v in bad}):
                continue
            trial = {value: self._painted(layers[value], value, parting) for value in layers}
            if not _invalid(trial):
                return trial
        return masks

    def _layers(self, s: float) -> Floats32:
        """Distances (P, 4) to each label at ``s`` in the box around the heart."""
        first, second = (
            sample(layers, *place[:, self._near])
            for layers, place in zip(self._labels, self.flow.maps(s), strict=True)
        )
        return first + np.float32(_share(s)) * (second - first)

    def _painted(self, layers: Floats32, s: float, parting: float) -> Mask:
        mask = np.zeros(self.seen.shape, np.uint8)
        mask[self._near] = pick_labels(layers, parting * (1 - (2 * s - 1) ** 8))
        return mask


def _invalid(masks: Mapping[float, Mask]) -> list[float]:
    valid = np.all(check(np.stack(list(masks.values()))).valid, axis=1)
    return [value for value, good in zip(masks, valid, strict=True) if not good]


def _share(s: float) -> float:
    """Weight of end-systole at ``s``: flat at both ends."""
    return s * s * (3 - 2 * s)


def check_pair(images: tuple[Image, Image], masks: tuple[Mask, Mask]) -> None:
    """Refuse images and masks that differ in size or hold unknown labels.

    Raises:
        InputError: With the reason.
    """
    shape = images[0].shape
    named = zip(("ED image", "ES image", "ED mask", "ES mask"), (*images, *masks), strict=True)
    for what, array in named:
        if array.ndim != 2 or array.shape != shape:
            raise InputError(f"the {what} is {array.shape}, the ED image {shape}: sizes differ")
        if what.endswith("mask") and not np.isin(array, (0, 1, 2, 3)).all():
            raise InputError(f"the {what} has labels other than 0, 1, 2 and 3")


def _outlines(mask: Mask, which: str) -> dict[str, Floats]:
    try:
        return matched_outlines(mask)
    except CardiacError as error:
        raise InputError(f"the {which} mask cannot be used: {error.message}") from error


def _around(points: Floats, size: int) -> Bools:
    """(n, n) pixels of the box around all outlines: beyond it every mask is background."""
    low = np.floor(points.min(axis=0)).astype(int) - 8
    high = np.ceil(points.max(axis=0)).astype(int) + 9
    near = np.zeros((size, size), bool)
    near[max(low[0], 0) : high[0], max(low[1], 0) : high[1]] = True
    return near


def _sector(image: Floats32) -> Bools:
    """Pixels that hold ultrasound: the hull of what is not black."""
    from skimage.morphology import convex_hull_image

    bright = gaussian_filter(image, 1.0) > 4
    if not bright.any():
        return np.ones(image.shape, bool)
    return np.asarray(convex_hull_image(bright))
