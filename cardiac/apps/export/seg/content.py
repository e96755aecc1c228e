"""What a Segmentation says: its segments, and for every frame which frame it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardiac.apps.export.dicom.codes import (
    ARTIFICIAL_INTELLIGENCE,
    SEGMENTATION,
    SOURCE_IMAGE,
    Code,
    private,
)
from cardiac.apps.export.dicom.modules import referenced_image
from cardiac.apps.export.dicom.source import Source
from cardiac.apps.export.maker import NAME, Maker
from cardiac.apps.export.seg.color import cielab
from cardiac.apps.export.seg.enums import AlgorithmType
from cardiac.labels import STRUCTURES, Label

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_ANATOMY = Code("91723000", "SCT", "Anatomical Structure")
_TISSUE = Code("85756007", "SCT", "Tissue")
_CONCEPT = Code("309825002", "SCT", "Spatial and Relational Concept")
_MEANINGS = {
    Label.LV: "Left ventricle",
    Label.MYOCARDIUM: "Myocardium of left ventricle",
    Label.LA: "Left atrium",
}
_NAMES = {
    Label.LV: "Left ventricular cavity",
    Label.MYOCARDIUM: "Left ventricular myocardium",
    Label.LA: "Left atrium",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its number, name, codes and colour (red, green, blue from 0 to 255)."""

    number: int
    label: str
    category: Code
    kind: Code
    color: tuple[int, int, int]

    def item(self, maker: Maker) -> Dataset:
        """The segment as an item of the Segment Sequence (PS3.3 C.8.20.4)."""
        from pydicom.dataset import Dataset

        item = Dataset()
        item.SegmentNumber = self.number
        item.SegmentLabel = self.label
        item.SegmentAlgorithmType = str(AlgorithmType.AUTOMATIC)
        item.SegmentAlgorithmName = f"{NAME} {maker.version}"[:64]
        item.SegmentedPropertyCategoryCodeSequence = [self.category.item()]
        item.SegmentedPropertyTypeCodeSequence = [self.kind.item()]
        item.SegmentationAlgorithmIdentificationSequence = [algorithm(maker)]
        item.RecommendedDisplayCIELabValue = list(cielab(self.color))
        return item


def mask_segments() -> tuple[Segment, ...]:
    """LV cavity, myocardium and left atrium, numbered like the labels."""
    return tuple(
        Segment(
            int(label),
            _NAMES[label],
            _TISSUE if label is Label.MYOCARDIUM else _ANATOMY,
            Code(label.snomed or "", "SCT", _MEANINGS[label]),
            label.color,
        )
        for label in STRUCTURES
    )


UNCERTAIN = Segment(
    1,
    "Uncertainty of the labels",
    _CONCEPT,
    private("LABEL_WRONG", "Pixel whose label in the mask is wrong"),
    (213, 94, 0),
)
"""The one segment of an uncertainty map: its probability is that the written label is wrong."""


def algorithm(maker: Maker) -> Dataset:
    """Algorithm Identification Macro (PS3.3 table 10-19)."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [ARTIFICIAL_INTELLIGENCE.item()]
    item.AlgorithmName = NAME
    item.AlgorithmVersion = maker.version[:64]
    item.AlgorithmParameters = maker.parameters
    return item


def frame_groups(source: Source, segments: Sequence[Segment], n_frames: int) -> Iterator[Dataset]:
    """Per-frame functional groups: segment by segment, frame by frame (PS3.3 A.51.5).

    Each names its segment and, through the Derivation Image macro, its frame of the source.
    """
    from pydicom.dataset import Dataset

    for index, segment in enumerate(segments, start=1):
        for frame in range(n_frames):
            origin = referenced_image(source, (frame,))
            origin.PurposeOfReferenceCodeSequence = [SOURCE_IMAGE.item()]
            origin.SpatialLocationsPreserved = "YES"
            derivation = Dataset()
            derivation.DerivationCodeSequence = [SEGMENTATION.item()]
            derivation.SourceImageSequence = [origin]
            content = Dataset()
            content.DimensionIndexValues = [index, frame + 1]
            content.TemporalPositionIndex = frame + 1
            segment_item = Dataset()
            segment_item.ReferencedSegmentNumber = segment.number
            group = Dataset()
            group.FrameContentSequence = [content]
            group.DerivationImageSequence = [derivation]
            group.SegmentIdentificationSequence = [segment_item]
            yield group
