"""Files that appear whole or not at all, what a file is known by, and weights on disk."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cardiac.errors import OutputError, WeightsError

_ALIGNED = 8
"""Bytes that the length of a safetensors header is a multiple of."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings of a cell that a spreadsheet takes for a formula."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when the block ends well.

    Missing folders are made.

    Raises:
        OutputError: The folder or the file cannot be written.
    """
    path = Path(path)
    unique = f"{os.getpid()}-{threading.get_ident()}"
    temporary = path.with_name(f".{path.stem}.{unique}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror or error}.",
            path=path,
            hint="Choose a folder you may write to, with room on its disk.",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: The folder or the file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def printable(path: str | Path) -> str:
    r"""A path as text that every file, table and database takes.

    Bytes of a name that are no UTF-8 are shown as ``\xff``; other names stay as they are.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def csv_cell(value: object) -> object:
    """A cell of a table such that no spreadsheet runs it as a formula.

    Text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break gets an apostrophe
    in front, unless it is a number. Values that are no text come back unchanged.
    """
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


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
        digest = file_hash(path)
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
