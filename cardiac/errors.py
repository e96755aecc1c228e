"""The tree of errors a caller may catch.

CardiacError
├── InputError                the input cannot be used
│   ├── UnreadableFileError   missing, truncated, empty, not an image
│   ├── UnsupportedImageError an image, but not a greyscale 2-D echo cine
│   └── InvalidPixelsError    NaN, constant, absurd size or spacing
├── GeometryError             spacing, shape or grid do not fit together
├── MeasurementError          a landmark or index cannot be measured on this mask
├── WeightsError              weights are missing, altered or of another model
├── SettingsError             a configuration file or option is wrong
└── OutputError               a result cannot be written
"""

from __future__ import annotations

from pathlib import Path


class CardiacError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: What is wrong, in one sentence.
        path: The file it is about, if any.
        hint: What the user can do about it.
    """

    def __init__(self, message: str, *, path: str | Path | None = None, hint: str = "") -> None:
        self.message = message
        self.path = None if path is None else Path(path)
        self.hint = hint
        super().__init__(message, path, hint)

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path is not None else ""
        todo = f" {self.hint}" if self.hint else ""
        return f"{where}{self.message}{todo}"


class InputError(CardiacError):
    """The input cannot be used."""


class UnreadableFileError(InputError):
    """The file is missing, truncated, empty or not an image."""


class UnsupportedImageError(InputError):
    """The file is an image, but not a greyscale two-dimensional echo cine."""


class InvalidPixelsError(InputError):
    """The pixels, their number or their spacing make no sense."""


class GeometryError(CardiacError):
    """Spacing, shape or grid do not fit together."""


class MeasurementError(CardiacError):
    """A landmark or an index cannot be measured on this mask."""


class WeightsError(CardiacError):
    """Model weights are missing, altered or belong to another model."""


class SettingsError(CardiacError):
    """A configuration file or an option is wrong."""


class OutputError(CardiacError):
    """A result cannot be written."""
