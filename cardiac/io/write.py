"""Masks and maps as NIfTI on the input's own grid, in its own array order."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import GeometryError, OutputError
from cardiac.io.files import replacing
from cardiac.io.masks import check_labels
from cardiac.io.orientation import storage_mark
from cardiac.labels import Label
from cardiac.sequence import EchoSequence

_LEVEL = 3
"""Of compression: higher ones take three times as long for a third less."""
_BYTE_SCALE = float(np.nextafter(np.float32(1 / 255), np.float32(0)))
"""Of maps kept in bytes. The header keeps it in single precision, where 1/255 rounds up and the
highest level would read as 1.00000006: the next number below keeps every value within 0 to 1."""
_MASK_NOTE = "labels: " + ", ".join(f"{label.value} {label.title}" for label in Label)


def write_mask(path: str | Path, masks: npt.ArrayLike, sequence: EchoSequence) -> Path:
    """Write a mask sequence as uint8 NIfTI, the way the cine it belongs to was stored.

    A NIfTI, MetaImage, NRRD or GIPL cine lends its array order and affine, so the mask lies on
    the file's own grid even where the cine was turned upright; DICOM and video masks are stored
    (x, y, t) as in CAMUS, or as their file is turned. Voxel sizes are the pixel spacing in mm,
    and the median frame interval in s where it is known. Without calibration they are 1 and the
    unit of length stays unknown. The same input gives the same bytes.

    Args:
        path: File to write, ending in .nii.gz or .nii. Its folder is made if need be.
        masks: (T, H, W) labels 0 to 3 (or (H, W) for one frame).
        sequence: The cine, or the geometry that :func:`read_mask` returned.

    Returns:
        The path.

    Raises:
        GeometryError: The mask has not the shape of the cine.
        InvalidPixelsError: Values that are no labels.
        OutputError: The file cannot be written.
    """
    labels = check_labels(_shaped(masks, sequence), sequence.source)
    return _write(Path(path), labels, sequence, _MASK_NOTE)


def write_image(path: str | Path, sequence: EchoSequence) -> Path:
    """Write the grey frames of a cine as uint8 NIfTI, voxel for voxel where its masks are.

    Layout, geometry and errors are those of :func:`write_mask`.
    """
    return _write(Path(path), sequence.frames, sequence, "grey levels")


def write_float_map(
    path: str | Path, maps: npt.ArrayLike, sequence: EchoSequence, description: str = ""
) -> Path:
    """Write real-valued maps (T, H, W), such as uncertainty, as float32 NIfTI.

    Layout, geometry and errors are those of :func:`write_mask`; ``description`` goes into the
    header (at most 79 characters).
    """
    values = _shaped(maps, sequence)
    return _write(Path(path), values.astype(np.float32), sequence, description)


def write_share_map(
    path: str | Path, maps: npt.ArrayLike, sequence: EchoSequence, description: str = ""
) -> Path:
    """Write maps (T, H, W) of numbers from 0 to 1 as NIfTI bytes with a scale of just under 1/255.

    Bytes are taken for levels of that scale and written as they are.
    The scale is in the header (``scl_slope``), so that readers give numbers from 0 to 1; a
    quarter of the size of floats. Layout, geometry and errors are those of
    :func:`write_mask`.
    """
    shares = _shaped(maps, sequence)
    if shares.dtype != np.uint8:
        values, shares = shares, np.empty(shares.shape, dtype=np.uint8)
        for plane, share in zip(values, shares, strict=True):
            share[:] = np.rint(np.clip(plane, 0, 1) * np.float32(255))
    return _write(Path(path), shares, sequence, description, slope=_BYTE_SCALE)


def _shaped(values: npt.ArrayLike, sequence: EchoSequence) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.ndim == 2:
        array = array[None]
    if array.shape != sequence.frames.shape:
        raise GeometryError(
            f"the result has shape {array.shape}, the cine {sequence.frames.shape}.",
            path=sequence.source,
            hint="Give one plane per frame on the cine's own grid.",
        )
    return array


def _write(
    path: Path,
    planes: npt.NDArray[Any],
    sequence: EchoSequence,
    note: str,
    slope: float | None = None,
) -> Path:
    from nibabel.nifti1 import Nifti1Image

    name = path.name.lower()
    if not name.endswith((".nii.gz", ".nii")):
        raise OutputError(
            "is not a NIfTI file name.", path=path, hint="Let it end in .nii.gz or .nii."
        )
    axes = _axes(sequence)
    zooms = _zooms(sequence, axes)
    make: Any = Nifti1Image
    image = make(_stored(planes, axes, sequence.storage.flips), _affine(sequence, axes, zooms))
    # As in CAMUS: scanner-independent coordinates in the sform, no qform.
    image.header.set_qform(None, code=0)
    image.header.set_zooms(zooms)
    timed = sequence.frame_interval_s is not None and "t" in axes
    image.header.set_xyzt_units(
        "mm" if sequence.spacing is not None else "unknown", "sec" if timed else "unknown"
    )
    if slope is not None:
        image.header.set_slope_inter(slope, 0)
    image.header["aux_file"] = storage_mark(sequence.storage)
    image.header["descrip"] = note.encode("ascii", "replace")[:79]
    with replacing(path) as temporary, temporary.open("wb") as file:
        if name.endswith(".gz"):
            # No name and no time in the gzip header: same input, same bytes.
            with gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed:
                image.to_stream(packed)
        else:
            image.to_stream(file)
    return path


def _axes(sequence: EchoSequence) -> str:
    axes = sequence.storage.axes
    fits = sorted(axes.replace("z", "").replace("t", "")) == ["x", "y"]
    return axes if fits and ("t" in axes or len(sequence) == 1) else "xyt"


def _stored(planes: npt.NDArray[Any], axes: str, flips: str) -> npt.NDArray[Any]:
    """Planes (T, H, W) as an array as the file has it; z has length one."""
    planes = planes[:, :: -1 if "y" in flips else 1, :: -1 if "x" in flips else 1]
    full = planes[:, :, :, None]
    order = ["tyxz".index(axis) for axis in axes]
    dropped = tuple(i for i in range(4) if i not in order)
    array = full.transpose([*order, *dropped])
    return array.reshape(array.shape[: len(axes)])


def _zooms(sequence: EchoSequence, axes: str) -> tuple[float, ...]:
    stored = sequence.storage.zooms
    spacing = sequence.spacing or (1.0, 1.0)
    size = {"x": spacing[1], "y": spacing[0], "t": sequence.frame_interval_s or 1.0, "z": 1.0}
    if stored is not None and "z" in axes and axes == sequence.storage.axes:
        size["z"] = stored[axes.index("z")] or 1.0
    return tuple(size[axis] for axis in axes)


def _affine(sequence: EchoSequence, axes: str, zooms: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """The input's affine, its columns scaled where a manifest corrected the pixel size."""
    sizes = np.array([*zooms[:2], 1.0])
    stored = sequence.storage.affine
    if stored is None:
        affine = np.diag([0.0, 0.0, 1.0, 1.0])
        for column, axis in enumerate(axes[:2]):
            sign = 1.0 if axis in sequence.storage.flips else -1.0
            affine["xy".index(axis), column] = sign * sizes[column]
        return affine
    affine = np.array(stored, dtype=np.float64)
    lengths = np.linalg.norm(affine[:3, :2], axis=0)
    changed = (lengths > 0) & (np.abs(lengths - sizes[:2]) > 1e-4 * sizes[:2])
    if sequence.spacing is not None and changed.any():
        affine[:3, :2] *= np.where(changed, sizes[:2] / np.where(lengths > 0, lengths, 1), 1)
    return affine
