"""Pictures that the view network learns from: apical views, and everything else.

An apical picture is turned, scaled, cut and mirrored at random. What is not one is made from
the same pictures (turned far, upside down, set into an upright sector at the angle of a
parasternal view, torn, without the heart), and from photographs and noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from cardiac.segmentation.view_network import CLASSES, VIEW_SIZE, ViewClass
from cardiac.types import ByteArray

Matrix = npt.NDArray[np.float64]


class ViewExampleSettings(BaseModel):
    """Strengths and probabilities of what is done to the pictures.

    Attributes:
        other: Part of the examples that show no apical view.
        rotation_deg: Largest turn of an apical picture.
        log_scale, log_aspect: Largest change of scale and of aspect, as natural logarithms.
        shift: Largest shift against the picture's side.
        zoom: Probability of a zoom on the ventricle, which cuts the atrium off.
        sector, window: Probability of a narrower sector, and of a straight cut.
        refit: Probability that the picture is fitted to what is left of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    other: float = 0.3
    rotation_deg: float = 25.0
    log_scale: float = 0.25
    log_aspect: float = 0.12
    shift: float = 0.08
    zoom: float = 0.35
    sector: float = 0.35
    window: float = 0.15
    refit: float = 0.7


@dataclass(frozen=True)
class ViewPictures:
    """Where examples are made from.

    Attributes:
        images: (N, S, S) uint8 apical pictures on a square grid.
        hearts: (N, 2) row and column of the ventricle's centre, 0 to 1.
        views: (N,) number of the unmirrored class in ``CLASSES``.
        others: (M, S, S) uint8 pictures that show no apical view.
    """

    images: ByteArray
    hearts: npt.NDArray[np.float64]
    views: npt.NDArray[np.intp]
    others: ByteArray


