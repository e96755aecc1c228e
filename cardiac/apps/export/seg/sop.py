"""Segmentation objects of a cine without a frame of reference, on pydicom alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from cardiac.apps.export.dicom.modules import (
    hashed_uid,
    new_object,
    private_scheme,
    referenced_series,
)
from cardiac.apps.export.dicom.source import Source
from cardiac.apps.export.maker import PURPOSE, Maker
from cardiac.apps.export.seg.content import UNCERTAIN, Segment, frame_groups, mask_segments
from cardiac.apps.export.seg.enums import SEGMENTATION_STORAGE, FractionalType, SegmentationType
from cardiac.errors import GeometryError, InvalidPixelsError
from cardiac.io.masks import check_labels
from cardiac.labels import STRUCTURES

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Number = TypeVar("Number", bound=np.generic)
_MASK_SERIES, _UNCERTAINTY_SERIES = 9001, 9002
_BYTE = 255
_ROUNDING = 1e-6


def mask_segmentation(
    masks: npt.ArrayLike,
    source: Source,
    maker: Maker,
    *,
    anonymous: bool = False,
) -> Dataset:
    """Masks as a BINARY Segmentation with a segment for each structure.

    BINARY, because every tool that reads segmentations reads it; LABELMAP, of 2024, is
    smaller but known to few. All frames of all segments are there, empty ones too.

    Args:
        masks: (T, H, W) or (H, W) labels 0 to 3 on the source's own grid.
        source: The cine they were made from.
        maker: Who made them.
        anonymous: Copy nothing that names the patient (see `new_object`).

    Raises:
        GeometryError: The masks are not of the source's size.
        InvalidPixelsError: Values that are no labels.
    """
    labels = check_labels(_frames(np.asarray(masks)), source.path)
    source.check_shape(labels.shape)
    made = _segmentation(source, maker, mask_segments(), anonymous=anonymous)
    made.SegmentationType = str(SegmentationType.BINARY)
    made.BitsAllocated, made.BitsStored, made.HighBit = 1, 1, 0
    made.SegmentsOverlap = "NO"
    made.SeriesNumber = _MASK_SERIES
    made.SeriesDescription = "Cardiac structures"
    made.ContentLabel = "CARDIAC_MASKS"
    made.ContentDescription = PURPOSE
    # Bit after bit over all frames, without a gap where a frame ends (PS3.5 8.2).
    bits = np.stack([labels == int(label) for label in STRUCTURES]).reshape(-1)
    _add_pixels(made, np.packbits(bits, bitorder="little").tobytes())
    return made


def uncertainty_segmentation(
    maps: npt.ArrayLike,
    source: Source,
    maker: Maker,
    *,
    anonymous: bool = False,
) -> Dataset:
    """Uncertainty as a FRACTIONAL Segmentation: the probability that the label is wrong.

    Args:
        maps: (T, H, W) or (H, W) numbers from 0 to 1; they are stored in steps of 1/255.
        source: The cine they were made from.
        maker: Who made them.
        anonymous: Copy nothing that names the patient (see `new_object`).

    Raises:
        GeometryError: The maps are not of the source's size.
        InvalidPixelsError: Values outside 0 to 1, or NaN.
    """
    values = _frames(np.asarray(maps, dtype=np.float32))
    source.check_shape(values.shape)
    # A byte times the scale of a NIfTI header may come a rounding above 1.
    if not ((values >= 0) & (values <= 1 + _ROUNDING)).all():
        raise InvalidPixelsError("an uncertainty is not between 0 and 1.", path=source.path)
    made = _segmentation(source, maker, (UNCERTAIN,), anonymous=anonymous)
    made.SegmentationType = str(SegmentationType.FRACTIONAL)
    made.CodingSchemeIdentificationSequence = [private_scheme()]
    made.SegmentationFractionalType = str(FractionalType.PROBABILITY)
    made.MaximumFractionalValue = _BYTE
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.SeriesNumber = _UNCERTAINTY_SERIES
    made.SeriesDescription = "Uncertainty of cardiac structures"
    made.ContentLabel = "UNCERTAINTY"
    made.ContentDescription = PURPOSE
    shares = np.empty(values.shape, dtype=np.uint8)
    for plane, share in zip(values, shares, strict=True):
        share[:] = np.rint(np.clip(plane, 0, 1) * np.float32(_BYTE))
    _add_pixels(made, shares.tobytes())
    return made


def _frames(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    if array.ndim not in (2, 3):
        raise GeometryError(f"a result has 2 or 3 dimensions, not {array.ndim}.")
    return array[None] if array.ndim == 2 else array


def _segmentation(
    source: Source,
    maker: Maker,
    segments: Sequence[Segment],
    *,
    anonymous: bool,
) -> Dataset:
    """All of a Segmentation but its pixels (PS3.3 table A.51-1)."""
    from pydicom.dataset import Dataset

    made = new_object(SEGMENTATION_STORAGE, source, maker, anonymous=anonymous)
    frames, rows, columns = source.shape
    made.Modality = "SEG"
    made.ReferencedSeriesSequence = [referenced_series(source, "ReferencedInstanceSequence")]
    made.ImageType = ["DERIVED", "PRIMARY"]
    made.ContentCreatorName = ""
    made.PatientOrientation = ""
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.PixelRepresentation = 0
    made.Rows, made.Columns = rows, columns
    made.NumberOfFrames = frames * len(segments)
    for keyword, value in source.compression().items():
        setattr(made, keyword, value)
    made.SegmentSequence = [segment.item(maker) for segment in segments]
    _add_dimensions(made, source)
    # Nothing is shared. Pixel sizes would need planes in the patient, which a cine lacks: its
    # own calibration holds, because the pixels are its own.
    made.SharedFunctionalGroupsSequence = [Dataset()]
    made.PerFrameFunctionalGroupsSequence = list(frame_groups(source, segments, frames))
    return made


def _add_dimensions(made: Dataset, source: Source) -> None:
    """Two dimensions: the segment, and the place in time."""
    from pydicom.dataset import Dataset
    from pydicom.tag import Tag

    organization = Dataset()
    organization.DimensionOrganizationUID = hashed_uid(source.uid("SOPInstanceUID"), "dimensions")
    made.DimensionOrganizationSequence = [organization]
    items = []
    for pointer, group, label in (
        ("ReferencedSegmentNumber", "SegmentIdentificationSequence", "Segment"),
        ("TemporalPositionIndex", "FrameContentSequence", "Frame"),
    ):
        item = Dataset()
        item.DimensionOrganizationUID = organization.DimensionOrganizationUID
        item.DimensionIndexPointer = Tag(pointer)
        item.FunctionalGroupPointer = Tag(group)
        item.DimensionDescriptionLabel = label
        items.append(item)
    made.DimensionIndexSequence = items


def _add_pixels(made: Dataset, data: bytes) -> None:
    made.PixelData = data + b"\0" * (len(data) % 2)
    made["PixelData"].VR = "OB"
