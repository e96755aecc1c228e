"""Pixels of a DICOM file: frames counted in the data, in the colour space that they are in.

Tags and data contradict each other in many files. Here the data decide: how many frames there
are, how many bytes a pixel has, and whether three channels are RGB or luma and chroma. What the
tags say otherwise is told in a note; fewer data than the tags say is an error.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnreadableFileError, UnsupportedImageError
from cardiac.io.color import ColorSampler
from cardiac.io.dicom_header import number, numbers, text
from cardiac.io.ffmpeg import decode_images, decode_video
from cardiac.io.pixels import check_not_constant, check_size, quiet, to_uint8

_UNCOMPRESSED = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
_RLE = "1.2.840.10008.1.2.5"
_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_LOSSLESS_JPEG = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_HTJ2K = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")
_VIDEO = tuple(f"1.2.840.10008.1.2.4.{n}" for n in range(100, 109))
_PLUGINS = (
    dict.fromkeys(_UNCOMPRESSED, ())
    | {_RLE: ("pydicom", "pylibjpeg")}
    | dict.fromkeys(_JPEG, ("pillow", "gdcm"))
    | dict.fromkeys(_LOSSLESS_JPEG, ("gdcm", "pylibjpeg"))
    | dict.fromkeys(_JPEG_LS, ("pyjpegls", "gdcm", "pylibjpeg"))
    | dict.fromkeys(_JPEG_2000, ("pillow", "pylibjpeg"))
    | dict.fromkeys(_HTJ2K, ("pylibjpeg",))
)
"""Decoders of each transfer syntax, best first: the same on every machine that has them."""
_PILLOW, _MJPEG, _JPEGLS = "jpeg by pillow", "mjpeg", "jpegls"
"""Decoders that need no plugin of pydicom: Pillow, and FFmpeg under its names of codecs."""
_STARTS = (b"\xff\xd8", b"\xff\x4f", b"\x00\x00\x00\x0cjP")
"""First bytes of a coded frame: JPEG and JPEG-LS, JPEG 2000 code stream, JP2 file."""
_NEUTRAL = 12
"""Difference of two channels (0 to 255) up to which a pixel is grey."""
_BETTER = 0.25
"""Share of pixels that must turn grey for another colour space to be believed over the tag."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Decoded pixels.

    Attributes:
        frames: (T, H, W) grey levels.
        samples: (N, H, W, 3) a few frames in RGB, or None where there is no colour.
        notes: What was contradictory, one sentence each.
    """

    frames: npt.NDArray[np.uint8]
    samples: npt.NDArray[np.uint8] | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the pixels are stored."""

    rows: int
    columns: int
    channels: int
    bits: int
    label: str
    syntax: str

    @property
    def pixels(self) -> int:
        return self.rows * self.columns

    @property
    def frame_bytes(self) -> int:
        return self.pixels * self.channels * self.bits // 8


