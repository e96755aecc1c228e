"""MetaImage, NRRD, GIPL and VTK images, read by SimpleITK behind guards of our own.

ITK follows whatever file a header names, takes memory on a header's word, and writes to the
console. Here the header's keys are looked at first: pixels must lie in the file itself or beside
it, and must be as long as the header says.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnreadableFileError, UnsupportedImageError
from cardiac.geometry import Spacing
from cardiac.io.color import luma
from cardiac.io.orientation import turn_of_scan
from cardiac.io.pixels import check_file, check_length, check_size, decoding, quiet
from cardiac.io.volume import Volume, as_frames, axes_of, refuse_depth
from cardiac.sequence import EchoSequence, Storage

ENDINGS = (".mhd", ".mha", ".nrrd", ".nhdr", ".gipl.gz", ".gipl", ".vtk")
"""Endings of the files that this module reads."""
COMPANIONS = (".raw", ".zraw")
"""Endings of files that hold the pixels of a header beside them."""
_MAX_HEADER = 64 * 2**20
"""Trackers write several lines for every frame."""
_PACKED = 1100
"""Deflate cannot shrink further; a header that claims more lies."""
_GIPL_HEADER = 256
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of ITK's formats: its name, and the keys that name files with pixels."""

    name: str
    reader: str
    data_keys: tuple[str, ...] = ()


_META = _Kind("MetaImage", "MetaImageIO", ("elementdatafile",))
_NRRD = _Kind("NRRD", "NrrdImageIO", ("data file", "datafile"))
_GIPL = _Kind("GIPL", "GiplImageIO")
_VTK = _Kind("VTK", "VTKImageIO")
_KINDS = {
    ".mhd": _META,
    ".mha": _META,
    ".nrrd": _NRRD,
    ".nhdr": _NRRD,
    ".gipl.gz": _GIPL,
    ".gipl": _GIPL,
    ".vtk": _VTK,
}


_NUMBER = r"(?:[-+]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:[eE][-+]?\d{1,3})?|nan)"
_NUMBERS = rf"{_NUMBER}(?: +{_NUMBER}){{0,7}}"
_VECTOR = rf"\({_NUMBER}(?: ?, ?{_NUMBER}){{0,3}}\)"
_WORDS = r"[\w\-?()]+(?: +[\w\-?()]+){0,7}"
_QUOTED = r'"[\w ./%µ-]{0,32}"(?: +"[\w ./%µ-]{0,32}"){0,7}'
_NRRD_FIELDS = {
    "type": r"[\w ]{1,32}",
    "dimension": r"[1-8]",
    "space": r"[\w\-]{1,64}",
    "space dimension": r"[1-8]",
    "sizes": r"\d{1,9}(?: +\d{1,9}){0,7}",
    "space directions": rf"(?:{_VECTOR}|none)(?: +(?:{_VECTOR}|none)){{0,7}}",
    "space origin": _VECTOR,
    "measurement frame": rf"{_VECTOR}(?: +{_VECTOR}){{0,3}}",
    "kinds": _WORDS,
    "encoding": r"\w{1,8}",
    "endian": r"little|big",
    "content": r"[ -~]{0,256}",
    "data file": r"[^\x00-\x1f]{1,255}",
    "datafile": r"[^\x00-\x1f]{1,255}",
    **dict.fromkeys(("spacings", "thicknesses", "axis mins", "axis maxs"), _NUMBERS),
    **dict.fromkeys(("axismins", "axismaxs"), _NUMBERS),
    **dict.fromkeys(("centers", "centerings"), _WORDS),
    **dict.fromkeys(("labels", "units", "space units"), _QUOTED),
    **dict.fromkeys(("line skip", "lineskip", "byte skip", "byteskip"), r"0"),
}
"""Fields of an NRRD header and what each may hold: the parser below ITK dies of others."""


def read(path: Path) -> EchoSequence:
    """Read a MetaImage, NRRD, GIPL or VTK cine or image.

    Raises:
        CardiacError: See :func:`load` and :meth:`Volume.as_sequence`.
    """
    return load(path).as_sequence()


