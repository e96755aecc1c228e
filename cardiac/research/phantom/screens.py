"""Hospital screens with known truth: an echo picture or cine set into what a machine displays.

The echo is a sector on black, as in CAMUS or in a synthetic phantom. It is cut (narrower,
shallower, with a near arc, by a frame), turned, mirrored, scaled and placed anywhere on a
screen with text, ECG, rulers, bars and marks, and then stored as hospitals store it: tinted,
compressed, coarse. The sector's geometry and the label masks go with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from cardiac.geometry import Mask, Region
from cardiac.io.color import luma
from cardiac.research.phantom.furniture import Overlay, furnish
from cardiac.sector.geometry import SectorGeometry

Bytes = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]

_SIZES = (
    (480, 640), (600, 800), (768, 1024), (576, 768), (240, 320), (288, 384),
    (720, 1280), (480, 854), (540, 960), (360, 640),
    (434, 636), (422, 636), (537, 716), (512, 512), (480, 720), (416, 600),
)  # fmt: skip
_MIN_OPENING = math.radians(32)


class ScreenSettings(BaseModel):
    """What a screen may do to an echo.

    Attributes:
        cuts: The sector may be narrowed, made shallower, given a near arc, or cut by a frame.
        turn_deg: Largest turn of the sector.
        mirror: Probability of a mirrored picture.
        furniture: Factor on the probability of each kind of graphics; 0 draws none.
        tone: Grey levels may be tinted, stretched, and shown on a background that is not black.
        storage: The picture may be compressed and made coarse.
        size: (H, W) of the screen; drawn from usual sizes without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cuts: bool = True
    turn_deg: float = 12.0
    mirror: float = 0.3
    furniture: float = 1.0
    tone: bool = True
    storage: bool = True
    size: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class HospitalScreen:
    """A screen and what is true of it.

    Attributes:
        rgb: (T, H, W, 3) uint8.
        masks: (T, H, W) labels, 0 outside the sector; None where none were given.
        sector: Geometry of the sector on this screen.
        to_screen: (2, 3) affine map of (column, row) in the echo to the screen.
        mirrored: Whether left and right changed sides.
        graphics: (H, W) pixels that graphics cover.
    """

    rgb: Bytes
    masks: Mask | None
    sector: SectorGeometry
    to_screen: Matrix
    mirrored: bool
    graphics: npt.NDArray[np.bool_]

    @property
    def frames(self) -> Bytes:
        """(T, H, W) grey levels, as a reader sees them."""
        return luma(self.rgb)


def picture_sector(picture: Bytes) -> SectorGeometry:
    """Geometry of a sector on pure black, its apex at the top, in one picture (H, W)."""
    lit = picture > 0
    rows = np.flatnonzero(lit.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1])
    used = rows[(rows > top + 0.15 * (bottom - top)) & (rows < top + 0.65 * (bottom - top))]
    part = lit[used]
    left = np.polyfit(used, part.argmax(axis=1) - 0.5, 1)
    right = np.polyfit(used, part.shape[1] - 0.5 - part[:, ::-1].argmax(axis=1), 1)
    row = (right[1] - left[1]) / (left[0] - right[0])
    apex = (float(row), float(np.polyval(left, row)))
    down, across = np.nonzero(lit)
    far = float(np.hypot(down - apex[0], across - apex[1]).max())
    edges = (math.atan(left[0]), math.atan(right[0]))
    return SectorGeometry(picture.shape, Region(0, 0, *picture.shape), apex, edges, (0.0, far))


