"""Weights on disk: safetensors whose bytes depend on nothing but what they hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cardiac.errors import WeightsError
from cardiac.io.write import write_atomically

_ALIGNED = 8
"""Bytes that the header's length is a multiple of."""


class Stored(NamedTuple):
    """What a file of weights holds.

    Attributes:
        sha256: Hash of its bytes.
        metadata: Its texts.
        tensors: Its arrays by their names.
    """

    sha256: str
    metadata: dict[str, str]
    tensors: dict[str, npt.NDArray[Any]]


def read_tensors(path: Path, unreadable: str, hint: str, *, texts_only: bool = False) -> Stored:
    """Read a safetensors file.

    Args:
        path: The file.
        unreadable: What to say where it cannot be read.
        hint: What to do then.
        texts_only: Whether the arrays are left out.

    Raises:
        WeightsError: The file is missing, damaged, or of another format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            names = [] if texts_only else file.keys()
            return Stored(digest, metadata, {name: file.get_tensor(name) for name in names})
    except (OSError, SafetensorError) as error:
        raise WeightsError(unreadable, path=path, hint=hint) from error


def write_tensors(
    path: Path, tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]
) -> Path:
    """Write arrays and texts as one safetensors file.

    The library puts the texts in another order in every process, and the file's hash is what
    names a model: here they are sorted.

    Raises:
        OutputError: The file cannot be written.
    """
    from safetensors.numpy import save

    solid = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    content = save(solid, dict(metadata))
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    write_atomically(path, len(text).to_bytes(8, "little") + text + content[end:])
    return path
