"""DICOM ultrasound: single images and multi-frame cines."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnreadableFileError, UnsupportedImageError
from cardiac.io.color import colored, graphics, refuse_flow
from cardiac.io.dicom_header import (
    number,
    numbers,
    read_heart,
    read_subject,
    read_times,
    read_view,
    text,
)
from cardiac.io.dicom_pixels import read_pixels
from cardiac.io.dicom_regions import Calibration, calibrate, tissue_region
from cardiac.io.orientation import Turn, displayed
from cardiac.io.pixels import MAX_BYTES, believed, check_file, check_not_constant, decoding
from cardiac.io.region import blank_outside
from cardiac.sequence import EchoSequence, Storage

_CINES = {
    "1.2.840.10008.5.1.4.1.1.3": "Ultrasound Multi-frame (retired)",
    "1.2.840.10008.5.1.4.1.1.3.1": "Ultrasound Multi-frame",
    "1.2.840.10008.5.1.4.1.1.6": "Ultrasound (retired)",
    "1.2.840.10008.5.1.4.1.1.6.1": "Ultrasound",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture",
    "1.2.840.10008.5.1.4.1.1.7.3": "Multi-frame Grayscale Word Secondary Capture",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture",
    "1.2.840.10008.5.1.4.1.1.77.1.4.1": "Video Photographic",
}
"""Storage classes that can hold a two-dimensional cine."""
_ULTRASOUND = tuple(_CINES)[:4]
_ENHANCED_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_BLOCK = 2**20
_DIRECTORY = "1.2.840.10008.1.3.10"
_GROUPS = (b"\x02\x00", b"\x08\x00")
"""Groups that a data set without a preamble begins with, little endian."""


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM by its preamble, or a bare data set by its first element."""
    # Opening a pipe would wait for its other end.
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError:
        return False
    return head[128:] == b"DICM" or _is_bare(head)


def _is_bare(head: bytes) -> bool:
    """Whether bytes begin like a data set: a low element of group 8 with a sane length."""
    if len(head) < 16 or head[:2] not in _GROUPS or head[3] > 0x00 or head[2] > 0x18:
        return False
    if head[4:6].isalpha() and head[4:6].isupper():
        return int.from_bytes(head[6:8], "little") < 1024
    return int.from_bytes(head[4:8], "little") < 1024


def is_directory(path: Path) -> bool:
    """Whether a file is a DICOMDIR: the index of a disc, without images."""
    return path.name.upper() == "DICOMDIR" and is_dicom(path)


def read(path: Path) -> EchoSequence:
    """Read a two-dimensional greyscale ultrasound image or cine.

    The pixel size comes from the 2-D tissue region of SequenceOfUltrasoundRegions (DICOM
    PS3.3 C.8.5.5); pixels outside that region are set to 0, the grid is kept.

    Args:
        path: A DICOM file, with or without suffix or preamble.

    Raises:
        UnreadableFileError: Missing, truncated, not DICOM.
        UnsupportedImageError: Other modality, a volume, M-mode, Doppler, colour, or no decoder.
        InvalidPixelsError: Blank, absurd size.
    """
    check_file(path)
    dataset = _dataset(path)
    with decoding(path, "DICOM file"):
        _check_kind(dataset, path)
        described = tissue_region(dataset, path)
        pixels = read_pixels(dataset, path)
    frames = pixels.frames
    check_not_constant(frames, path)
    calibration = calibrate(dataset, described, frames)
    color_notes = _clean(frames, pixels.samples, calibration, path)
    with decoding(path, "DICOM file"):
        times, time_notes = read_times(dataset, len(frames))
        view, view_notes = read_view(dataset)
        heart_rate, r_waves, heart_notes = read_heart(dataset, times)
        subject = read_subject(dataset)
        aspect = numbers(dataset, "PixelAspectRatio")
        turn = _turn(dataset)
    region = calibration.region
    rows = region.height if region is not None else frames.shape[1]
    spacing, doubt = believed(calibration.spacing, rows, subject.age_years)
    sequence = EchoSequence(
        frames=frames,
        spacing=spacing,
        times=times,
        view=view,
        region=region,
        heart_rate_bpm=heart_rate,
        r_wave_times=r_waves,
        subject=subject,
        source=path,
        storage=Storage("xyt"),
        notes=(
            *(doubt or calibration.notes),
            *time_notes,
            *heart_notes,
            *view_notes,
            *pixels.notes,
            *color_notes,
        ),
    )
    # PixelAspectRatio is (vertical, horizontal).
    square = len(aspect) != 2 or min(aspect) <= 0
    return displayed(sequence, turn, 1.0 if square else aspect[1] / aspect[0])


def _dataset(path: Path) -> Any:
    import pydicom

    with decoding(path, "DICOM file"):
        _check_deflated(path)
        dataset = pydicom.dcmread(path, force=True)
        meta = getattr(dataset, "file_meta", None)
        if "DirectoryRecordSequence" in dataset or (
            meta is not None and meta.get("MediaStorageSOPClassUID") == _DIRECTORY
        ):
            images = sum(
                str(record.get("DirectoryRecordType")) == "IMAGE"
                for record in dataset.get("DirectoryRecordSequence") or []
            )
            raise UnsupportedImageError(
                f"is a DICOMDIR, the index of a disc: it lists {images} images and holds none.",
                path=path,
                hint=f"Give the folder it lies in, {path.parent}, or one of its files.",
            )
        if not any(tag in dataset for tag in ("SOPClassUID", "Modality", "Rows")):
            if dataset.file_meta:
                raise UnreadableFileError(
                    "is truncated: its data set ends in the middle.",
                    path=path,
                    hint="Export or copy the file again.",
                )
            raise UnreadableFileError(
                "is not a DICOM file.", path=path, hint="Check that it is what its name says."
            )
        if meta is None or "TransferSyntaxUID" not in meta:
            # A bare data set: its syntax is the one the parser found.
            implicit, little = dataset.original_encoding
            uid = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
            dataset.file_meta = meta or pydicom.dataset.FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(
                uid if little else "1.2.840.10008.1.2.2"
            )
    return dataset


