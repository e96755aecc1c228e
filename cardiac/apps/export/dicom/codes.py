"""Codes: a value, its scheme and what it means, and the ones that several objects use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PRIVATE = "99CARDIAC"
"""Scheme of the codes that no public scheme has; the prefix 99 is kept free for such (PS3.16 8)."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (DICOM PS3.3 section 8).

    Attributes:
        value: At most 16 characters.
        scheme: Designator of the coding scheme (SCT, LN, DCM, UCUM or `PRIVATE`).
        meaning: For people to read, at most 64 characters.
    """

    value: str
    scheme: str
    meaning: str

    def item(self) -> Dataset:
        """The code as an item of a code sequence."""
        from pydicom.dataset import Dataset

        item = Dataset()
        item.CodeValue = self.value
        item.CodingSchemeDesignator = self.scheme
        item.CodeMeaning = self.meaning
        return item


def private(value: str, meaning: str) -> Code:
    """A code of this project's own."""
    return Code(value, PRIVATE, meaning)


SEGMENTATION = Code("113076", "DCM", "Segmentation")
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
RETAIN_UIDS = Code("113110", "DCM", "Retain UIDs Option")
