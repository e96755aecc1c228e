"""DICOM ultrasound: single images and multi-frame cines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnreadableFileError, UnsupportedImageError
from cardiac.io.color import ColorSampler, colored, graphics, refuse_flow
from cardiac.io.dicom_regions import Calibration, calibrate, tissue_region
from cardiac.io.dicom_tags import number, read_heart, read_subject, read_view, text
from cardiac.io.dicom_time import read_times
from cardiac.io.pixels import check_file, check_not_constant, check_size, decoding, to_uint8
from cardiac.io.region import blank_outside
from cardiac.sequence import EchoSequence, Storage

_ULTRASOUND = {
    "1.2.840.10008.5.1.4.1.1.6",
    "1.2.840.10008.5.1.4.1.1.6.1",
    "1.2.840.10008.5.1.4.1.1.3",
    "1.2.840.10008.5.1.4.1.1.3.1",
}
_NATIVE = {
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
}


def is_dicom(path: Path) -> bool:
    """Whether the file has the DICOM preamble, whatever its name."""
    # Opening a pipe would wait for its other end.
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def read(path: Path) -> EchoSequence:
    """Read a two-dimensional greyscale ultrasound image or cine.

    The pixel size comes from the 2-D tissue region of SequenceOfUltrasoundRegions (DICOM
    PS3.3 C.8.5.5); pixels outside that region are set to 0, the grid is kept.

    Args:
        path: A DICOM file, with or without suffix.

    Raises:
        UnreadableFileError: Missing, truncated, not DICOM.
        UnsupportedImageError: Other modality, M-mode, Doppler, colour, or no decoder.
        InvalidPixelsError: Blank, absurd size.
        GeometryError: An impossible pixel size.
    """
    check_file(path)
    dataset = _dataset(path)
    with decoding(path, "DICOM file"):
        _check_modality(dataset, path)
        described = tissue_region(dataset, path)
        frames, samples, pixel_notes = _pixels(dataset, path)
    check_not_constant(frames, path)
    calibration = calibrate(dataset, described, frames)
    color_notes = _clean(frames, samples, calibration, path)
    with decoding(path, "DICOM file"):
        times, time_notes = read_times(dataset, len(frames))
        view, view_notes = read_view(dataset)
        heart_rate, r_waves = read_heart(dataset)
        subject = read_subject(dataset)
    return EchoSequence(
        frames=frames,
        spacing=calibration.spacing,
        times=times,
        view=view,
        region=calibration.region,
        heart_rate_bpm=heart_rate,
        r_wave_times=r_waves,
        subject=subject,
        source=path,
        storage=Storage("xyt"),
        notes=(*calibration.notes, *time_notes, *view_notes, *pixel_notes, *color_notes),
    )


def _dataset(path: Path) -> Any:
    import pydicom

    with decoding(path, "DICOM file"):
        dataset = pydicom.dcmread(path, force=True)
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
        meta = getattr(dataset, "file_meta", None)
        if meta is None or "TransferSyntaxUID" not in meta:
            # A bare data set: its syntax is the one the parser found.
            implicit, little = dataset.original_encoding
            uid = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
            dataset.file_meta = meta or pydicom.dataset.FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(
                uid if little else "1.2.840.10008.1.2.2"
            )
    return dataset


def _check_modality(dataset: Any, path: Path) -> None:
    modality = text(dataset, "Modality").upper()
    sop_class = text(dataset, "SOPClassUID")
    if modality != "US" and not (modality == "" and sop_class in _ULTRASOUND):
        raise UnsupportedImageError(
            f"is a DICOM object of modality {modality[:16] or 'unknown'}, "
            "not echocardiography (US).",
            path=path,
            hint="Give an ultrasound cine.",
        )
    if "PixelData" not in dataset:
        raise UnsupportedImageError(
            "is an ultrasound DICOM object without an image (a report, or a volume).",
            path=path,
            hint="Give the two-dimensional cine it belongs to.",
        )


def _pixels(
    dataset: Any, path: Path
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None, tuple[str, ...]]:
    """Grey frames (T, H, W), a few RGB frames or None, and notes."""
    from pydicom.pixels.utils import iter_pixels

    count = max(1, int(number(dataset, "NumberOfFrames") or 1))
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    channels = int(number(dataset, "SamplesPerPixel") or 1)
    itemsize = channels * max(1, int(number(dataset, "BitsAllocated") or 8) // 8)
    size = check_size((count, rows, columns), itemsize, path)
    _check_complete(dataset, count, size, path)
    _check_decoder(dataset, path)
    sampler = ColorSampler()
    wide = itemsize // channels > 1
    frames = np.empty((count, rows, columns), dtype=np.uint16 if wide else np.uint8)
    done = 0
    for done, pixels in enumerate(iter_pixels(dataset), start=1):
        if done > count:
            break
        frames[done - 1] = _grey(pixels, dataset, sampler)
    if done < count:
        raise UnreadableFileError(
            f"holds {done} of {count} frames; it is truncated.", path=path, hint="Export it again."
        )
    notes: tuple[str, ...] = ()
    if frames.dtype != np.uint8:
        frames, notes = to_uint8(frames, path)
    if text(dataset, "PhotometricInterpretation") == "MONOCHROME1":
        frames = 255 - frames
    return frames, sampler.frames, notes


def _grey(pixels: npt.NDArray[Any], dataset: Any, sampler: ColorSampler) -> npt.NDArray[Any]:
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        from pydicom.pixels.processing import apply_color_lut

        pixels = apply_color_lut(pixels, dataset)
        if pixels.dtype != np.uint8:
            pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        # Signed stored values keep their order when moved to the unsigned range.
        if pixels.dtype.kind == "i":
            return pixels.astype(np.int32) - int(np.iinfo(pixels.dtype).min)
        return pixels
    if pixels.dtype != np.uint8:
        pixels = (pixels >> 8).astype(np.uint8)
    return sampler.add(np.ascontiguousarray(pixels[..., :3]))


def _check_complete(dataset: Any, count: int, size: int, path: Path) -> None:
    """Refuse a declared size that the data cannot fill, before memory is asked for."""
    present = len(dataset.PixelData)
    native = str(dataset.file_meta.TransferSyntaxUID) in _NATIVE
    if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        size = size * 2 // 3
    # An encoded frame takes some bytes at the very least.
    needed = size if native else 16 * count
    if int(number(dataset, "BitsAllocated") or 8) % 8:
        raise InvalidPixelsError("the pixels are not whole bytes.", path=path)
    if present < needed:
        raise UnreadableFileError(
            f"holds {present} of {needed} bytes of pixels; it is truncated.",
            path=path,
            hint="Export or copy the file again.",
        )


def _check_decoder(dataset: Any, path: Path) -> None:
    from pydicom.pixels.decoders.base import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise UnsupportedImageError(
            f"the pixels are compressed as {syntax.name}, for which no decoder is installed.",
            path=path,
            hint="Export it uncompressed, as JPEG baseline, JPEG 2000 or RLE, or try "
            "pip install 'cardiac-echo[dicom]'.",
        )


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
