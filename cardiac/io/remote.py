"""Files that a manifest names by a URL: fetched into a temporary folder, read, and removed."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cardiac.errors import CardiacError, InvalidPixelsError, SettingsError, UnreadableFileError
from cardiac.extras import needs
from cardiac.io.pixels import MAX_FILE_BYTES

_BLOCK = 1 << 20
_URL = re.compile(r"\w+://[^\s'\"<>]+")


def is_url(path: str) -> bool:
    """Whether a path is a URL such as https://..., s3://... or gs://..."""
    return "://" in path


def url_name(url: str) -> str:
    """The file's name at the end of a URL: never a folder's."""
    name = PurePosixPath(_split(url).path).name
    return "input" if name in ("", "..") else name


def shown_url(url: str) -> str:
    """A URL without user, password and query, where secrets stand."""
    parts = _split(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # for instance an odd bracket
        return SplitResult("", "", "malformed-url", "", "")


def without_secrets(text: str) -> str:
    """Text in which every URL is told without what is secret in it."""
    return _URL.sub(lambda found: shown_url(found[0]), text)


def remote_state(url: str) -> str:
    """What changes when the file behind a URL does, as far as its server says.

    Raises:
        CardiacError: It cannot be reached.
    """
    with _telling(url):
        system, path = _opened(url)
        info = system.info(path)
    told = {key: str(info.get(key)) for key in ("size", "ETag", "etag", "mtime", "LastModified")}
    return hashlib.sha256(repr([url.partition("?")[0], told]).encode()).hexdigest()


@contextmanager
def fetched(url: str) -> Iterator[Path]:
    """The file behind a URL as a local one, for as long as the block lasts.

    Raises:
        SettingsError: The kind of URL is not supported here.
        UnreadableFileError: It cannot be fetched.
        InvalidPixelsError: It is absurdly large.
    """
    with tempfile.TemporaryDirectory(prefix="cardiac-") as folder:
        local = Path(folder) / url_name(url)
        with _telling(url):
            system, path = _opened(url)
            with system.open(path, "rb") as source, local.open("wb") as target:
                size = 0
                while block := source.read(_BLOCK):
                    size += len(block)
                    if size > MAX_FILE_BYTES:
                        raise InvalidPixelsError(
                            f"has more than {MAX_FILE_BYTES / 2**30:.0f} GiB.", path=shown_url(url)
                        )
                    target.write(block)
        yield local


def _opened(url: str) -> tuple[Any, str]:
    if "::" in url:
        raise SettingsError("a chain of URLs is not followed.", path=shown_url(url))
    with needs("remote", f"the URL {shown_url(url)}"):
        from fsspec.core import url_to_fs
    system, path = url_to_fs(url)
    return system, path


@contextmanager
def _telling(url: str) -> Iterator[None]:
    try:
        yield
    except CardiacError:
        raise
    except Exception as error:  # every kind of server fails in ways of its own
        raise UnreadableFileError(
            f"cannot be fetched ({type(error).__name__}: {without_secrets(str(error))[:160]}).",
            path=shown_url(url),
            hint="Check the URL, the access and that the package for its kind is installed.",
        ) from error
