"""The DICOM cine that results belong to: who, which study, which frames.

Values copied from its header are kept where they are valid and left out where they are not.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.config import RAISE
from pydicom.uid import (
    JPEG2000,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
)
from pydicom.valuerep import validate_value

from cardiac.errors import GeometryError, UnsupportedImageError
from cardiac.io.pixels import check_file, decoding
from cardiac.io.registry import find_format

PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
"""Attributes of the patient that must be there, empty if unknown (PS3.3 C.7.1.1)."""
STUDY = ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber")
"""Attributes of the study that must be there, empty if unknown (PS3.3 C.7.2.1)."""
OPTIONAL = ("IssuerOfPatientID", "PatientAge", "PatientSize", "PatientWeight", "StudyDescription")
IDENTIFIERS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
JPEG_METHOD = "ISO_10918_1"
_LOSSY: dict[str, str] = {
    JPEGBaseline8Bit: JPEG_METHOD,
    JPEGExtended12Bit: JPEG_METHOD,
    JPEGLSNearLossless: "ISO_14495_1",
    JPEG2000: "ISO_15444_1",
}
MAX_UID = 64
_UID = re.compile(r"\d+(\.\d+)+")
_STRICT_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")
_UNTOLD = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories that no name or number has: controls, halves of pairs, line breaks."""
_GROUPS, _PARTS = 3, 5
"""Writings of a person's name, and parts of each (PS3.5 6.2, PN)."""
_SEXES = ("M", "F", "O")
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
        path = Path(path)
        check_file(path)
        _check_format(path)
        with decoding(path, "DICOM file"):
            header = dcmread(path, force=True, stop_before_pixels=True)
            known = "Rows" in header and "Columns" in header
            missing = [name for name in IDENTIFIERS if valid_uid(header.get(name)) is None]
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

    @property
    def irregular_uids(self) -> tuple[str, ...]:
        """Identifiers with leading zeros, against PS3.5 9.1: archives hold such studies.

        They are referred to as they are, because any other spelling names another study.
        """
        return tuple(k for k in IDENTIFIERS if not _STRICT_UID.fullmatch(self.uid(k)))

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
            "LossyImageCompressionMethod": method or JPEG_METHOD,
        }

    def _ratio(self) -> str:
        count, rows, columns = self.shape
        samples = int(self.header.get("SamplesPerPixel") or 1)
        return f"{max(1.0, count * rows * columns * samples / self.path.stat().st_size):.2f}"


def _check_format(path: Path) -> None:
    """Refuse a folder, and what is known to be of another format."""
    if not path.is_file():
        raise UnsupportedImageError(f"is a folder: {_WHY}", path=path, hint=_ELSE)
    known = find_format(path)
    if known is not None and known.name != "DICOM":
        raise UnsupportedImageError(f"is a {known.name} file: {_WHY}", path=path, hint=_ELSE)


def valid_uid(value: object) -> str | None:
    """A unique identifier as text, or None where it is none (PS3.5 section 9).

    Components with leading zeros pass: see :attr:`Source.irregular_uids`.
    """
    text = "" if value is None else str(value).strip().rstrip("\0")
    return text if len(text) <= MAX_UID and _UID.fullmatch(text) else None


def valid_value(dataset: Any, keyword: str) -> str | None:
    """A single value of a header as text, or None where it is absent, empty or malformed.

    A value that breaks the rules of its type (too long, a date that is none, control
    characters, several values where one belongs) would make a valid object invalid, and a
    value cut short could name somebody else: neither is copied.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            element = dataset[keyword]
            if element.VM != 1:
                return None
            text = str(element.value).strip()
        if not text or "\\" in text or any(unicodedata.category(c) in _UNTOLD for c in text):
            return None
        if element.VR == "PN" and not _is_name(text):
            return None
        validate_value(str(element.VR), text, RAISE)
    except Exception:  # whatever a decoder raises on a malformed element: it counts as absent
        return None
    return None if keyword == "PatientSex" and text not in _SEXES else text


def _is_name(text: str) -> bool:
    groups = text.split("=")
    return len(groups) <= _GROUPS and all(group.count("^") < _PARTS for group in groups)


def dropped(dataset: Any, keyword: str) -> bool:
    """Whether a header has a value that `valid_value` leaves out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            present = keyword in dataset and str(dataset[keyword].value or "").strip() != ""
    except Exception:  # as above: present, but beyond reading
        return True
    return present and valid_value(dataset, keyword) is None
