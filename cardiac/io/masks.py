"""Mask sequences, read back from NIfTI or MetaImage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnsupportedImageError
from cardiac.geometry import Mask
from cardiac.io import itk, nifti
from cardiac.io.pixels import believed, check_file
from cardiac.io.registry import find_format
from cardiac.labels import Label
from cardiac.sequence import EchoSequence
from cardiac.types import FloatArray

_ROUNDING = 0.01
"""Departure from a whole number that still is that label."""


def read_mask(path: str | Path) -> tuple[Mask, EchoSequence]:
    """Read a mask sequence and the geometry it was stored with.

    Args:
        path: NIfTI or MetaImage of labels 0 to 3, of any integer type or of floats with
            integral values.

    Returns:
        The mask (T, H, W), writable, and a sequence that carries its spacing, times and
        storage (its frames are the labels), so that ``write_mask(out, corrected, geometry)``
        writes a changed mask the way this one was.

    Raises:
        UnreadableFileError: Missing, truncated, not NIfTI or MetaImage.
        UnsupportedImageError: Another format, or a volume with depth.
        InvalidPixelsError: Fractions, NaN or labels other than 0 to 3.
    """
    path = Path(path)
    check_file(path)
    known = find_format(path) if path.is_file() else None
    if known is None or known.module not in ("nifti", "itk"):
        raise UnsupportedImageError(
            "masks are read from NIfTI and MetaImage files only.",
            path=path,
            hint="Convert the mask, for example to .nii.gz.",
        )
    volume = nifti.load(path) if known.module == "nifti" else itk.load(path)
    volume = volume.upright(labels=True)
    mask = check_labels(volume.values, path)
    _refuse_one_hot(mask, path)
    spacing, doubt = believed(volume.spacing, mask.shape[1])
    geometry = EchoSequence(
        frames=mask.copy(),
        spacing=spacing,
        times=volume.times,
        source=path,
        storage=volume.storage,
        notes=(*volume.notes, *doubt),
    )
    return mask, geometry


def _refuse_one_hot(mask: Mask, path: Path) -> None:
    """Refuse one plane a label in place of one plane a frame."""
    if 2 <= len(mask) <= len(Label) and mask.max() == 1 and (mask.sum(axis=0) == 1).all():
        raise UnsupportedImageError(
            f"holds one-hot masks: {len(mask)} planes of 0 and 1, one a label.",
            path=path,
            hint="Store the labels 0 to 3 in one plane a frame.",
        )


def read_map(path: str | Path) -> FloatArray:
    """Read a map (T, H, W) that :func:`cardiac.io.write_float_map` or its like wrote.

    Raises:
        CardiacError: As :func:`read_mask`.
    """
    path = Path(path)
    check_file(path)
    return np.asarray(nifti.load(path).upright(labels=False).values, dtype=np.float32)


def check_labels(values: npt.NDArray[Any], path: Path | None) -> Mask:
    """Labels as a new uint8 array.

    Raises:
        InvalidPixelsError: Values other than 0, 1, 2 and 3.
    """
    if values.dtype.kind not in "buif":
        raise InvalidPixelsError(f"pixels of type {values.dtype} are no labels.", path=path)
    whole = values
    if values.dtype.kind == "f":
        # Resampling and rescaling leave labels off by rounding; more than that is no label.
        whole = np.rint(values)
        off = ~(np.abs(values - whole) <= _ROUNDING)
        if off.any():
            listed = ", ".join(f"{v:.6g}" for v in np.unique(values[off])[:5].tolist())
            raise InvalidPixelsError(
                f"holds values that are no labels ({listed}).",
                path=path,
                hint="Resample masks with nearest neighbours, never with interpolation.",
            )
    unknown = np.setdiff1d(np.unique(whole), [int(label) for label in Label])
    if unknown.size:
        listed = ", ".join(f"{v:g}" for v in unknown[:5].tolist())
        raise InvalidPixelsError(
            f"holds values that are no labels ({listed}{', ...' if unknown.size > 5 else ''}).",
            path=path,
            hint="Labels are 0 background, 1 LV cavity, 2 LV myocardium, 3 left atrium.",
        )
    return np.ascontiguousarray(whole).astype(np.uint8)
