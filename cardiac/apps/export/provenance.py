"""What made the results, and when: every object that is written says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import cardiac
from cardiac.io.files import file_hash
from cardiac.segmentation.weights import SHIPPED

if TYPE_CHECKING:
    from cardiac.study import Study

NAME = "cardiac"
MANUFACTURER = "cardiac-echo"
PURPOSE = "Research use only, not for clinical use"


@dataclass(frozen=True, slots=True)
class Provenance:
    """The software, its weights and its settings.

    Attributes:
        version: Of this package.
        weights: SHA-256 of the network's weights, "" if unknown.
        settings: What decides a result, by name.
        made: When the results were made. The same results exported twice then give the same
            bytes.
    """

    version: str
    weights: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    made: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of(cls, study: Study, made: datetime | None = None) -> Provenance:
        """What made a study, just now by default."""
        settings = study.settings
        told = {
            "convention": str(settings.convention),
            "correct": str(settings.correct).lower(),
            "profile": settings.profile,
        }
        if study.uncertainty is not None:
            told["uncertainty"] = str(study.uncertainty.method)
        path = settings.segmentation.weights or SHIPPED
        return cls(cardiac.__version__, file_hash(path), told, made or datetime.now(UTC))

    @property
    def serial(self) -> str:
        """What tells two installations of the same version apart: the weights."""
        return self.weights[:16] or "unknown"

    @property
    def parameters(self) -> str:
        """Settings and weights in one line."""
        parts = [f"{name}={value}" for name, value in self.settings.items()]
        return "; ".join([*parts, f"weights={self.serial}"])
