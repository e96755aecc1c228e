"""DICOM Segmentation objects (PS3.3 A.51): masks as BINARY or LABELMAP, uncertainty as FRACTIONAL.

Made on pydicom alone, because a cine has no frame of reference, which other writers ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.tag import Tag
from pydicom.uid import SegmentationStorage
from skimage.color import rgb2lab

from cardiac.apps.export.dicom_object import (
    code_item,
    hashed_uid,
    new_object,
    private_code,
    private_scheme,
    referenced_image,
    referenced_series,
)
from cardiac.apps.export.provenance import NAME, PURPOSE, Provenance
from cardiac.apps.export.source import Source
from cardiac.errors import GeometryError, InvalidPixelsError
from cardiac.geometry import Spacing
from cardiac.io.masks import check_labels
from cardiac.labels import STRUCTURES, Label

LABELMAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
"""Label Map Segmentation Storage, of 2024: pydicom has no name for it yet."""
Number = TypeVar("Number", bound=np.generic)
_MASK_SERIES, _UNCERTAINTY_SERIES = 9001, 9002
_BYTE = 255
_ROUNDING = 1e-6
_LAB = 65535
_UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_MEANINGS = {
    Label.LV: codes.SCT.LeftVentricle,
    Label.MYOCARDIUM: Code(Label.MYOCARDIUM.snomed or "", "SCT", "Myocardium of left ventricle"),
    Label.LA: codes.SCT.LeftAtrium,
}
_NAMES = {
    Label.LV: "Left ventricular cavity",
    Label.MYOCARDIUM: "Left ventricular myocardium",
    Label.LA: "Left atrium",
}


class SegmentationType(StrEnum):
    """How the pixels of segments are stored (PS3.3 C.8.20)."""

    BINARY = "BINARY"
    LABELMAP = "LABELMAP"
    FRACTIONAL = "FRACTIONAL"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its number, name, codes and colour (red, green, blue from 0 to 255)."""

    number: int
    label: str
    category: Code
    kind: Code
    color: tuple[int, int, int]

    def item(self, provenance: Provenance) -> Dataset:
        """The segment as an item of the Segment Sequence (PS3.3 C.8.20.4)."""
        item = Dataset()
        item.SegmentNumber = self.number
        item.SegmentLabel = self.label
        item.SegmentAlgorithmType = "AUTOMATIC"
        item.SegmentAlgorithmName = f"{NAME} {provenance.version}"[:64]
        item.SegmentedPropertyCategoryCodeSequence = [code_item(self.category)]
        item.SegmentedPropertyTypeCodeSequence = [code_item(self.kind)]
        item.SegmentationAlgorithmIdentificationSequence = [_algorithm(provenance)]
        item.RecommendedDisplayCIELabValue = list(cielab(self.color))
        return item


MASK_SEGMENTS = tuple(
    Segment(
        int(label),
        _NAMES[label],
        codes.SCT.Tissue if label is Label.MYOCARDIUM else codes.SCT.AnatomicalStructure,
        _MEANINGS[label],
        label.color,
    )
    for label in STRUCTURES
)
"""LV cavity, myocardium and left atrium, numbered like the labels."""
UNCERTAIN = Segment(
    1,
    "Uncertainty of the labels",
    codes.SCT.SpatialAndRelationalConcept,
    private_code("LABEL_WRONG", "Pixel whose label in the mask is wrong"),
    (213, 94, 0),
)
"""The one segment of an uncertainty map: its probability is that the written label is wrong."""


