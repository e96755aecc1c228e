"""MetaImage (.mhd with its .raw, .mha): 2-D images and cines, plain or zlib data."""

from __future__ import annotations

import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import numpy.typing as npt

from cardiac.errors import InvalidPixelsError, UnreadableFileError, UnsupportedImageError
from cardiac.geometry import Spacing
from cardiac.io.nifti import as_frames
from cardiac.io.pixels import check_file, check_size, decoding
from cardiac.io.volume import Volume, axes_of, refuse_depth
from cardiac.sequence import EchoSequence, Storage

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_MAX_HEADER = 64 * 1024


def read(path: Path) -> EchoSequence:
    """Read a MetaImage cine or image.

    Raises:
        CardiacError: See :func:`load` and :meth:`Volume.as_sequence`.
    """
    return load(path).as_sequence()


def load(path: Path) -> Volume:
    """Read a MetaImage of (x, y), (x, y, t), (x, y, 1) or (x, y, 1, t) in its stored type.

    MetaImage has no unit of time, so it never gives frame times.

    Raises:
        UnreadableFileError: Missing, truncated, not MetaImage, or data outside the folder.
        UnsupportedImageError: A volume with depth, colour, or data in several files.
        InvalidPixelsError: No pixels or an absurd size.
    """
    check_file(path)
    with decoding(path, "MetaImage header"):
        header, data_start = _header(path)
        shape = tuple(int(n) for n in header["dimsize"].split())
        zooms = tuple(
            abs(float(z))
            for z in (header.get("elementspacing") or header.get("elementsize", "")).split()
        )
        dtype = _dtype(header, path)
        if int(header.get("elementnumberofchannels", "1")) != 1:
            raise UnsupportedImageError(
                "the pixels have several channels.", path=path, hint="Convert it to greyscale."
            )
    stated = bool(zooms)
    zooms = zooms if len(zooms) == len(shape) else (1.0,) * len(shape)
    if min(shape, default=0) < 1:
        raise InvalidPixelsError("holds no image.", path=path, hint="Export the cine again.")
    axes = axes_of(shape, path)
    refuse_depth(shape, zooms, path)
    sizes = dict(zip(axes, shape, strict=True))
    size = check_size((sizes.get("t", 1), sizes["y"], sizes["x"]), dtype.itemsize, path)
    with decoding(path, "MetaImage file"):
        values = _data(path, header, data_start, size, dtype).reshape(shape, order="F")
        storage = Storage(axes, _affine(header, zooms), zooms)
    spacing, notes = _spacing(zooms, stated=stated)
    if "t" in axes:
        notes += ("no frame times: MetaImage has none",)
    return Volume(as_frames(values, axes), spacing, None, storage, path, notes)


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Keys (lower case) and values up to ElementDataFile, and where local data start."""
    with path.open("rb") as file:
        head = file.read(_MAX_HEADER)
    header: dict[str, str] = {}
    position = 0
    while position < len(head):
        end = head.find(b"\n", position)
        end = len(head) if end < 0 else end
        key, equals, value = head[position:end].decode("latin-1").partition("=")
        position = end + 1
        if equals:
            header[key.strip().lower()] = value.strip()
        if key.strip().lower() == "elementdatafile":
            break
    missing = [k for k in ("dimsize", "elementtype", "elementdatafile") if not header.get(k)]
    if missing:
        raise UnreadableFileError(
            f"is not a MetaImage header (no {missing[0]}).",
            path=path,
            hint="Export the file again.",
        )
    return header, position


def _dtype(header: dict[str, str], path: Path) -> np.dtype[np.generic]:
    kind = _TYPES.get(header["elementtype"].upper())
    if kind is None:
        raise UnsupportedImageError(
            f"pixels of type {header['elementtype']} are not read.",
            path=path,
            hint="Store the cine as MET_UCHAR.",
        )
    big = header.get("binarydatabyteordermsb", header.get("elementbyteordermsb", "false"))
    dtype: np.dtype[np.generic] = np.dtype((">" if big.lower() == "true" else "<") + kind)
    return dtype


def _data_file(path: Path, name: str) -> Path:
    """The companion file, which must lie in the header's own folder."""
    if name.upper().startswith("LIST") or "%" in name:
        raise UnsupportedImageError(
            "the pixels are spread over several files.", path=path, hint="Store them in one file."
        )
    companion = path.parent / name
    plain = {name, PurePosixPath(name).name, PureWindowsPath(name).name} == {name}
    if not plain or name in (".", "..") or companion.resolve().parent != path.parent.resolve():
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


def _data(
    path: Path, header: dict[str, str], start: int, size: int, dtype: np.dtype[np.generic]
) -> npt.NDArray[np.generic]:
    name = header["elementdatafile"]
    source = path if name.upper() == "LOCAL" else _data_file(path, name)
    offset = start if source == path else max(0, int(header.get("headersize", "0")))
    compressed = header.get("compresseddata", "false").lower() == "true"
    with source.open("rb") as file:
        if header.get("headersize") == "-1" and not compressed:
            offset = max(0, source.stat().st_size - size)
        file.seek(offset)
        # Never more than was declared (a zip bomb stops here), nor more than that can take packed.
        packed = file.read(size + size // 1000 + 2**16) if compressed else b""
        data = zlib.decompressobj().decompress(packed, size) if compressed else file.read(size)
    if len(data) < size:
        raise UnreadableFileError(
            f"holds {len(data)} of {size} bytes of pixels; it is truncated.",
            path=source,
            hint="Export or copy the file again.",
        )
    return np.frombuffer(data, dtype=dtype)


def _spacing(zooms: tuple[float, ...], *, stated: bool) -> tuple[Spacing | None, tuple[str, ...]]:
    if not stated or (zooms[0], zooms[1]) == (1.0, 1.0) or 0.0 in zooms[:2]:
        return None, ("no pixel size: the MetaImage header has none, 0 or the default of 1",)
    return (zooms[1], zooms[0]), ("pixel size from the MetaImage header",)


def _affine(header: dict[str, str], zooms: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Voxel-to-world matrix as NIfTI has it: MetaImage's x and y point the other way."""
    n = len(zooms)
    affine = np.eye(4)
    matrix = np.eye(n)
    if stored := header.get("transformmatrix"):
        values = np.array([float(v) for v in stored.split()])
        matrix = values.reshape(n, n).T if values.size == n * n else matrix
    m = min(n, 3)
    affine[:m, :m] = matrix[:m, :m] * np.array(zooms[:m])
    offset = [float(v) for v in header.get("offset", header.get("position", "")).split()]
    if len(offset) == n:
        affine[:m, 3] = offset[:m]
    affine[:2] *= -1
    return affine + 0.0
