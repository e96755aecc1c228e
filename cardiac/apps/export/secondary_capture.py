"""The cine with its outlines as a picture that any PACS shows: Secondary Capture (PS3.3 A.8.5).

A viewer that knows no Segmentation plays it like any cine. The frames keep their times. They
are drawn for the eye (enlarged, compressed, with a footer that names the colours): what counts
pixels belongs to the Segmentation.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sr.codedict import codes
from pydicom.tag import Tag
from pydicom.uid import JPEGBaseline8Bit, MultiFrameTrueColorSecondaryCaptureImageStorage

from cardiac.apps.export.dicom_object import code_item, new_object, referenced_image
from cardiac.apps.export.provenance import PURPOSE, Provenance
from cardiac.apps.export.source import JPEG_METHOD, Source, valid_value
from cardiac.geometry import Mask
from cardiac.report.canvas import footer
from cardiac.report.display import Display, check_masks
from cardiac.report.still import make_still
from cardiac.sequence import EchoSequence
from cardiac.types import ByteArray, FloatArray

_OUTLINES_SERIES, _UNCERTAINTY_SERIES = 9004, 9005
_QUALITY = 92
_STEADY = 1e-3
"""Frame intervals that differ by less than this part of themselves are one interval."""


def outline_capture(
    sequence: EchoSequence,
    masks: Mask,
    source: Source,
    provenance: Provenance,
    *,
    uncertainty: FloatArray | None = None,
    anonymous: bool = False,
) -> Dataset:
    """The cine with outlines, and with the uncertainty as a tint where it is given.

    Args:
        sequence: T frames of (H, W), as they were read from the source.
        masks: (T, H, W) labels on the frames' grid.
        source: The cine they were made from.
        provenance: What made them.
        uncertainty: (T, H, W) from 0 to 1.
        anonymous: Copy nothing that names the patient (see `new_object`).

    Raises:
        GeometryError: Masks, uncertainty or frames do not fit the source.
    """
    source.check_shape(sequence.frames.shape)
    check_masks(sequence, masks)
    tinted = uncertainty is not None
    if uncertainty is not None:
        check_masks(sequence, uncertainty)
    display = Display.of(sequence)
    made = new_object(
        MultiFrameTrueColorSecondaryCaptureImageStorage, source, provenance, anonymous=anonymous
    )
    made.Modality = "US"
    made.SeriesNumber = _UNCERTAINTY_SERIES if tinted else _OUTLINES_SERIES
    made.SeriesDescription = "Outlines with uncertainty" if tinted else "Outlines"
    made.BodyPartExamined = "HEART"
    made.ConversionType = "WSD"
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.PatientOrientation = ""
    made.DerivationDescription = f"Outlines drawn on the cine. {PURPOSE}"
    origin = referenced_image(source)
    origin.PurposeOfReferenceCodeSequence = [
        code_item(codes.DCM.SourceImageForImageProcessingOperation)
    ]
    made.SourceImageSequence = [origin]
    # Text inside the sector stays in the picture, and only the source knows of it.
    clean = valid_value(source.header, "BurnedInAnnotation") == "NO"
    made.BurnedInAnnotation = "NO" if clean else "YES"
    _add_times(made, sequence)
    pages = [
        _page(display, frame, mask, None if uncertainty is None else uncertainty[t])
        for t, (frame, mask) in enumerate(zip(sequence.frames, masks, strict=True))
    ]
    _add_pixels(made, pages, (len(masks), *_size(pages[0])), source)
    return made


def _page(display: Display, frame: ByteArray, mask: Mask, uncertainty: FloatArray | None) -> bytes:
    """One frame with outlines and footer, as a JPEG of 4:2:2."""
    still = make_still(display, frame, mask, "", uncertainty=uncertainty).pixels
    below = footer(still.shape[1], PURPOSE, uncertainty is not None)
    buffer = io.BytesIO()
    picture = Image.fromarray(np.concatenate([still, below]))
    picture.save(buffer, "JPEG", quality=_QUALITY, subsampling="4:2:2")
    return buffer.getvalue()


def _size(page: bytes) -> tuple[int, int]:
    """Rows and columns of a JPEG."""
    width, height = Image.open(io.BytesIO(page)).size
    return height, width


def _add_times(made: Dataset, sequence: EchoSequence) -> None:
    """Frame times as the sequence has them (PS3.3 C.7.6.5); pages without, where it has none."""
    times = sequence.times
    made.NumberOfFrames = len(sequence)
    if times is None or len(times) < 2:
        made.FrameIncrementPointer = Tag("PageNumberVector")
        made.PageNumberVector = list(range(1, len(sequence) + 1))
        return
    steps = 1000 * np.diff(times)
    mean = float(steps.mean())
    if np.abs(steps - mean).max() <= _STEADY * mean:
        made.FrameIncrementPointer = Tag("FrameTime")
        made.FrameTime = f"{mean:.8g}"
    else:
        made.FrameIncrementPointer = Tag("FrameTimeVector")
        made.FrameTimeVector = ["0", *(f"{step:.8g}" for step in steps)]
    rate = max(1, round(1000 / mean))
    made.CineRate = made.RecommendedDisplayFrameRate = rate


def _add_pixels(
    made: Dataset, pages: list[bytes], shape: tuple[int, int, int], source: Source
) -> None:
    made.SamplesPerPixel, made.PlanarConfiguration = 3, 0
    made.PhotometricInterpretation = "YBR_FULL_422"
    made.Rows, made.Columns = shape[1:]
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 8, 8, 7, 0
    ratio = f"{3 * shape[0] * shape[1] * shape[2] / sum(map(len, pages)):.2f}"
    before = source.compression()
    lossy = before["LossyImageCompression"] == "01"
    made.LossyImageCompression = "01"
    made.LossyImageCompressionRatio = (
        [before["LossyImageCompressionRatio"], ratio] if lossy else ratio
    )
    made.LossyImageCompressionMethod = (
        [before["LossyImageCompressionMethod"], JPEG_METHOD] if lossy else JPEG_METHOD
    )
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    made.PixelData = encapsulate(pages)
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