def mask_segmentation(
    masks: npt.ArrayLike,
    source: Source,
    provenance: Provenance,
    *,
    form: SegmentationType = SegmentationType.BINARY,
    spacing: Spacing | None = None,
    anonymous: bool = False,
) -> Dataset:
    """Masks as a Segmentation with a segment for each structure.

    All frames are there, empty ones too: those of all segments one after the other in BINARY,
    one label map a frame in LABELMAP.

    Args:
        masks: (T, H, W) or (H, W) labels 0 to 3 on the source's own grid.
        source: The cine they were made from.
        provenance: What made them.
        form: BINARY, which every tool that reads segmentations reads, or LABELMAP, of 2024,
            smaller but known to few.
        spacing: Row and column spacing in mm; None without calibration.
        anonymous: Copy nothing that names the patient (see `new_object`).

    Raises:
        GeometryError: The masks are not of the source's size.
        InvalidPixelsError: Values that are no labels.
    """
    labels = check_labels(_frames(np.asarray(masks)), source.path)
    source.check_shape(labels.shape)
    made = _segmentation(
        source, provenance, MASK_SEGMENTS, form, spacing=spacing, anonymous=anonymous
    )
    made.SegmentsOverlap = "NO"
    made.SeriesNumber = _MASK_SERIES
    made.SeriesDescription = "Cardiac structures"
    made.ContentLabel = "CARDIAC_MASKS"
    if form is SegmentationType.LABELMAP:
        made.PixelPaddingValue = int(Label.BACKGROUND)
        _add_pixels(made, 8, labels.astype(np.uint8).tobytes())
        return made
    # Bit after bit over all frames, without a gap where a frame ends (PS3.5 8.2).
    bits = np.stack([labels == int(label) for label in STRUCTURES]).reshape(-1)
    _add_pixels(made, 1, np.packbits(bits, bitorder="little").tobytes())
    return made


