"""Where the files of cases go: the output folder, or a store that fsspec knows (S3, GCS)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from cardiac.errors import OutputError, SettingsError
from cardiac.io.files import file_hash
from cardiac.io.remote import is_url, shown_url

_WHOLE_AT_ONCE = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "memory"}
"""Kinds of store in which an object appears only when all of it has arrived."""
_BLOCK = 1 << 20


class Store(Protocol):
    """Files by their path below a root, with "/" between its parts."""

    def put(self, path: Path, name: str) -> None:
        """Move a local file to its place, where it appears whole or not at all.

        Raises:
            OutputError: It cannot be written.
        """

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""

    def sha256(self, name: str) -> str:
        """Hash of a file's bytes.

        Raises:
            OSError: It is missing (FileNotFoundError) or cannot be read.
        """

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def names(self) -> Iterator[str]:
        """Every file in a folder below the root."""


def open_store(folder: Path, url: str = "") -> Store:
    """The store behind a URL, or that of the output folder.

    Raises:
        SettingsError: The kind of URL is not supported here.
    """
    return UrlStore(url) if url else FolderStore(folder)


class FolderStore:
    """A folder on a disk of this machine, or one that machines share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: Path, name: str) -> None:
        """Flush a file and rename it; it must lie on the same disk."""
        target = self._folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            path.replace(target)
        except OSError as error:
            raise OutputError(
                f"cannot be written: {error.strerror or error}.",
                path=target,
                hint="Choose a folder you may write to, with room on its disk.",
            ) from error

    def size(self, name: str) -> int | None:
        """Bytes of a file; None where there is none."""
        try:
            return (self._folder / name).stat().st_size
        except OSError:
            return None

    def sha256(self, name: str) -> str:
        """Hash of a file's bytes."""
        return file_hash(self._folder / name)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(OSError):
            (self._folder / name).unlink()

    def names(self) -> Iterator[str]:
        """Every file in a folder below this one."""
        for path in sorted(p for p in self._folder.glob("*/**/*") if p.is_file()):
            yield path.relative_to(self._folder).as_posix()


class UrlStore:
    """A store behind a URL. Keys and passwords come from where its fsspec package looks for them.

    Args:
        url: For instance ``s3://bucket/results``.

    Raises:
        SettingsError: The kind of URL is not supported here.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._files: dict[str, int] | None = None
        if not is_url(url) or "::" in url:
            raise SettingsError(
                f"{shown_url(url)} is no URL.", hint="Give one such as s3://bucket/results."
            )
        try:
            from fsspec.core import url_to_fs

            self._system: Any
            self._system, self._root = url_to_fs(self._url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise SettingsError(
                f"{shown_url(url)} is not supported here ({error}).",
                hint="pip install 'cardiac-echo[remote]', and the fsspec package for its kind.",
            ) from error
        kinds = self._system.protocol
        kinds = {kinds} if isinstance(kinds, str) else set(kinds)
        self._whole_at_once = bool(kinds & _WHOLE_AT_ONCE)

    def put(self, path: Path, name: str) -> None:
        """Send a file; where a half-sent one could be seen, under another name first."""
        target = self._path(name)
        try:
            self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
            if self._whole_at_once:
                self._system.put_file(str(path), target)
            else:
                aside = f"{target}.{os.getpid()}.part"
                self._system.put_file(str(path), aside)
                self._system.mv(aside, target)
        except Exception as error:  # every kind of store fails in ways of its own
            raise OutputError(
                f"cannot be written ({type(error).__name__}: {str(error)[:160]}).",
                path=f"{shown_url(self._url)}/{name}",
                hint="Check the URL and the access.",
            ) from error
        path.unlink()

    def size(self, name: str) -> int | None:
        """Bytes of a file as of the first call; None where there was none."""
        return self._listed().get(name)

    def sha256(self, name: str) -> str:
        """Hash of a file's bytes, all of which are fetched."""
        digest = hashlib.sha256()
        try:
            with self._system.open(self._path(name), "rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError:
            raise
        except Exception as error:
            raise OSError(str(error)) from error
        return digest.hexdigest()

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(Exception):
            self._system.rm_file(self._path(name))

    def names(self) -> Iterator[str]:
        """Every file in a folder below the root."""
        yield from sorted(name for name in self._listed() if "/" in name)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _listed(self) -> dict[str, int]:
        if self._files is None:
            try:
                found = self._system.find(self._root, detail=True)
            except FileNotFoundError:
                found = {}
            except Exception as error:
                raise OutputError(
                    f"cannot be listed ({type(error).__name__}: {str(error)[:160]}).",
                    path=shown_url(self._url),
                    hint="Check the URL and the access.",
                ) from error
            start = len(self._root.rstrip("/")) + 1
            self._files = {path[start:]: int(info["size"] or 0) for path, info in found.items()}
        return self._files