def _check_deflated(path: Path) -> None:
    """Refuse a deflated data set that unpacks to more than a cine may take: a bomb."""
    with path.open("rb") as file:
        head = file.read(1024)
        if _DEFLATED not in head:
            return
        # The meta group tells its own length, and what follows it is deflated.
        file.seek(144 + int.from_bytes(head[140:144], "little"))
        unpacker, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
        packed = file.read(_BLOCK)
        while packed:
            size += len(unpacker.decompress(packed, _BLOCK))
            if size > MAX_BYTES:
                raise InvalidPixelsError(
                    f"unpacks to more than {MAX_BYTES / 2**30:.0f} GiB.",
                    path=path,
                    hint="Cut the cine into shorter ones.",
                )
            packed = unpacker.unconsumed_tail or file.read(_BLOCK)


def _check_kind(dataset: Any, path: Path) -> None:
    """Refuse what is no two-dimensional ultrasound cine, by class, modality and frames."""
    from pydicom.uid import UID

    modality, kind = text(dataset, "Modality").upper(), text(dataset, "SOPClassUID")
    if modality != "US" and not (modality == "" and kind in _ULTRASOUND):
        raise UnsupportedImageError(
            f"is a DICOM object of modality {modality[:16] or 'unknown'}, "
            "not echocardiography (US).",
            path=path,
            hint="Give an ultrasound cine.",
        )
    if kind == _ENHANCED_VOLUME or _has_depth(dataset):
        raise UnsupportedImageError(
            "is an ultrasound volume: its frames are slices in space, not a cine in time.",
            path=path,
            hint="Export the apical view as a two-dimensional cine.",
        )
    if "PixelData" not in dataset:
        raise UnsupportedImageError(
            "is an ultrasound DICOM object without an image (a report, or a volume).",
            path=path,
            hint="Give the two-dimensional cine it belongs to.",
        )
    if kind and kind not in _CINES:
        name = UID(kind).name
        what = f"of the private class {kind}" if name == kind else f"of the class {name}"
        raise UnsupportedImageError(
            f"is a DICOM object {what}, not a two-dimensional ultrasound cine.",
            path=path,
            hint="Export the cine as Ultrasound Multi-frame Image Storage.",
        )


def _has_depth(dataset: Any) -> bool:
    """Whether the frames are told to be slices: by their order, positions or increment."""
    if text(dataset, "DimensionOrganizationType").upper() in ("3D", "3D_TEMPORAL"):
        return True
    pointer = dataset.get("FrameIncrementPointer")
    pointers = pointer if isinstance(pointer, list | tuple) else [pointer]
    slices = ("SliceVector", "SliceLocationVector", "GridFrameOffsetVector")
    from pydicom.datadict import tag_for_keyword

    if any(p is not None and p in [tag_for_keyword(name) for name in slices] for p in pointers):
        return True
    places = set()
    for group in dataset.get("PerFrameFunctionalGroupsSequence") or []:
        for name in ("PlanePositionVolumeSequence", "PlanePositionSequence"):
            for item in group.get(name) or []:
                places.add(
                    numbers(item, "ImagePositionVolume") or numbers(item, "ImagePositionPatient")
                )
    return len(places) > 1


def _turn(dataset: Any) -> Turn:
    """ImageHorizontalFlip and ImageRotation (clockwise, after the flip), where a file has them."""
    flipped = text(dataset, "ImageHorizontalFlip").upper() == "Y"
    quarters = int(number(dataset, "ImageRotation") or 0) // 90 % 4
    rows, columns = quarters in (2, 3), quarters in (1, 2)
    transposed = quarters in (1, 3)
    if flipped:
        rows, columns = (not rows, columns) if transposed else (rows, not columns)
    return Turn(transposed, rows, columns)


def _clean(
    frames: npt.NDArray[np.uint8],
    samples: npt.NDArray[np.uint8] | None,
    calibration: Calibration,
    path: Path,
) -> tuple[str, ...]:
    """Refuse colour flow; blank coloured graphics and all outside the region, in place."""
    notes: tuple[str, ...] = ()
    region = calibration.region
    if samples is not None:
        rows, columns = region.slices if region else (slice(None), slice(None))
        found = colored(samples)
        refuse_flow(samples[:, rows, columns], found[:, rows, columns], path)
        # One pixel more on each side: lossy compression gives graphics a fringe.
        drawn = _grown(graphics(samples, found))
        if drawn[rows, columns].any():
            frames[:, drawn] = 0
            notes = ("coloured graphics within the image were blanked",)
    if region is not None:
        blank_outside(frames, region)
    if notes or region is not None:
        check_not_constant(frames, path)
    return notes


def _grown(drawn: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    from scipy import ndimage

    return np.asarray(ndimage.binary_dilation(drawn, np.ones((3, 3), dtype=bool)))