def hospital_screen(
    frames: Bytes,
    masks: Mask | None = None,
    seed: int = 0,
    settings: ScreenSettings | None = None,
) -> HospitalScreen:
    """Set an echo into the screen of a machine.

    Args:
        frames: (H, W) or (T, H, W) uint8 of a sector on black, apex at the top, square pixels.
        masks: Labels of the same shape.
        seed: The same seed gives the same screen.
        settings: What may be done.
    """
    s = settings or ScreenSettings()
    rng = np.random.default_rng([seed, 41])
    frames = frames.reshape(-1, *frames.shape[-2:])
    echo = picture_sector(frames[0] if len(frames) == 1 else frames.max(axis=0))
    seen = _cut(echo, rng) if s.cuts else echo
    shape = s.size or _SIZES[rng.integers(len(_SIZES))]
    matrix, mirrored = _placement(seen, shape, rng, s)
    sector = _moved(seen, matrix, mirrored, shape)
    if s.cuts and rng.random() < 0.2:
        sector = _framed(sector, rng)
    inside = sector.mask()
    overlay = Overlay(shape, rng)
    if s.furniture:
        furnish(overlay, sector, s.furniture)
    background = _background(shape, rng) if s.tone else np.zeros((*shape, 3), np.uint8)
    tint = _tint(rng) if s.tone else np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    storage = _Storage.draw(rng) if s.storage else _Storage()
    rgb = np.empty((len(frames), *shape, 3), np.uint8)
    hissing = s.storage and not background.any() and rng.random() < 0.3
    ghost = np.float32(rng.uniform(0, 3)) if hissing else None
    for t, frame in enumerate(frames):
        warped = cv2.warpAffine(frame, matrix, shape[::-1], flags=_interpolation(matrix))
        screen = background.copy()
        screen[inside] = tint[warped[inside]]
        if ghost is not None:
            hiss = np.abs(ghost * rng.standard_normal(shape, dtype=np.float32)).astype(np.uint8)
            screen = cv2.add(screen, np.repeat(hiss[..., None], 3, axis=2))
        drawn = overlay.drawn > 0
        screen[drawn] = overlay.color[drawn]
        _cursor(screen, overlay, t, len(frames))
        rgb[t] = storage(screen)
    labels = None
    if masks is not None:
        masks = masks.reshape(frames.shape)
        labels = np.stack([_warp_labels(mask, matrix, shape) * inside for mask in masks])
    return HospitalScreen(rgb, labels, sector, matrix, mirrored, overlay.drawn > 0)


def _cut(sector: SectorGeometry, rng: np.random.Generator) -> SectorGeometry:
    """A narrower, shallower sector with a near arc, each with its own probability."""
    left, right = sector.edges
    near, far = sector.radii
    if rng.random() < 0.35:
        opening = right - left
        least = min(1.0, _MIN_OPENING / opening)
        keep = rng.uniform(max(0.55, least), 1)
        first = rng.uniform(0, 1 - keep)
        left, right = left + first * opening, left + (first + keep) * opening
    if rng.random() < 0.3:
        far *= rng.uniform(0.7, 1)
    if rng.random() < 0.6:
        near = far * rng.uniform(0.005, 0.16)
    return replace(sector, edges=(left, right), radii=(near, far))


def _placement(
    sector: SectorGeometry, shape: tuple[int, int], rng: np.random.Generator, s: ScreenSettings
) -> tuple[Matrix, bool]:
    """Turn, scale and shift, (2, 3), from (column, row) of the echo to the screen."""
    mirrored = bool(rng.random() < s.mirror)
    turn = math.radians(rng.uniform(-1, 1) * s.turn_deg) * float(rng.random() < 0.3)
    points = sector.outline()[:, ::-1]
    side = -1.0 if mirrored else 1.0
    rotation = np.array(
        [[math.cos(turn) * side, -math.sin(turn)], [math.sin(turn) * side, math.cos(turn)]]
    )
    turned = points @ rotation.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    size = high - low
    room = np.array([shape[1] - 1, shape[0] - 1], dtype=float)
    scale = rng.uniform(0.5, 0.99) * min(room / size)
    if s.cuts and rng.random() < 0.15:
        scale = rng.uniform(0.95, 1.3) * room[1] / size[1]
    free = room - scale * size
    where = rng.uniform(0.0, 1.0, 2)
    if rng.random() < 0.5:
        where = 0.5 + (where - 0.5) * np.array([0.2, 0.6])
    shift = where * free - scale * low
    return np.column_stack([scale * rotation, shift]), mirrored


def _moved(
    sector: SectorGeometry, matrix: Matrix, mirrored: bool, shape: tuple[int, int]
) -> SectorGeometry:
    """The sector after the map."""
    assert sector.apex is not None
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    column, row = matrix[:, :2] @ np.array(sector.apex[::-1]) + matrix[:, 2]
    angles = []
    for angle in sector.edges:
        across, down = matrix[:, :2] @ np.array([math.sin(angle), math.cos(angle)])
        angles.append(math.atan2(across, down))
    edges = (angles[1], angles[0]) if mirrored else (angles[0], angles[1])
    radii = (sector.radii[0] * scale, sector.radii[1] * scale)
    return SectorGeometry(shape, Region(0, 0, *shape), (float(row), float(column)), edges, radii)


