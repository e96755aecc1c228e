"""Which reader reads which file: one line per format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from cardiac.errors import UnreadableFileError, UnsupportedImageError
from cardiac.io import camus, echonet
from cardiac.io.pixels import check_file
from cardiac.sequence import EchoSequence, View


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


_DICOM = Format("DICOM", (".dcm", ".dicom", ".dic"), "dicom")
FORMATS = (
    Format("NIfTI", (".nii.gz", ".nii"), "nifti"),
    Format("MetaImage", (".mhd", ".mha"), "itk"),
    Format("NRRD", (".nrrd", ".nhdr"), "itk"),
    Format("GIPL", (".gipl.gz", ".gipl"), "itk"),
    Format("VTK", (".vtk",), "itk"),
    _DICOM,
    Format("video", (".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".gif"), "video"),
    Format("picture", (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"), "still"),
)


def find_format(path: Path) -> Format | None:
    """The format of a file by its ending, else by the DICOM preamble, else None."""
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


def read(path: str | Path) -> EchoSequence:
    """Read an echo cine (or a single image, as a cine of one frame) from a file or folder.

    Args:
        path: A NIfTI, MetaImage, DICOM, video or picture file, or a CAMUS patient folder
            (its four-chamber view, if it has one).

    Returns:
        Frames, geometry and time as far as the file tells them; ``notes`` say how.

    Raises:
        UnreadableFileError: Missing, empty, truncated, of no known format.
        UnsupportedImageError: Not a greyscale two-dimensional echo cine.
        InvalidPixelsError: NaN, blank, mixed or absurd sizes.
        GeometryError: An impossible pixel size.
    """
    path = Path(path)
    check_file(path)
    if path.is_dir():
        if echonet.is_folder(path):
            raise UnsupportedImageError(
                "is an EchoNet folder of many videos.",
                path=path,
                hint="Give one of its videos, or the folder to the batch job.",
            )
        return camus.read_camus(path)
    known = find_format(path)
    if known is None:
        raise UnreadableFileError(
            "is of no known image format.",
            path=path,
            hint="Known are DICOM, NIfTI, MetaImage, NRRD, GIPL, VTK, AVI, MP4, MOV, MKV, GIF, "
            "PNG, JPEG, BMP and TIFF.",
        )
    return _view_from_name(echonet.enrich(camus.enrich(known.read(path))), path)


def _view_from_name(sequence: EchoSequence, path: Path) -> EchoSequence:
    """The view that the file's name tells, where nothing in the file does."""
    from cardiac.io.dicom_tags import view_from_text

    if sequence.view is not View.UNKNOWN:
        return sequence
    view = view_from_text(stem(path))
    if view is View.UNKNOWN:
        return sequence
    return sequence.replace(view=view, notes=(*sequence.notes, "view from the file's name"))
