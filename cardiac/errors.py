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
├── NotFoundError             a case, frame or action that was asked for is not there
└── OutputError               a result cannot be written

Every error survives pickling and copying, so it crosses process pools as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cardiac.reasons import Reason


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
        if not self.hint:
            return f"{where}{self.message}"
        stop = "" if self.message.endswith((".", "!", "?", ":", "\n")) else "."
        return f"{where}{self.message}{stop} {self.hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is otherwise rebuilt from its positional arguments alone.
        return _rebuilt, (type(self), self.message, self.path, self.hint), dict(self.__dict__)


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
    """A landmark or an index cannot be measured on this mask.

    Args:
        message: What is wrong, in one sentence.
        path: The file it is about, if any.
        hint: What the user can do about it.
        code: The reason for programs, in snake case (see :class:`cardiac.reasons.Reason`).
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | Path | None = None,
        hint: str = "",
        code: str = "not_measurable",
    ) -> None:
        super().__init__(message, path=path, hint=hint)
        self.code = code

    @property
    def reason(self) -> Reason:
        """The reason as data."""
        return Reason(self.code, self.message)


class WeightsError(CardiacError):
    """Model weights are missing, altered or belong to another model."""


class SettingsError(CardiacError):
    """A configuration file or an option is wrong."""


class NotFoundError(CardiacError):
    """A case, a frame or an action that was asked for is not there."""


class OutputError(CardiacError):
    """A result cannot be written."""


def _rebuilt(kind: type[CardiacError], message: str, path: Path | None, hint: str) -> CardiacError:
    return kind(message, path=path, hint=hint)
