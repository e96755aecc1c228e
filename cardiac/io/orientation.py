"""Which way is up: orientation and pixel aspect that a file tells, and frames put upright by it.

An apical picture has the transducer at the top. A file may store its rows from the bottom, its
columns from the right, or its axes exchanged, and say so: by the affine of NIfTI, the direction
of ITK's formats, the display matrix of a video or the EXIF tag of a picture. Frames are read the
way a viewer shows them, and :class:`~cardiac.sequence.Storage` keeps the way back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.geometry import Region
from cardiac.labels import Label
from cardiac.sequence import EchoSequence, Storage

_IN_PLANE = 0.9
"""Cosine from which an axis of the array counts as one of the picture."""
_LEANS = 0.1
"""Difference of the sector's width below and above, in widths, that tells where its apex is."""
_BRIGHT = 12
_MARK = "stored "
_SQUARE = 0.005
"""Departure of a pixel's aspect from 1 that is left alone."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Exchange of rows and columns, then reversal of either.

    Attributes:
        transposed: Whether rows and columns are exchanged first.
        rows, columns: Whether they are reversed then.
    """

    transposed: bool = False
    rows: bool = False
    columns: bool = False

    def __bool__(self) -> bool:
        return self.transposed or self.rows or self.columns

    def apply(self, frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn frames (..., H, W): a view."""
        if self.transposed:
            frames = frames.swapaxes(-1, -2)
        if self.rows:
            frames = frames[..., ::-1, :]
        return frames[..., ::-1] if self.columns else frames

    def axes(self, axes: str) -> str:
        """Order of the stored axes, named as they are in the turned frames."""
        return axes.translate(str.maketrans("xy", "yx")) if self.transposed else axes

    @property
    def flips(self) -> str:
        """Axes of the turned frames that run the other way in the file."""
        return "y" * self.rows + "x" * self.columns

    def __str__(self) -> str:
        done = ["rows and columns exchanged"] * self.transposed
        done += ["rows reversed"] * self.rows + ["columns reversed"] * self.columns
        return " and ".join(done) or "as stored"


UPRIGHT = Turn()
"""No turn."""


def turn_of(matrix: npt.NDArray[np.float64]) -> Turn:
    """The turn that a 2×2 matrix from stored (x, y) to shown (x, y), y down, comes closest to."""
    (a, c), (b, d) = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(False, bool(d < 0), bool(a < 0))
    return Turn(True, bool(b < 0), bool(c < 0))


def turn_of_affine(affine: npt.NDArray[np.float64] | None, axes: str) -> Turn:
    """How frames stored in the order of ``axes`` must be turned to be upright by their affine.

    Args:
        affine: 4×4 voxel-to-world matrix as NIfTI has it, or None.
        axes: Order of the stored axes.

    Returns:
        The turn; none where the plane lies obliquely in space, which tells nothing of the
        picture.
    """
    if affine is None:
        return Turn()
    columns = affine[:3, [axes.index("x"), axes.index("y")]]
    lengths = np.linalg.norm(columns, axis=0)
    if not np.isfinite(columns).all() or not (lengths > 0).all():
        return Turn()
    # As in CAMUS: pictures run to the patient's left and back, NIfTI's x and y the other way.
    matrix = -(columns / lengths)[:2]
    if (np.abs(matrix).max(axis=0) < _IN_PLANE).any():
        return Turn()
    turn = turn_of(matrix)
    return Turn() if abs(np.linalg.det(matrix)) < _IN_PLANE**2 / 2 else turn


def turn_of_exif(value: int) -> Turn:
    """The turn that EXIF's Orientation (1 to 8) asks for."""
    turns = {
        2: Turn(columns=True),
        3: Turn(rows=True, columns=True),
        4: Turn(rows=True),
        5: Turn(transposed=True),
        6: Turn(transposed=True, columns=True),
        7: Turn(transposed=True, rows=True, columns=True),
        8: Turn(transposed=True, rows=True),
    }
    return turns.get(value, Turn())


def turn_of_scan(letters: str) -> Turn:
    """The turn for a tracked scanner's orientation: marked or unmarked side, far or near.

    The letters say where x and y point. Upright, x runs to the marked side and y to the far one.
    """
    return Turn(False, letters[1:2] == "N", letters[:1] == "U")


def turn_of_storage(storage: Storage) -> Turn:
    """The turn that frames went through between their file and the sequence."""
    transposed = storage.axes.index("y") < storage.axes.index("x")
    return Turn(transposed, "y" in storage.flips, "x" in storage.flips)


def storage_mark(storage: Storage) -> bytes:
    """Text for the header of a result (at most 24 bytes), where its affine does not tell enough.

    A reader then turns it exactly as its sequence was turned; b"" where nothing was turned.
    """
    turn, order = turn_of_storage(storage), storage.axes
    told = turn_of_affine(storage.affine, turn.axes(order)) if storage.affine is not None else turn
    return f"{_MARK}{order} {storage.flips}".encode() if turn or turn != told else b""


def stored_turn(mark: bytes) -> Turn | None:
    """The turn that :func:`storage_mark` wrote, or None."""
    words = mark.rstrip(b"\0").decode("latin-1").removeprefix(_MARK).split()
    if not mark.startswith(_MARK.encode()) or not words or set("xy") - set(words[0]):
        return None
    return turn_of_storage(Storage(words[0], flips=words[1] if len(words) > 1 else ""))


def trusted_turn(turn: Turn, values: npt.NDArray[Any], *, labels: bool) -> tuple[Turn, str]:
    """The turn, unless what is seen contradicts it, and a note.

    Many files carry an affine that nobody meant. A sector with its apex up, or an atrium below
    its ventricle, is upright already; where turning would put it on its head, the pixels are
    believed.

    Args:
        turn: What the file tells.
        values: (T, H, W) as stored.
        labels: Whether they are labels, not grey levels.
    """
    if not turn:
        return turn, ""
    up = _labels_up if labels else _sector_up
    if up(values) > 0 and up(turn.apply(values)) < 0:
        return Turn(), "the file's orientation would put the sector on its head: read as stored"
    return turn, f"put upright by the file's orientation: {turn}"


def displayed(sequence: EchoSequence, turn: Turn, pixel_aspect: float = 1.0) -> EchoSequence:
    """A sequence as a viewer shows it: turned, and with square pixels.

    Masks of a turned sequence go back to the file's own grid. Where pixels are made square, they
    stay on the grid that is displayed, and a note says so.

    Args:
        sequence: As stored in the file.
        turn: How to turn it.
        pixel_aspect: Width of a stored pixel over its height; not used where the pixel size is
            known, which holds it already.
    """
    if sequence.spacing is not None or not 0.2 <= pixel_aspect <= 5:
        pixel_aspect = 1.0
    square = abs(pixel_aspect - 1) <= _SQUARE
    if not turn and square:
        return sequence
    frames, region, notes = sequence.frames, sequence.region, sequence.notes
    storage = sequence.storage
    if not square:
        shape = frames.shape[1:]
        frames = squared(frames, pixel_aspect)
        region = region and _scaled(region, shape, (frames.shape[1], frames.shape[2]))
        notes += (
            f"pixels {pixel_aspect:.3g} times as wide as high were made square: frames and masks "
            "are on the grid that is displayed",
        )
    if turn:
        region = region and _turned(region, turn, (frames.shape[1], frames.shape[2]))
        frames = np.ascontiguousarray(turn.apply(frames))
        notes += (f"turned as the file tells a viewer to: {turn}",)
        if square:
            storage = replace(storage, axes=turn.axes(storage.axes), flips=turn.flips)
    spacing = sequence.spacing
    if turn.transposed and spacing is not None:
        spacing = (spacing[1], spacing[0])
    return sequence.replace(
        frames=frames, region=region, spacing=spacing, storage=storage, notes=notes
    )


def squared(frames: npt.NDArray[np.uint8], pixel_aspect: float) -> npt.NDArray[np.uint8]:
    """Frames (T, H, W) with square pixels; none is lost: the shorter side grows."""
    from PIL import Image

    height, width = frames.shape[1:]
    if pixel_aspect > 1:
        width = max(1, round(width * pixel_aspect))
    else:
        height = max(1, round(height / pixel_aspect))
    made = np.empty((len(frames), height, width), dtype=np.uint8)
    for source, target in zip(frames, made, strict=True):
        image = Image.fromarray(source).resize((width, height), Image.Resampling.BILINEAR)
        target[:] = np.asarray(image)
    return made


def _turned(region: Region, turn: Turn, shape: tuple[int, int]) -> Region:
    rows, columns = (region.top, region.bottom), (region.left, region.right)
    height, width = shape
    if turn.transposed:
        rows, columns, height, width = columns, rows, width, height
    if turn.rows:
        rows = height - rows[1], height - rows[0]
    if turn.columns:
        columns = width - columns[1], width - columns[0]
    return Region(rows[0], columns[0], rows[1], columns[1])


def _scaled(region: Region, old: tuple[int, ...], new: tuple[int, int]) -> Region:
    down, across = new[0] / old[0], new[1] / old[1]
    return Region(
        int(region.top * down),
        int(region.left * across),
        min(new[0], int(np.ceil(region.bottom * down))),
        min(new[1], int(np.ceil(region.right * across))),
    )


def _sector_up(values: npt.NDArray[Any]) -> int:
    """1 where a sector narrows upwards, -1 downwards, 0 where that cannot be told."""
    image = values[:: max(1, len(values) // 8)].max(axis=0).astype(np.float64)
    low, high = float(image.min()), float(image.max())
    lit = image > low + max(_BRIGHT / 255, 0.05) * (high - low)
    widths = lit.sum(axis=1)
    rows = np.flatnonzero(widths > 0.02 * lit.shape[1])
    if rows.size < 8:
        return 0
    widths = widths[rows[0] : rows[-1] + 1]
    third = max(1, len(widths) // 3)
    lean = (widths[-third:].mean() - widths[:third].mean()) / max(1, widths.max())
    return int(np.sign(lean)) if abs(lean) > _LEANS else 0


def _labels_up(values: npt.NDArray[Any]) -> int:
    """1 where the atrium (else the open end of the myocardium) is below the cavity, or -1."""
    labels = np.rint(np.nan_to_num(values))
    middle = {}
    for label in (Label.LV, Label.MYOCARDIUM, Label.LA):
        rows = np.flatnonzero((labels == label).any(axis=(0, 2)))
        if rows.size:
            weights = (labels == label).sum(axis=(0, 2))
            middle[label] = float((weights * np.arange(len(weights))).sum() / weights.sum())
    if Label.LV not in middle:
        return 0
    if Label.LA in middle:
        return int(np.sign(middle[Label.LA] - middle[Label.LV]))
    if Label.MYOCARDIUM in middle:
        return int(np.sign(middle[Label.LV] - middle[Label.MYOCARDIUM]))
    return 0
