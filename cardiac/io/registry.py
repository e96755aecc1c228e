"""Which reader reads which file: one line per format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from cardiac.errors import UnreadableFileError, UnsupportedImageError
from cardiac.geometry import Region
from cardiac.io import camus, echonet, series
from cardiac.io.pixels import check_file
from cardiac.io.region import in_sector
from cardiac.sequence import EchoSequence, View
from cardiac.states import ViewSource


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: its name, its endings and the module that reads it."""

    name: str
    endings: tuple[str, ...]
    module: str

    @property
    def read(self) -> Callable[[Path], EchoSequence]:
        """The reader; its module is imported here, when it is needed."""
        function: Callable[[Path], EchoSequence] = import_module(f"cardiac.io.{self.module}").read
        return function


_PICTURES = (".png", ".apng", ".gif", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
_DICOM = Format("DICOM", (".dcm", ".dicom", ".dic", ".ima"), "dicom")
FORMATS = (
    Format("NIfTI", (".nii.gz", ".nii"), "nifti"),
    Format("MetaImage", (".mhd", ".mha"), "itk"),
    Format("NRRD", (".nrrd", ".nhdr"), "itk"),
    Format("GIPL", (".gipl.gz", ".gipl"), "itk"),
    Format("VTK", (".vtk",), "itk"),
    _DICOM,
    Format("video", (".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm"), "video"),
    Format("picture", _PICTURES, "picture"),
)


_UNPACK = "Unpack it and give the folder."
_FOREIGN = {
    b"PK\x03\x04": ("a zip archive", _UNPACK),
    b"Rar!": ("a RAR archive", _UNPACK),
    b"7z\xbc\xaf": ("a 7z archive", _UNPACK),
    b"\x1f\x8b": ("a gzip archive", _UNPACK),
    b"BZh": ("a bzip2 archive", _UNPACK),
    b"%PDF": ("a PDF document", "Give the cine it tells of."),
    b"\x89HDF": ("an HDF5 file", "Export the cine as DICOM, NIfTI or video."),
}
"""First bytes of files that people give for images."""


def find_format(path: Path) -> Format | None:
    """The format of a file by its ending, else by its first bytes (DICOM), else None."""
    name = path.name.lower()
    for known in FORMATS:
        if name.endswith(known.endings):
            return known
    from cardiac.io.dicom import is_dicom

    return _DICOM if is_dicom(path) else None


def stem(path: Path) -> str:
    """The file's name without the ending of its format; a name without one stays whole."""
    for known in FORMATS:
        for ending in known.endings:
            if path.name.lower().endswith(ending):
                return path.name[: -len(ending)]
    return path.name


def read(path: str | Path, region: Region | str | None = None) -> EchoSequence:
    """Read an echo cine (or a single image, as a cine of one frame) from a file or folder.

    The ultrasound sector is found in the pixels; what a screen shows around it is blanked.

    Args:
        path: A NIfTI, MetaImage, DICOM, video or picture file, or a CAMUS patient folder
            (its four-chamber view, if it has one).
        region: Where the echo is, which overrules the pixels; "whole" for all of the picture.

    Returns:
        Frames, geometry and time as far as the file tells them; ``notes`` say how.

    Raises:
        UnreadableFileError: Missing, empty, truncated, of no known format.
        UnsupportedImageError: Not a greyscale two-dimensional echo cine.
        InvalidPixelsError: NaN, blank, mixed or absurd sizes.
        SettingsError: The region does not lie in the picture.
    """
    if region is None and echonet.is_video(Path(path)):
        return read_stored(path)
    return in_sector(read_stored(path), region)


def read_stored(path: str | Path) -> EchoSequence:
    """As :func:`read`, with the picture as the file has it: no sector is looked for."""
    path = Path(path)
    check_file(path)
    if path.is_dir():
        if echonet.is_folder(path):
            raise UnsupportedImageError(
                "is an EchoNet folder of many videos.",
                path=path,
                hint="Give one of its videos, or the folder to the batch job.",
            )
        return _read_folder(path)
    known = find_format(path)
    if known is None:
        if what := foreign_format(path):
            raise UnreadableFileError(f"is {what[0]}.", path=path, hint=what[1])
        raise UnreadableFileError(
            "is of no known image format.",
            path=path,
            hint="Known are DICOM, NIfTI, MetaImage, NRRD, GIPL, VTK, AVI, MP4, MOV, MKV, GIF, "
            "PNG, JPEG, BMP, TIFF and WebP.",
        )
    return _view_from_name(echonet.enrich(camus.enrich(known.read(path))), path)


def _read_folder(path: Path) -> EchoSequence:
    """A CAMUS patient, else the one cine that a folder holds as single frames."""
    try:
        files = sorted(file for file in path.iterdir() if file.is_file())
    except OSError:
        files = []
    if not any(camus.parse_name(file) for file in files):
        found = series.find_series(files, read_stored)
        if len(found) == 1:
            return series.read_series(found[0].files, read_stored).replace(source=path)
    return camus.read_camus(path)


def foreign_format(path: Path) -> tuple[str, str] | None:
    """What a file is that is no image, and what to do with it; None where that is not known."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError:
        return None
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        return "a spreadsheet, not an image", "Save a list of cines as CSV."
    return next((told for magic, told in _FOREIGN.items() if head.startswith(magic)), None)


def _view_from_name(sequence: EchoSequence, path: Path) -> EchoSequence:
    """The view that the file's name tells, where nothing in the file does."""
    from cardiac.io.dicom_header import view_from_text

    if sequence.view is not View.UNKNOWN:
        return sequence
    view = view_from_text(stem(path))
    if view is View.UNKNOWN:
        return sequence
    notes = (*sequence.notes, "view from the file's name")
    return sequence.replace(view=view, view_source=ViewSource.NAME, notes=notes)