def read_pixels(dataset: Any, path: Path) -> Pixels:
    """Decode a greyscale cine, whatever its photometric interpretation.

    Raises:
        UnreadableFileError: Fewer pixels than the tags say.
        UnsupportedImageError: No decoder for the transfer syntax.
        InvalidPixelsError: Absurd size, or pixels that are not whole bytes.
    """
    layout = _layout(dataset, path)
    if layout.syntax in _VIDEO:
        return _video(dataset, path)
    notes: list[str] = []
    plugin = _plugin(dataset.file_meta.TransferSyntaxUID, layout, path)
    if layout.syntax in _UNCOMPRESSED:
        halved, count = _count_plain(dataset, layout, path, notes)
    else:
        halved, count = False, _count_coded(dataset, layout, path, notes)
    check_size((count, layout.rows, layout.columns), layout.frame_bytes // layout.pixels, path)
    dataset.NumberOfFrames = count
    if halved:
        arrays: Iterator[npt.NDArray[Any]] = _halved_chroma(dataset, layout, count)
        notes += [] if "422" in layout.label else [f"labelled {layout.label}, stored as 4:2:2"]
    else:
        arrays = _arrays(dataset, layout, count, plugin)
    sampler = ColorSampler()
    grey = _Grey(dataset, layout, sampler, notes, converted=plugin == _PILLOW)
    wide = layout.bits > 8
    frames = np.empty((count, layout.rows, layout.columns), np.int32 if wide else np.uint8)
    done = 0
    for done, pixels in enumerate(arrays, start=1):
        if done > count:
            break
        frames[done - 1] = grey(pixels)
    if done < count:
        raise UnreadableFileError(
            f"holds {done} of {count} frames: it is truncated.", path=path, hint="Export it again."
        )
    if sampler.frames is None:
        windowed = _windowed(frames, dataset, layout)
        if windowed is not None:
            frames = windowed
            notes.append("grey levels are shown through the file's window")
    shown, scaled = to_uint8(frames, path)
    if layout.label == "MONOCHROME1":
        shown = 255 - shown
    return Pixels(shown, sampler.frames, (*notes, *scaled))


def _layout(dataset: Any, path: Path) -> _Layout:
    label = text(dataset, "PhotometricInterpretation").upper()
    colour = label.startswith(("RGB", "YBR"))
    channels = int(number(dataset, "SamplesPerPixel") or (3 if colour else 1))
    bits = int(number(dataset, "BitsAllocated") or 8)
    if bits not in (8, 16, 32):
        raise InvalidPixelsError(
            f"the pixels have {bits} bits.", path=path, hint="Export it with 8 bits a pixel."
        )
    if channels not in (1, 3):
        raise UnsupportedImageError(
            f"the pixels have {channels} channels.", path=path, hint="Export it as greyscale."
        )
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    check_size((1, rows, columns), channels * bits // 8, path)
    return _Layout(rows, columns, channels, bits, label, str(dataset.file_meta.TransferSyntaxUID))


def _count_plain(dataset: Any, layout: _Layout, path: Path, notes: list[str]) -> tuple[bool, int]:
    """Whether chroma is stored for every second pixel only (4:2:2), and the number of frames."""
    present, told = len(dataset.PixelData), _told_count(dataset)
    sizes = [(False, layout.frame_bytes)]
    if layout.channels == 3 and layout.bits == 8 and layout.label.startswith("YBR"):
        sizes.append((True, 2 * layout.pixels))
        if "422" in layout.label:
            sizes.reverse()
    # A data element has an even length: one byte may be left over.
    exact = [s for s in sizes if told and 0 <= present - told * s[1] <= 1]
    whole = [s for s in sizes if present % s[1] <= 1]
    halved, size = (exact or whole or sizes)[0]
    if told and present < told * size:
        raise UnreadableFileError(
            f"holds {present} of {told * size} bytes of pixels: it is truncated.",
            path=path,
            hint="Export or copy the file again.",
        )
    if layout.label == "YBR_FULL_422" and not halved:
        notes.append("labelled YBR_FULL_422, but every pixel has all three channels stored")
        dataset.PhotometricInterpretation = "YBR_FULL"
    return halved, _agreed(told, present // size, path, notes)


def _count_coded(dataset: Any, layout: _Layout, path: Path, notes: list[str]) -> int:
    """Number of coded frames; the data are packed anew where their own index contradicts it."""
    from pydicom.encaps import encapsulate, generate_fragments, parse_basic_offsets

    told = _told_count(dataset)
    listed = len(parse_basic_offsets(dataset.PixelData))
    frames: list[list[bytes]] = []
    for fragment in generate_fragments(_after_index(dataset.PixelData)):
        if not frames or layout.syntax == _RLE or fragment.startswith(_STARTS):
            frames.append([])
        frames[-1].append(fragment)
    count = _agreed(told, len(frames), path, notes)
    if listed not in (0, count) or any(len(parts) > 1 for parts in frames):
        dataset.PixelData = encapsulate([b"".join(parts) for parts in frames])
    return count


def _after_index(data: bytes) -> bytes:
    """Encapsulated data without their index of offsets."""
    return data[8 + int.from_bytes(data[4:8], "little") :]


def _told_count(dataset: Any) -> int:
    told = number(dataset, "NumberOfFrames")
    return int(told) if told is not None and told >= 1 else 0


def _agreed(told: int, found: int, path: Path, notes: list[str]) -> int:
    """The number of frames in the data."""
    if found < max(told, 1):
        raise UnreadableFileError(
            f"holds {found} of {max(told, 1)} frames: it is truncated.",
            path=path,
            hint="Export or copy the file again.",
        )
    if found != told and found > 1:
        said = f"says {told}" if told else "is absent"
        notes.append(f"NumberOfFrames {said}, the data hold {found} frames: all were read")
    return found


def _arrays(dataset: Any, layout: _Layout, count: int, plugin: str) -> Iterator[npt.NDArray[Any]]:
    """Frames (H, W) or (H, W, 3) in the colour space that they are stored in."""
    from pydicom.encaps import generate_frames
    from pydicom.pixels.utils import iter_pixels

    if plugin not in (_PILLOW, _MJPEG, _JPEGLS):
        return _hushed(iter_pixels(dataset, raw=True, decoding_plugin=plugin))
    coded = generate_frames(dataset.PixelData, number_of_frames=count)
    if plugin == _PILLOW:
        return _jpegs(coded, layout)
    return _checked(decode_images(coded, plugin), layout)


def _plugin(syntax: Any, layout: _Layout, path: Path) -> str:
    """The decoder to use: one of ours, or the name of pydicom's ("" for uncompressed pixels)."""
    from pydicom.pixels.decoders.base import get_decoder

    wanted = _PLUGINS.get(layout.syntax)
    if wanted == ():
        return ""
    if layout.bits == 8:
        if layout.syntax in _JPEG and layout.channels == 3:
            return _PILLOW
        if layout.syntax in _LOSSLESS_JPEG:
            return _MJPEG
        if layout.syntax in _JPEG_LS and layout.channels == 1:
            return _JPEGLS
    try:
        available = get_decoder(syntax).available_plugins if wanted else ()
    except NotImplementedError:
        available = ()
    found = [name for name in wanted or () if name in available]
    if found:
        return found[0]
    raise UnsupportedImageError(
        f"the pixels are compressed as {syntax.name}, for which no decoder is installed.",
        path=path,
        hint="Install one with pip install 'cardiac-echo[dicom]', or export it uncompressed."
        if wanted
        else "No decoder is known for it: export it uncompressed, as JPEG, JPEG 2000 or RLE.",
    )


def _hushed(arrays: Iterator[npt.NDArray[Any]]) -> Iterator[npt.NDArray[Any]]:
    """The same arrays; what a decoder writes to the console is kept off it."""
    while True:
        with quiet():
            pixels = next(arrays, None)
        if pixels is None:
            return
        yield pixels


def _checked(arrays: Iterator[npt.NDArray[Any]], layout: _Layout) -> Iterator[npt.NDArray[Any]]:
    shape = (layout.rows, layout.columns) + ((3,) if layout.channels == 3 else ())
    for pixels in arrays:
        if pixels.shape != shape:
            raise ValueError(f"a coded frame is {pixels.shape}, the tags say {shape}")
        yield pixels


def _jpegs(coded: Iterator[bytes], layout: _Layout) -> Iterator[npt.NDArray[Any]]:
    """JPEG frames as RGB where their own markers tell the colour space, else as stored.

    JFIF and Adobe markers and the components' names ("RGB") tell it; the DICOM tag often
    repeats what the picture was before it was compressed.
    """
    from PIL import Image

    for data in coded:
        image: Any = Image.open(io.BytesIO(data), formats=("JPEG",))
        named = [chr(component[0]) for component in getattr(image, "layer", [])] == list("RGB")
        if not ("jfif" in image.info or "adobe_transform" in image.info or named):
            image.draft("YCbCr", image.size)
        if image.size != (layout.columns, layout.rows):
            raise ValueError(f"a coded frame is {image.size}, not of the size in the tags")
        pixels = np.asarray(image)
        yield pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)


def _halved_chroma(dataset: Any, layout: _Layout, count: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Uncompressed 4:2:2 frames (Y Y Cb Cr for two pixels) as (H, W, 3) luma and chroma."""
    size = 2 * layout.pixels
    data = np.frombuffer(dataset.PixelData, dtype=np.uint8, count=count * size)
    for pairs in data.reshape(count, -1, 4):
        full = np.empty((len(pairs), 2, 3), dtype=np.uint8)
        full[..., 0] = pairs[:, :2]
        full[..., 1:] = pairs[:, None, 2:]
        yield full.reshape(layout.rows, layout.columns, 3)


class _Grey:
    """Grey levels of one frame after the other; the first decides on the colour space."""

    def __init__(
        self,
        dataset: Any,
        layout: _Layout,
        sampler: ColorSampler,
        notes: list[str],
        *,
        converted: bool,
    ) -> None:
        self._dataset, self._layout, self._converted = dataset, layout, converted
        self._sampler, self._notes = sampler, notes
        self._chroma: bool | None = None
        self._palette = _palette(dataset) if layout.label == "PALETTE COLOR" else None

    def __call__(self, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Grey levels (H, W) of pixels (H, W) or (H, W, 3) as stored."""
        if self._palette is not None:
            pixels = self._palette[np.clip(pixels.astype(np.int64) - self._first, 0, self._last)]
        elif pixels.ndim == 2:
            return pixels
        elif pixels.dtype != np.uint8:
            pixels = (pixels.astype(np.uint32) >> (self._layout.bits - 8)).astype(np.uint8)
        else:
            pixels = self._rgb(pixels)
        return self._sampler.add(np.ascontiguousarray(pixels[..., :3], dtype=np.uint8))

    def _rgb(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        from pydicom.pixels.processing import convert_color_space

        label = self._layout.label
        if self._chroma is None:
            labelled = label.startswith(("YBR_FULL", "YBR_PARTIAL"))
            self._chroma = labelled
            greys = {
                False: _grey_share(pixels),
                True: _grey_share(convert_color_space(pixels, "YBR_FULL", "RGB")),
            }
            if greys[not labelled] > greys[labelled] + _BETTER:
                self._chroma = not labelled
                told = "YCbCr" if self._chroma else "RGB"
                # A decoder has turned a JPEG into RGB where its own markers say what it was.
                if not (self._converted and labelled):
                    self._notes.append(f"labelled {label}, but the pixels are {told}: read as such")
        if not self._chroma:
            return pixels
        return np.asarray(convert_color_space(pixels, "YBR_FULL", "RGB"), dtype=np.uint8)

    @property
    def _first(self) -> int:
        stored = numbers(self._dataset, "RedPaletteColorLookupTableDescriptor")
        return int(stored[1]) if len(stored) > 1 else 0

    @property
    def _last(self) -> int:
        assert self._palette is not None
        return len(self._palette) - 1


def _grey_share(rgb: npt.NDArray[np.uint8]) -> float:
    wide = rgb[::2, ::2].astype(np.int16)
    return float((wide.max(axis=-1) - wide.min(axis=-1) <= _NEUTRAL).mean())


def _palette(dataset: Any) -> npt.NDArray[np.uint8]:
    """(N, 3) colours 0 to 255, scaled by the bits that the table really uses."""
    from pydicom.pixels.processing import apply_color_lut

    stored = numbers(dataset, "RedPaletteColorLookupTableDescriptor")
    if not stored:
        raise InvalidPixelsError("its palette is missing.", hint="Export the cine again.")
    count, first = int(stored[0]) or 2**16, int(stored[1])
    index = np.arange(first, first + count).astype(np.int64)
    table = np.asarray(apply_color_lut(index, dataset)).astype(np.int64)[:, :3]
    unused = max(0, int(table.max()).bit_length() - 8)
    return (table >> unused).astype(np.uint8)


def _windowed(
    frames: npt.NDArray[Any], dataset: Any, layout: _Layout
) -> npt.NDArray[np.uint8] | None:
    """Grey levels through WindowCenter and WindowWidth (PS3.3 C.11.2.1.2).

    None where there is no window, where it changes nothing, or where it would show nothing.
    """
    center, width = number(dataset, "WindowCenter"), number(dataset, "WindowWidth")
    if center is None or width is None or width < 1:
        return None
    slope = number(dataset, "RescaleSlope") or 1.0
    intercept = number(dataset, "RescaleIntercept") or 0.0
    low, high = center - width / 2, center + width / 2 - 1
    if text(dataset, "VOILUTFunction").upper() == "LINEAR_EXACT":
        high += 1
    plain = layout.bits == 8 and (slope, intercept) == (1, 0)
    if plain and abs(low) <= 2 and abs(high - 255) <= 2:
        return None
    shown = np.empty(frames.shape, dtype=np.uint8)
    for source, target in zip(frames, shown, strict=True):
        values = source.astype(np.float64) * slope + intercept
        target[:] = np.rint(255 * np.clip((values - low) / max(high - low, 1e-9), 0, 1))
    return None if shown.min() == shown.max() else shown


def _video(dataset: Any, path: Path) -> Pixels:
    """A video stream (MPEG-2, MPEG-4 AVC, HEVC) within a DICOM file."""
    from pydicom.encaps import generate_fragments

    stream = io.BytesIO(b"".join(generate_fragments(_after_index(dataset.PixelData))))
    video = decode_video(path, stream)
    told, found = _told_count(dataset), len(video.frames)
    notes: list[str] = []
    if found < told:
        raise UnreadableFileError(
            f"holds {found} of {told} frames: it is truncated.", path=path, hint="Export it again."
        )
    _agreed(told, found, path, notes)
    dataset.NumberOfFrames = found
    check_not_constant(video.frames, path)
    return Pixels(video.frames, video.sampler.frames, tuple(notes))
