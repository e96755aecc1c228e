"""Hashes of weights files."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from cardiac.errors import WeightsError


@lru_cache(maxsize=8)
def file_hash(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        WeightsError: It cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(
            "the weights cannot be read", path=path, hint="Install the package again."
        ) from error