def load(path: Path) -> Volume:
    """Read an array of (x, y), (x, y, t), (x, y, 1) or (x, y, 1, t) in its stored type.

    Frame times come from time stamps of the single frames (``Seq_Frame0000_Timestamp``, as
    tracked scanners write them); there is no unit of time to take them from otherwise.

    Raises:
        UnreadableFileError: Missing, truncated, not of its format, or data outside the folder.
        UnsupportedImageError: A volume with depth, or data in several files.
        InvalidPixelsError: No pixels or an absurd size.
    """
    check_file(path)
    kind = next(k for ending, k in _KINDS.items() if path.name.lower().endswith(ending))
    with decoding(path, f"{kind.name} file"):
        header, start = _header(path, kind)
        source = _data_file(path, kind, header)
        with quiet():
            reader = _reader(path, kind)
            reader.ReadImageInformation()
        shape = tuple(int(n) for n in reader.GetSize())
        zooms = tuple(abs(float(z)) for z in reader.GetSpacing())
        dtype, channels = _pixel_type(reader, path)
        while len(shape) > 4 and shape[-1] == 1:
            shape, zooms = shape[:-1], zooms[:-1]
        if min(shape, default=0) < 1:
            raise InvalidPixelsError("holds no image.", path=path, hint="Export the cine again.")
        axes = axes_of(shape, path)
        stamps = _stamps(header)
        if len(stamps) < 2:
            refuse_depth(shape, zooms, path)
        sizes = dict(zip(axes, shape, strict=True))
        cine = (sizes.get("t", 1), sizes["y"], sizes["x"])
        size = check_size(cine, dtype.itemsize * channels, path)
        if kind is _META and header.get("compresseddata", "").lower() == "true":
            stored = _inflated(source, start if source == path else 0, size)
            big = header.get("binarydatabyteordermsb", header.get("elementbyteordermsb", ""))
            values = np.frombuffer(
                stored, dtype.newbyteorder(">" if big.lower() == "true" else "<")
            )
            values = values.reshape((*shape[::-1], channels))
        else:
            text = size // dtype.itemsize if _is_text(header) else size
            _check_lengths(source, kind, header, text, start if source == path else 0)
            values = _pixels(reader).reshape((*shape[::-1], channels))
        values = _grey(values, path).transpose()
        affine = _affine(reader, zooms)
    spacing, notes = _spacing(header, kind, zooms)
    orientation = header.get("ultrasoundimageorientation", "").upper()
    times, note = _times(stamps, sizes.get("t", 1), kind)
    return Volume(
        as_frames(values, axes),
        spacing,
        times,
        Storage(axes, affine, zooms),
        path,
        (*notes, *note),
        turn=turn_of_scan(orientation) if orientation else None,
    )


def _reader(path: Path, kind: _Kind) -> Any:
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    reader: Any = SimpleITK.ImageFileReader()
    reader.SetImageIO(kind.reader)
    reader.SetFileName(str(path))
    return reader


def _pixel_type(reader: Any, path: Path) -> tuple[np.dtype[Any], int]:
    """Type of a channel, and the number of channels."""
    import SimpleITK

    name = SimpleITK.GetPixelIDValueAsString(reader.GetPixelID())
    match = re.fullmatch(r"(?:vector of )?(\d+)-bit (unsigned integer|signed integer|float)", name)
    if match is None:
        raise UnsupportedImageError(
            f"pixels of type {name} are not read.",
            path=path,
            hint="Store the cine as grey levels of 8 bits.",
        )
    kind = {"unsigned integer": "u", "signed integer": "i", "float": "f"}[match[2]]
    return np.dtype(f"{kind}{int(match[1]) // 8}"), max(1, int(reader.GetNumberOfComponents()))


def _pixels(reader: Any) -> npt.NDArray[Any]:
    import SimpleITK

    with quiet():
        values: npt.NDArray[Any] = SimpleITK.GetArrayFromImage(reader.Execute())
    return values