def _framed(sector: SectorGeometry, rng: np.random.Generator) -> SectorGeometry:
    """The sector cut by one or two sides of a window."""
    box = sector.box
    if box is None:
        return sector
    top, left, bottom, right = box.top, box.left, box.bottom, box.right
    for side in rng.choice(4, int(rng.integers(1, 3)), replace=False):
        share = rng.uniform(0.03, 0.2)
        if side == 0:
            left += int(share * box.width)
        elif side == 1:
            right -= int(share * box.width)
        elif side == 2:
            bottom -= int(share * box.height)
        else:
            top += int(0.5 * share * box.height)
    return replace(sector, clip=Region(top, left, bottom, right))


def _background(shape: tuple[int, int], rng: np.random.Generator) -> Bytes:
    """Black, one dark colour, or a gradient of one."""
    screen = np.zeros((*shape, 3), np.uint8)
    kind = rng.random()
    if kind < 0.72:
        return screen
    color = rng.uniform(8, 60) * np.clip(rng.normal(1, 0.25, 3), 0.4, 1.6)
    if kind < 0.9:
        screen[:] = color.astype(np.uint8)
        return screen
    ramp = np.linspace(0.4, 1, shape[0])[:, None, None]
    screen[:] = (ramp * color).astype(np.uint8)
    return screen


def _tint(rng: np.random.Generator) -> Bytes:
    """(256, 3) colour of every grey level."""
    level = np.arange(256) / 255
    gain = rng.uniform(0.75, 1.3)
    grey = np.clip(gain * level ** rng.uniform(0.75, 1.4), 0, 1)
    color = np.array([1.0, 1.0, 1.0])
    kind = rng.random()
    if kind < 0.2:
        color = np.array([1.0, rng.uniform(0.8, 0.95), rng.uniform(0.55, 0.8)])
    elif kind < 0.35:
        color = np.array([rng.uniform(0.75, 0.95), rng.uniform(0.85, 0.98), 1.0])
    # A tint leaves black and white as they are.
    weight = 4 * grey * (1 - grey)
    mixed = grey[:, None] * (1 - weight[:, None] * (1 - color))
    return np.asarray(np.rint(255 * mixed), dtype=np.uint8)


@dataclass(frozen=True)
class _Storage:
    """Coarser pixels, bands of interference and JPEG."""

    quality: int | None = None
    coarse: float = 1.0
    bands: float = 0.0
    period: float = 9.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> _Storage:
        quality = int(rng.integers(45, 96)) if rng.random() < 0.6 else None
        coarse = float(rng.uniform(1.2, 2.2)) if rng.random() < 0.25 else 1.0
        bands = float(rng.uniform(1, 4)) if rng.random() < 0.12 else 0.0
        return cls(quality, coarse, bands, float(rng.uniform(4, 40)))

    def __call__(self, screen: Bytes) -> Bytes:
        """Store a screen (H, W, 3) and load it again."""
        height, width = screen.shape[:2]
        if self.coarse > 1:
            small = (round(width / self.coarse), round(height / self.coarse))
            screen = cv2.resize(screen, small, interpolation=cv2.INTER_AREA)
            screen = cv2.resize(screen, (width, height), interpolation=cv2.INTER_LINEAR)
        if self.bands:
            wave = self.bands * (1 + np.sin(2 * np.pi * np.arange(height) / self.period))
            band = np.broadcast_to(wave.astype(np.uint8)[:, None, None], screen.shape)
            screen = cv2.add(screen, np.ascontiguousarray(band))
        if self.quality is not None:
            ok, coded = cv2.imencode(".jpg", screen, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            screen = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR) if ok else screen)
        return np.asarray(screen, dtype=np.uint8)


def _interpolation(matrix: Matrix) -> int:
    shrinks = abs(np.linalg.det(matrix[:, :2])) < 0.5
    return cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR


def _warp_labels(mask: Mask, matrix: Matrix, shape: tuple[int, int]) -> Mask:
    warped = cv2.warpAffine(mask, matrix, shape[::-1], flags=cv2.INTER_NEAREST)
    return np.asarray(warped, dtype=np.uint8)


def _cursor(screen: Bytes, overlay: Overlay, t: int, count: int) -> None:
    """The bright end of the ECG runs along as the cine plays."""
    if overlay.cursor is None or count < 2:
        return
    left, right, base = overlay.cursor
    column = left + int((right - left) * t / count)
    cv2.line(screen, (column, base - 12), (column, base + 4), (255, 255, 255), 2)