class ViewExamples:
    """Random examples."""

    def __init__(
        self, pictures: ViewPictures, settings: ViewExampleSettings, rng: np.random.Generator
    ) -> None:
        self.pictures, self.settings, self.rng = pictures, settings, rng

    def batch(self, indices: npt.NDArray[np.intp]) -> tuple[ByteArray, npt.NDArray[np.intp]]:
        """Examples (N, 80, 80) of apical pictures and others, and their classes (N,)."""
        images, labels = [], []
        for index in indices:
            if self.rng.random() < self.settings.other:
                images.append(self.other(int(index)))
                labels.append(CLASSES.index(ViewClass.OTHER))
            else:
                image, label = self.apical(int(index))
                images.append(image)
                labels.append(label)
        return np.stack(images), np.array(labels)

    def apical(self, index: int) -> tuple[ByteArray, int]:
        """An apical picture, mirrored or not, and its class."""
        mirrored = bool(self.rng.random() < 0.5)
        turn = self.rng.uniform(-1, 1) * self.settings.rotation_deg * self.rng.random()
        image = self._warped(index, turn, mirrored)
        return self._toned(self._cut(image)), int(self.pictures.views[index]) + mirrored

    def other(self, index: int) -> ByteArray:
        """A picture without an apical view."""
        rng, kind = self.rng, self.rng.random()
        mirrored = bool(rng.random() < 0.5)
        if kind < 0.2:
            image = self._warped(index, rng.uniform(70, 290), mirrored)
        elif kind < 0.5:
            # A heart that lies across an upright sector, as in parasternal and subcostal views.
            turn = rng.choice([-1, 1]) * rng.uniform(55, 130)
            image = self._warped(index, turn, mirrored, scale=rng.uniform(1.2, 1.7))
            image = _in_sector(image, rng, filled=True)
        elif kind < 0.62:
            image = self._torn(self._warped(index, 0.0, mirrored))
        elif kind < 0.74:
            image = self._heartless(index, mirrored)
        elif kind < 0.9:
            image = self._photograph()
        else:
            image = _noise(rng)
        return self._toned(self._cut(image) if rng.random() < 0.5 else image)

    def _warped(
        self, index: int, turn_deg: float, mirrored: bool, scale: float | None = None
    ) -> ByteArray:
        s, rng = self.settings, self.rng
        image = self.pictures.images[index]
        size = image.shape[0]
        center = np.full(2, size / 2)
        zoom = math.exp(rng.uniform(-1, 1) * s.log_scale) if scale is None else scale
        if scale is None and rng.random() < s.zoom:
            center = self.pictures.hearts[index][::-1] * size
            zoom = rng.uniform(1.2, 2.2)
        aspect = math.exp(rng.uniform(-1, 1) * s.log_aspect / 2)
        turn = math.radians(turn_deg)
        side = -1.0 if mirrored else 1.0
        rotation = np.array(
            [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
        ) @ np.diag([side * zoom * aspect, zoom / aspect])
        rotation *= VIEW_SIZE / size
        shift = VIEW_SIZE * (0.5 + rng.uniform(-1, 1, 2) * s.shift) - rotation @ center
        matrix = np.column_stack([rotation, shift])
        return np.asarray(
            cv2.warpAffine(image, matrix, (VIEW_SIZE, VIEW_SIZE), flags=cv2.INTER_AREA)
        )

    def _cut(self, image: ByteArray) -> ByteArray:
        """Narrower, straight cut, and fitted to what is left."""
        rng, s = self.rng, self.settings
        if rng.random() < s.sector:
            image = _in_sector(image, rng)
        if rng.random() < s.window:
            image = image.copy()
            cut = int(rng.uniform(0.05, 0.25) * VIEW_SIZE)
            side = int(rng.integers(4))
            # A view of the copy whose first rows are the side that is cut.
            np.rot90(image, side)[:cut] = 0
        if rng.random() < s.refit:
            image = _fitted(image)
        return image

    def _torn(self, image: ByteArray) -> ByteArray:
        """Quarters in another order, or a swirl: speckle of an echo without its anatomy."""
        rng, half = self.rng, VIEW_SIZE // 2
        if rng.random() < 0.5:
            order = rng.permutation(4)
            while (order == np.arange(4)).all():
                order = rng.permutation(4)
            parts = [image[r : r + half, c : c + half] for r in (0, half) for c in (0, half)]
            return np.block(
                [[parts[order[0]], parts[order[1]]], [parts[order[2]], parts[order[3]]]]
            )
        row, column = np.indices(image.shape, dtype=np.float32) - np.float32(half)
        span = np.hypot(row, column)
        turn = np.float32(rng.choice([-1, 1]) * rng.uniform(2.5, 6)) * np.exp(
            -span / (0.4 * VIEW_SIZE)
        )
        x = half + column * np.cos(turn) - row * np.sin(turn)
        y = half + column * np.sin(turn) + row * np.cos(turn)
        return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR))

    def _heartless(self, index: int, mirrored: bool) -> ByteArray:
        """A corner of the picture, far from the ventricle."""
        rng = self.rng
        image = self.pictures.images[index][:, :: -1 if mirrored else 1]
        size = image.shape[0]
        side = int(rng.uniform(0.3, 0.45) * size)
        top = 0 if rng.random() < 0.5 else size - side
        left = 0 if rng.random() < 0.5 else size - side
        if top == 0:
            side = int(0.28 * size)
            left = int((size - side) / 2 + rng.uniform(-0.05, 0.05) * size)
        part = np.ascontiguousarray(image[top : top + side, left : left + side])
        return np.asarray(cv2.resize(part, (VIEW_SIZE, VIEW_SIZE)))

    def _photograph(self) -> ByteArray:
        rng = self.rng
        image = self.pictures.others[rng.integers(len(self.pictures.others))]
        size = image.shape[0]
        side = int(rng.uniform(0.45, 1.0) * size)
        top, left = rng.integers(0, size - side + 1, 2)
        part = np.ascontiguousarray(image[top : top + side, left : left + side])
        if rng.random() < 0.5:
            part = np.ascontiguousarray(part[:, ::-1])
        small = cv2.resize(part, (VIEW_SIZE, VIEW_SIZE), interpolation=cv2.INTER_AREA)
        return _in_sector(small, rng, filled=True) if rng.random() < 0.6 else np.asarray(small)

    def _toned(self, image: ByteArray) -> ByteArray:
        """Gain, gamma, uneven gain, speckle, blur, coarse pixels and noise."""
        rng = self.rng
        inside = image > 0
        level = image.astype(np.float32) / 255
        level = level ** np.float32(math.exp(rng.uniform(-0.5, 0.5)))
        field = cv2.resize(
            rng.standard_normal((4, 4), dtype=np.float32),
            (VIEW_SIZE, VIEW_SIZE),
            interpolation=cv2.INTER_CUBIC,
        )
        level *= np.exp(np.float32(rng.uniform(0, 0.35)) * field)
        if rng.random() < 0.5:
            grain = rng.standard_normal((VIEW_SIZE, VIEW_SIZE), dtype=np.float32)
            level *= 1 + np.float32(rng.uniform(0, 0.25)) * grain
        if rng.random() < 0.3:
            level = cv2.GaussianBlur(level, (0, 0), rng.uniform(0.4, 1.1))
        if rng.random() < 0.2:
            small = int(rng.uniform(0.4, 0.8) * VIEW_SIZE)
            level = cv2.resize(
                cv2.resize(level, (small, small), interpolation=cv2.INTER_AREA),
                (VIEW_SIZE, VIEW_SIZE),
            )
        level *= np.float32(math.exp(rng.uniform(-0.4, 0.4)))
        if rng.random() < 0.1:
            level = level + np.float32(rng.uniform(0, 0.04))
        return np.asarray(np.clip(255 * level, 0, 255) * inside, dtype=np.uint8)