def _inflated(source: Path, start: int, size: int) -> bytes:
    """The pixels of a packed MetaImage, never more of them than were declared.

    ITK takes damaged or short data for whole, and those without CompressedDataSize for zeros.
    """
    unpacker = zlib.decompressobj()
    with source.open("rb") as file:
        file.seek(start)
        # No more than can be packed into that size: a zip bomb stops here.
        data = unpacker.decompress(file.read(size + size // 1000 + 2**16), size)
    check_length(source, len(data), size)
    return data


def _grey(values: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    """Values (..., channels) without their last axis."""
    channels = values.shape[-1]
    if channels == 1:
        return values[..., 0]
    if channels not in (3, 4) or values.dtype != np.uint8:
        raise UnsupportedImageError(
            f"the pixels have {channels} channels.", path=path, hint="Convert it to greyscale."
        )
    return luma(values[..., :3])


def _header(path: Path, kind: _Kind) -> tuple[dict[str, str], int]:
    """Keys (lower case) and values of a header in text, and where it ends."""
    if kind is _GIPL:
        return {}, _GIPL_HEADER
    if kind is _VTK:
        with path.open("rb") as file:
            table = re.search(rb"LOOKUP_TABLE[^\n]*\n", file.read(4096))
        return {}, table.end() if table else 0
    header: dict[str, str] = {}
    read_so_far = 0
    with path.open("rb") as file:
        if kind is _NRRD and not file.readline(64).startswith(b"NRRD"):
            raise UnreadableFileError(
                "is not an NRRD header.", path=path, hint="Export the file again."
            )
        while read_so_far < _MAX_HEADER:
            line = file.readline(_MAX_HEADER)
            read_so_far = file.tell()
            text = line.decode("latin-1").strip()
            if not line or (kind is _NRRD and not text):
                break
            if kind is _NRRD:
                _check_field(text, path)
            key, sign, value = text.partition("=" if kind is _META else ":")
            key = key.strip().lower()
            if sign and not text.startswith("#"):
                header[key] = value.strip()
            if kind is _META and key == "elementdatafile":
                break
    wanted = ("dimsize", "elementtype", "elementdatafile") if kind is _META else ("sizes", "type")
    missing = [key for key in wanted if not header.get(key)]
    if missing:
        raise UnreadableFileError(
            f"is not a {kind.name} header (no {missing[0]}).",
            path=path,
            hint="Export the file again.",
        )
    return header, read_so_far


def _check_field(text: str, path: Path) -> None:
    """Refuse a line of an NRRD header that is neither a remark, a known field nor a pair."""
    key, sign, value = text.partition(":")
    pattern = _NRRD_FIELDS.get(key.strip().lower())
    known = pattern is not None and re.fullmatch(pattern, value.strip(), re.IGNORECASE)
    pair = value.startswith("=") and re.fullmatch(r"[ -~]{1,1024}", text)
    remark = text.startswith("#") and len(text) <= 1024
    if not ((sign and (known or pair)) or remark):
        raise UnreadableFileError(
            f"has a line in its NRRD header that cannot be read ({text[:80]!r}).",
            path=path,
            hint="Export the file again.",
        )


def _data_file(path: Path, kind: _Kind, header: dict[str, str]) -> Path:
    """The file that holds the pixels: the header's own, or one in the same folder."""
    name = next((header[key] for key in kind.data_keys if header.get(key)), "")
    if not name or (kind is _META and name.upper() == "LOCAL"):
        return path
    if name.split()[0].upper() == "LIST" or "%" in name:
        raise UnsupportedImageError(
            "the pixels lie in several files.", path=path, hint="Join them into one file."
        )
    companion = path.parent / name
    parts = len(PurePosixPath(name).parts), len(PureWindowsPath(name).parts)
    # A link may lead out of the folder, too.
    if parts != (1, 1) or companion.resolve().parent != path.parent.resolve():
        raise UnreadableFileError(
            f"names a data file outside its own folder ({name}).",
            path=path,
            hint="Put the data file beside the header and name it without folders.",
        )
    if not companion.is_file():
        raise UnreadableFileError(
            f"its data file {name} is missing.", path=path, hint="Copy both files together."
        )
    return companion


def _is_text(header: dict[str, str]) -> bool:
    return header.get("binarydata", "true").lower() == "false" or header.get(
        "encoding", "raw"
    ).lower() in ("ascii", "text", "txt", "hex")


def _check_lengths(
    source: Path, kind: _Kind, header: dict[str, str], size: int, start: int
) -> None:
    """Refuse fewer bytes than ``size`` behind ``start``: ITK would take memory, or make some up."""
    present = source.stat().st_size
    if source.name.lower().endswith(".gz"):
        check_length(source, present * _PACKED, size)
        with gzip.open(source) as file:
            found = sum(len(file.read(_BLOCK)) for _ in range(-(-(size + start) // _BLOCK)))
        check_length(source, found, size + start)
    elif header.get("encoding", "raw").lower() in ("gzip", "gz"):
        check_length(source, present * _PACKED, size)
    else:
        skipped = max(0, int(header.get("headersize", "0"))) if kind is _META else 0
        check_length(source, present - start, size + skipped)


def _spacing(
    header: dict[str, str], kind: _Kind, zooms: tuple[float, ...]
) -> tuple[Spacing | None, tuple[str, ...]]:
    keys = ("elementspacing", "elementsize", "spacings", "space directions")
    stated = not kind.data_keys or any(header.get(key) for key in keys)
    x, y = zooms[:2]
    if not stated or not (x > 0 and y > 0):
        return None, (f"no pixel size: the {kind.name} header has none or 0",)
    return (y, x), (f"pixel size from the {kind.name} header",)


def _stamps(header: dict[str, str]) -> list[float]:
    """Seconds of every frame as a tracked scanner stamps them, in the order of the frames."""
    found = {}
    for key, value in header.items():
        match = re.fullmatch(r"seq_frame(\d+)_timestamp", key)
        if match is not None:
            found[int(match[1])] = float(value)
    return [found[frame] for frame in sorted(found)]


def _times(
    stamps: list[float], count: int, kind: _Kind
) -> tuple[npt.NDArray[np.float64] | None, tuple[str, ...]]:
    if count < 2:
        return None, ()
    if not stamps:
        return None, (f"no frame times: {kind.name} has none",)
    times = np.asarray(stamps, dtype=np.float64)
    if len(times) != count or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        return None, (f"no frame times: {len(stamps)} time stamps do not fit {count} frames",)
    return times - times[0], ("frame times from the time stamps of the frames",)


def _affine(reader: Any, zooms: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Voxel-to-world matrix as NIfTI has it: ITK's x and y point the other way."""
    n = int(reader.GetDimension())
    affine = np.eye(4)
    m = min(n, 3, len(zooms))
    direction = np.asarray(reader.GetDirection(), dtype=np.float64).reshape(n, n)
    affine[:m, :m] = direction[:m, :m] * np.asarray(zooms[:m])
    affine[:m, 3] = np.asarray(reader.GetOrigin(), dtype=np.float64)[:m]
    affine[:2] *= -1
    return affine + 0.0
