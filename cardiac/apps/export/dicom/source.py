"""The DICOM cine that results belong to: who, which study, which frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cardiac.apps.export.dicom.values import dropped, valid_uid, valid_value
from cardiac.errors import GeometryError, UnsupportedImageError
from cardiac.io.pixels import check_file, decoding

PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
"""Attributes of the patient that must be there, empty if unknown (PS3.3 C.7.1.1)."""
STUDY = ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber")
"""Attributes of the study that must be there, empty if unknown (PS3.3 C.7.2.1)."""
OPTIONAL = ("IssuerOfPatientID", "PatientAge", "PatientSize", "PatientWeight", "StudyDescription")
_LOSSY = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
}
_NEEDED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_WHY = "DICOM results must name the frames they were made from."
_ELSE = "FHIR and label names need no DICOM source."


@dataclass(frozen=True, eq=False)
class Source:
    """Header of a DICOM image.

    Attributes:
        header: Its data set without pixels.
        path: The file.
    """

    header: Any
    path: Path

    @classmethod
    def read(cls, path: str | Path) -> Source:
        """Read the header of a DICOM image.

        Raises:
            UnreadableFileError: Missing or damaged.
            UnsupportedImageError: Another format, or without pixels or identifiers.
        """
        from pydicom import dcmread

        path = Path(path)
        check_file(path)
        _check_format(path)
        with decoding(path, "DICOM file"):
            header = dcmread(path, force=True, stop_before_pixels=True)
            known = "Rows" in header and "Columns" in header
            missing = [name for name in _NEEDED if valid_uid(header.get(name)) is None]
        if not known:
            raise UnsupportedImageError(f"is no DICOM image: {_WHY}", path=path, hint=_ELSE)
        if missing:
            raise UnsupportedImageError(
                f"has no valid {', '.join(missing)}: nothing can refer to it.",
                path=path,
                hint="Export the cine again from the archive.",
            )
        return cls(header, path)

    def uid(self, keyword: str) -> str:
        """One of the identifiers that :meth:`read` made sure of."""
        return valid_uid(self.header.get(keyword)) or ""

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """(T, H, W)."""
        with decoding(self.path, "DICOM file"):
            count = int(self.header.get("NumberOfFrames") or 1)
            return max(1, count), int(self.header.Rows), int(self.header.Columns)

    @property
    def multiframe(self) -> bool:
        """Whether its frames are numbered."""
        return "NumberOfFrames" in self.header

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Make sure that results (T, H, W) are of this cine.

        Raises:
            GeometryError: They have another size, or other frames.
        """
        if tuple(shape) != self.shape:
            raise GeometryError(
                f"has {self.shape[0]} frames of {self.shape[1]} × {self.shape[2]} pixels, the "
                f"results {' × '.join(map(str, shape))}.",
                path=self.path,
                hint="Name the file that the results were made from.",
            )

    @property
    def left_out(self) -> tuple[str, ...]:
        """Attributes of patient and study whose values are malformed and are not copied."""
        return tuple(k for k in (*PATIENT, *STUDY, *OPTIONAL) if dropped(self.header, k))

    def compression(self) -> dict[str, str]:
        """What the pixels lost before they came here (PS3.3 C.7.6.1)."""
        meta = getattr(self.header, "file_meta", None)
        syntax = str(getattr(meta, "TransferSyntaxUID", ""))
        stated = valid_value(self.header, "LossyImageCompression") == "01"
        if not stated and syntax not in _LOSSY:
            return {"LossyImageCompression": "00"}
        method = valid_value(self.header, "LossyImageCompressionMethod") or _LOSSY.get(syntax)
        ratio = valid_value(self.header, "LossyImageCompressionRatio") or self._ratio()
        return {
            "LossyImageCompression": "01",
            "LossyImageCompressionRatio": ratio,
            "LossyImageCompressionMethod": method or "ISO_10918_1",
        }

    def _ratio(self) -> str:
        count, rows, columns = self.shape
        samples = int(self.header.get("SamplesPerPixel") or 1)
        return f"{max(1.0, count * rows * columns * samples / self.path.stat().st_size):.2f}"


def _check_format(path: Path) -> None:
    """Refuse a folder, and what is known to be of another format."""
    from cardiac.io.registry import find_format

    if not path.is_file():
        raise UnsupportedImageError(f"is a folder: {_WHY}", path=path, hint=_ELSE)
    known = find_format(path)
    if known is not None and known.name != "DICOM":
        raise UnsupportedImageError(f"is a {known.name} file: {_WHY}", path=path, hint=_ELSE)