def uncertainty_segmentation(
    maps: npt.ArrayLike,
    source: Source,
    provenance: Provenance,
    *,
    spacing: Spacing | None = None,
    anonymous: bool = False,
) -> Dataset:
    """Uncertainty as a FRACTIONAL Segmentation: the probability that the label is wrong.

    Args:
        maps: (T, H, W) or (H, W) numbers from 0 to 1; they are stored in steps of 1/255.
        source: The cine they were made from.
        provenance: What made them.
        spacing: Row and column spacing in mm; None without calibration.
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
    form = SegmentationType.FRACTIONAL
    made = _segmentation(
        source, provenance, (UNCERTAIN,), form, spacing=spacing, anonymous=anonymous
    )
    made.CodingSchemeIdentificationSequence = [private_scheme()]
    made.SegmentationFractionalType = "PROBABILITY"
    made.MaximumFractionalValue = _BYTE
    made.SeriesNumber = _UNCERTAINTY_SERIES
    made.SeriesDescription = "Uncertainty of cardiac structures"
    made.ContentLabel = "UNCERTAINTY"
    levels = np.empty(values.shape, dtype=np.uint8)
    for plane, level in zip(values, levels, strict=True):
        level[:] = np.rint(np.clip(plane, 0, 1) * np.float32(_BYTE))
    _add_pixels(made, 8, levels.tobytes())
    return made


def cielab(color: tuple[int, int, int]) -> tuple[int, int, int]:
    """An sRGB colour (0 to 255) as CIELab in 16 bits (PS3.3 C.10.7.1.1).

    The white point is sRGB's own (D65): the standard has the D50 of ICC profiles in mind, but
    the toolkits that viewers are made with turn the colour back with D65, and it should look
    the same there as in the pictures.
    """
    light, a, b = rgb2lab(np.array(color, dtype=np.float64).reshape(1, 1, 3) / 255)[0, 0].tolist()
    parts = (light / 100, (a + 128) / 255, (b + 128) / 255)
    return tuple(round(_LAB * min(max(part, 0.0), 1.0)) for part in parts)


def _frames(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    if array.ndim not in (2, 3):
        raise GeometryError(f"a result has 2 or 3 dimensions, not {array.ndim}.")
    return array[None] if array.ndim == 2 else array


def _segmentation(
    source: Source,
    provenance: Provenance,
    segments: Sequence[Segment],
    form: SegmentationType,
    *,
    spacing: Spacing | None,
    anonymous: bool,
) -> Dataset:
    """All of a Segmentation but its pixels (PS3.3 table A.51-1)."""
    stacked = form is SegmentationType.LABELMAP
    storage = LABELMAP_STORAGE if stacked else SegmentationStorage
    made = new_object(storage, source, provenance, anonymous=anonymous)
    count, rows, columns = source.shape
    made.Modality = "SEG"
    made.ReferencedSeriesSequence = referenced_series([source], "ReferencedInstanceSequence")
    made.ImageType = ["DERIVED", "PRIMARY"]
    made.ContentCreatorName = ""
    made.ContentDescription = PURPOSE
    made.PatientOrientation = ""
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.PixelRepresentation = 0
    made.Rows, made.Columns = rows, columns
    for keyword, value in source.compression().items():
        setattr(made, keyword, value)
    made.SegmentationType = str(form)
    made.SegmentSequence = [segment.item(provenance) for segment in segments]
    planes = [None] if stacked else list(segments)
    made.NumberOfFrames = count * len(planes)
    _add_dimensions(made, source, by_segment=not stacked)
    made.SharedFunctionalGroupsSequence = [_shared_groups(spacing)]
    made.PerFrameFunctionalGroupsSequence = list(_frame_groups(source, planes, count))
    return made


def _shared_groups(spacing: Spacing | None) -> Dataset:
    """What every frame shares: the size of its pixels, and that it lies like its source frame.

    A cine has no frame of reference, and the standard asks for neither of both. But viewers
    on cornerstone (OHIF) refuse a Segmentation without them. The orientation is that of the
    image itself, rows along x and columns along y, and says nothing of the patient. The pixel
    spacing is the calibration that the results were measured with, the thickness of 1 mm
    stands for the unknown width of the beam (highdicom asks for one). Without calibration the
    item is empty: OHIF shows the segments all the same, and nobody is told millimetres.
    """
    orientation = Dataset()
    orientation.ImageOrientationPatient = list(_UPRIGHT)
    measures = Dataset()
    if spacing is not None:
        measures.PixelSpacing = [f"{value:.10g}" for value in spacing]
        measures.SliceThickness = "1"
    shared = Dataset()
    shared.PlaneOrientationSequence = [orientation]
    shared.PixelMeasuresSequence = [measures]
    return shared


def _frame_groups(
    source: Source, planes: Sequence[Segment | None], count: int
) -> Iterator[Dataset]:
    """Per-frame functional groups: plane by plane, frame by frame (PS3.3 A.51.5).

    Each names its frame of the source through the Derivation Image macro, and its segment
    unless the plane holds them all.
    """
    for index, segment in enumerate(planes, start=1):
        for frame in range(count):
            origin = referenced_image(source, (frame,))
            origin.PurposeOfReferenceCodeSequence = [
                code_item(codes.DCM.SourceImageForImageProcessingOperation)
            ]
            origin.SpatialLocationsPreserved = "YES"
            derivation = Dataset()
            derivation.DerivationCodeSequence = [code_item(codes.DCM.SegmentationImageDerivation)]
            derivation.SourceImageSequence = [origin]
            content = Dataset()
            content.TemporalPositionIndex = frame + 1
            group = Dataset()
            group.FrameContentSequence = [content]
            group.DerivationImageSequence = [derivation]
            if segment is None:
                content.DimensionIndexValues = [frame + 1]
            else:
                content.DimensionIndexValues = [index, frame + 1]
                segment_item = Dataset()
                segment_item.ReferencedSegmentNumber = segment.number
                group.SegmentIdentificationSequence = [segment_item]
            yield group


def _add_dimensions(made: Dataset, source: Source, *, by_segment: bool) -> None:
    """Dimensions of the frames: the segment, where each has its own, and the place in time."""
    organization = Dataset()
    organization.DimensionOrganizationUID = hashed_uid(source.uid("SOPInstanceUID"), "dimensions")
    made.DimensionOrganizationSequence = [organization]
    segment = ("ReferencedSegmentNumber", "SegmentIdentificationSequence", "Segment")
    time = ("TemporalPositionIndex", "FrameContentSequence", "Frame")
    items = []
    for pointer, group, label in [segment, time] if by_segment else [time]:
        item = Dataset()
        item.DimensionOrganizationUID = organization.DimensionOrganizationUID
        item.DimensionIndexPointer = Tag(pointer)
        item.FunctionalGroupPointer = Tag(group)
        item.DimensionDescriptionLabel = label
        items.append(item)
    made.DimensionIndexSequence = items


def _algorithm(provenance: Provenance) -> Dataset:
    """Algorithm Identification Macro (PS3.3 table 10-19)."""
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [code_item(codes.DCM.ArtificialIntelligence)]
    item.AlgorithmName = NAME
    item.AlgorithmVersion = provenance.version[:64]
    item.AlgorithmParameters = provenance.parameters
    return item


def _add_pixels(made: Dataset, bits: int, data: bytes) -> None:
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelData = data + b"\0" * (len(data) % 2)
    made["PixelData"].VR = "OB"
