"""Optional packages: what only some users need, and the line that installs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from cardiac.errors import SettingsError

Extra = Literal["viewer", "dicom", "cluster", "remote", "train"]


@contextmanager
def needs(extra: Extra, what: str) -> Iterator[None]:
    """Import optional packages inside this, so that a missing one is answered with its remedy.

    Args:
        extra: The extra of this package that brings them.
        what: What needs them, as the user knows it.

    Raises:
        SettingsError: One is not installed; the hint is the line that installs it.
    """
    try:
        yield
    except ImportError as error:
        missing = f" ({error.name})" if error.name else ""
        raise SettingsError(
            f"{what} needs a package that is not installed{missing}.",
            hint=f"pip install 'cardiac-echo[{extra}]'",
        ) from error
