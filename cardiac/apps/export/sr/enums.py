"""Defined terms of structured reports (PS3.3 A.35 and C.17)."""

from __future__ import annotations

from enum import StrEnum


class ReportClass(StrEnum):
    """What kind of document the report is stored as. The content is the same.

    ``comprehensive`` is what archives and viewers take today; ``simplified-adult-echo`` is
    the class that the standard made for this template, which few know yet.
    """

    COMPREHENSIVE = "comprehensive"
    SIMPLIFIED_ADULT_ECHO = "simplified-adult-echo"

    @property
    def uid(self) -> str:
        """SOP Class UID."""
        return {
            ReportClass.COMPREHENSIVE: "1.2.840.10008.5.1.4.1.1.88.33",
            ReportClass.SIMPLIFIED_ADULT_ECHO: "1.2.840.10008.5.1.4.1.1.88.72",
        }[self]


class Relation(StrEnum):
    """How a content item belongs to its parent (PS3.3 C.17.3.2.4)."""

    CONTAINS = "CONTAINS"
    CONCEPT_MODIFIER = "HAS CONCEPT MOD"
    OBSERVATION_CONTEXT = "HAS OBS CONTEXT"
    PROPERTIES = "HAS PROPERTIES"
    INFERRED_FROM = "INFERRED FROM"
