"""Weights on disk: safetensors whose bytes depend on nothing but what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cardiac.io.write import write_atomically

_ALIGNED = 8
"""Bytes that the header's length is a multiple of."""


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
