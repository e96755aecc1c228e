"""NIfTI: 2-D images and 2-D cines, arrays stored x first as in CAMUS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import UnreadableFileError, UnsupportedImageError
from cardiac.geometry import Spacing
from cardiac.io.color import luma
from cardiac.io.orientation import stored_turn
from cardiac.io.pixels import check_file, check_length, check_size, decoding
from cardiac.io.volume import Volume, as_frames, axes_of, refuse_depth
from cardiac.sequence import EchoSequence, Storage

_TO_MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
_TO_S = {"sec": 1.0, "msec": 0.001, "usec": 1e-6}
_GZIP_MAX_RATIO = 1100
"""Deflate cannot shrink further; a header that claims more lies."""
_FRAME_TIME_S = (0.0005, 0.5)
"""Frame intervals that an echo cine can have."""


def read(path: Path) -> EchoSequence:
    """Read a NIfTI cine or image.

    Raises:
        CardiacError: See :func:`load` and :meth:`Volume.as_sequence`.
    """
    return load(path).as_sequence()


def load(path: Path) -> Volume:
    """Read a NIfTI file of (x, y), (x, y, t), (x, y, 1), (x, y, 1, t) in its stored type.

    The last voxel size is a frame time only if the header gives a unit of time.

    Raises:
        UnreadableFileError: Missing, truncated or not NIfTI.
        UnsupportedImageError: A volume with depth, or complex numbers.
        InvalidPixelsError: No pixels or an absurd size.
    """
    import nibabel

    check_file(path)
    with decoding(path, "NIfTI file"):
        # Without mmap: a mapped file that is cut short later would kill the process.
        image: Any = nibabel.load(path, mmap=False)
        if not isinstance(image, nibabel.Nifti1Pair):
            raise UnreadableFileError(
                "is not a NIfTI file.", path=path, hint="Convert it to NIfTI, DICOM or video."
            )
        header: Any = image.header
        shape = _trim(tuple(int(n) for n in header.get_data_shape()))
        # Stored in single precision: 0.308 must not come back as 0.3079999983.
        zooms = tuple(float(str(z)) for z in header.get_zooms())[: len(shape)]
        space_unit, time_unit = header.get_xyzt_units()
    axes = axes_of(shape, path)
    if axes == "xyt" and not _frame_time(zooms[2], time_unit):
        refuse_depth(shape, zooms, path)
    frames = dict(zip(axes, shape, strict=True))
    size = check_size(
        (frames.get("t", 1), frames["y"], frames["x"]), int(header["bitpix"]) // 8, path
    )
    _check_length(path, size)
    with decoding(path, "NIfTI file"):
        values = _values(image, shape, path)
    spacing, note = _spacing(zooms, space_unit)
    times, time_note = _times(axes, shape, zooms, time_unit)
    return Volume(
        values=as_frames(values, axes),
        spacing=spacing,
        times=times,
        storage=Storage(axes, np.asarray(image.affine, dtype=np.float64), zooms),
        path=path,
        notes=note + time_note,
        turn=stored_turn(bytes(header["aux_file"])),
    )


def _trim(shape: tuple[int, ...]) -> tuple[int, ...]:
    while len(shape) > 4 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _values(image: Any, shape: tuple[int, ...], path: Path) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = np.asanyarray(image.dataobj).reshape(shape)
    if values.dtype.names is not None:
        channels = [values[name] for name in values.dtype.names[:3]]
        if len(channels) != 3:
            raise UnsupportedImageError(f"pixels of type {values.dtype} are not read.", path=path)
        return luma(np.stack(channels, axis=-1))
    if values.dtype.kind == "c":
        raise UnsupportedImageError(
            "the pixels are complex numbers.", path=path, hint="Store their log envelope."
        )
    return values


def _check_length(path: Path, size: int) -> None:
    """Compare the declared size with the file's before the decoder allocates it."""
    present = path.stat().st_size
    if path.name.lower().endswith(".gz"):
        present *= _GZIP_MAX_RATIO
    elif path.suffix.lower() != ".nii":
        return
    check_length(path, present, size)


def _spacing(zooms: tuple[float, ...], unit: str) -> tuple[Spacing | None, tuple[str, ...]]:
    x, y = zooms[:2]
    if x == 0 or y == 0:
        return None, ("no pixel size: the header has 0",)
    if unit == "unknown":
        return (y, x), ("pixel size from the header, taken as mm",)
    return (y * _TO_MM[unit], x * _TO_MM[unit]), ("pixel size from the NIfTI header",)


def _frame_time(zoom: float, unit: str) -> float | None:
    seconds = zoom * _TO_S.get(unit, 0.0)
    return seconds if _FRAME_TIME_S[0] <= seconds <= _FRAME_TIME_S[1] else None


def _times(
    axes: str, shape: tuple[int, ...], zooms: tuple[float, ...], unit: str
) -> tuple[npt.NDArray[np.float64] | None, tuple[str, ...]]:
    count = shape[axes.index("t")] if "t" in axes else 1
    if count == 1:
        return None, ()
    step = _frame_time(zooms[axes.index("t")], unit)
    if step is None:
        return None, ("no frame times in the NIfTI header",)
    return step * np.arange(count, dtype=np.float64), ("frame times from the NIfTI header",)