def _in_sector(image: ByteArray, rng: np.random.Generator, *, filled: bool = False) -> ByteArray:
    """The picture within an upright sector; ``filled`` gives its black parts a haze first."""
    n = VIEW_SIZE
    apex = (n * (0.5 + rng.uniform(-0.08, 0.08)), n * rng.uniform(-0.12, 0.08))
    left, right = -math.radians(rng.uniform(22, 45)), math.radians(rng.uniform(22, 45))
    far = n * rng.uniform(0.85, 1.05)
    angle = np.linspace(left, right, 12)
    arc = np.stack([apex[0] + far * np.sin(angle), apex[1] + far * np.cos(angle)], axis=1)
    mask = np.zeros((n, n), np.uint8)
    cv2.fillPoly(mask, [np.rint(np.vstack([[apex], arc])).astype(np.int32)], (255,))
    if filled:
        haze = rng.integers(1, 40, (n, n)).astype(np.uint8)
        image = np.where(image > 0, image, haze // 2).astype(np.uint8)
    return np.asarray(cv2.bitwise_and(image, mask))


def _fitted(image: ByteArray) -> ByteArray:
    """Scaled so that what is not black fills the square, aspect kept."""
    rows, columns = (np.flatnonzero((image > 2).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return image
    part = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = part.shape
    scale = VIEW_SIZE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    part = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    result = np.zeros_like(image)
    top, left = (VIEW_SIZE - size[1]) // 2, (VIEW_SIZE - size[0]) // 2
    result[top : top + size[1], left : left + size[0]] = part
    return result


def _noise(rng: np.random.Generator) -> ByteArray:
    """Speckle, clouds or ramps, in a sector or not."""
    n = VIEW_SIZE
    cells = int(rng.integers(2, n))
    field = rng.standard_normal((cells, cells), dtype=np.float32)
    image = cv2.resize(field, (n, n), interpolation=cv2.INTER_CUBIC)
    grain = rng.standard_normal((n, n), dtype=np.float32)
    image = image + np.float32(rng.uniform(0, 1)) * grain
    image = (image - image.min()) / max(float(np.ptp(image)), 1e-6)
    grey = (255 * image ** np.float32(rng.uniform(0.7, 2))).astype(np.uint8)
    return _in_sector(grey, rng, filled=True) if rng.random() < 0.7 else grey
