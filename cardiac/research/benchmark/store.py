"""Arrays that take long to make, kept on disk outside the project."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.io.files import replacing

Arrays = Mapping[str, npt.NDArray[Any]]


def kept(path: Path, make: Callable[[], Arrays]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file, made and written there if it is absent or damaged.

    Args:
        path: An ``.npz`` file; no pickles are opened.
        make: Makes the arrays.

    Raises:
        OutputError: The file cannot be written.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        arrays = dict(make())
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **dict[str, Any](arrays))
    return arrays
