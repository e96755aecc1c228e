"""Made cines kept on disk, outside the project, so that a benchmark makes each only once."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from cardiac.errors import OutputError
from cardiac.research.phantom.cine import PhantomCine
from cardiac.research.phantom.manifest import CineSpec, make_cine
from cardiac.sequence import View

RECIPE = 1
"""Number of the way cines are made: a change of any pixel or number raises it."""
_DAMAGE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)
_ARRAYS = ("frames", "masks", "times", "landmarks", "volumes_ml")
_PLAIN = ("spacing", "ef_percent", "ed_frames", "es_frames", "heart_rate_bpm", "seed", "name")


def default_cache() -> Path:
    """``CARDIAC_CACHE``, or the folder for caches that the system gives a user."""
    if folder := os.environ.get("CARDIAC_CACHE"):
        return Path(folder)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "cardiac"


def cached_cine(
    spec: CineSpec, camus: str | Path | None = None, cache: str | Path | None = None
) -> PhantomCine:
    """The cine of a spec, made once and read afterwards.

    Args:
        spec: What to make.
        camus: Folder of CAMUS for real-texture cines.
        cache: Folder to keep it in; :func:`default_cache` if None.

    Raises:
        OutputError: The folder cannot be written.
        CardiacError: As :func:`cardiac.research.phantom.manifest.make_cine`.
    """
    path = Path(default_cache() if cache is None else cache) / "phantom" / f"{_key(spec)}.npz"
    try:
        return load_cine(path)
    except _DAMAGE:
        # Absent or damaged: both are answered by making it again.
        cine = make_cine(spec, camus)
    save_cine(cine, path)
    return cine


def iterate(
    specs: Sequence[CineSpec],
    camus: str | Path | None = None,
    cache: str | Path | None = None,
) -> Iterator[tuple[CineSpec, PhantomCine]]:
    """Each spec with its cine, made or taken from the cache when its turn comes."""
    for spec in specs:
        yield spec, cached_cine(spec, camus, cache)


def _key(spec: CineSpec) -> str:
    """Name of the file: the recipe and what the pixels depend on."""
    seen = asdict(replace(spec, mask_corruptions="", split=""))
    text = json.dumps([RECIPE, seen], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def save_cine(cine: PhantomCine, path: Path) -> None:
    """Write a cine as a compressed ``.npz`` in one piece: a reader never sees half of it.

    Raises:
        OutputError: The folder cannot be written.
    """
    plain = {name: getattr(cine, name) for name in _PLAIN}
    plain |= {"view": cine.view.value, "corruptions": cine.corruptions}
    arrays: dict[str, Any] = {name: getattr(cine, name) for name in _ARRAYS}
    arrays |= {f"attribute_{name}": values for name, values in cine.attributes.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            np.savez_compressed(file, plain=np.array(json.dumps(plain)), **arrays)
        Path(file.name).replace(path)
    except OSError as error:
        hint = "Choose another folder for the cache."
        raise OutputError("this cine cannot be kept", path=path, hint=hint) from error


def load_cine(path: Path) -> PhantomCine:
    """Read what :func:`save_cine` wrote; no pickles are opened.

    Raises:
        One of ``_DAMAGE``: It is absent or damaged.
    """
    with np.load(path, allow_pickle=False) as stored:
        plain = json.loads(str(stored["plain"]))
        prefix = "attribute_"
        attributes = {k.removeprefix(prefix): stored[k] for k in stored if k.startswith(prefix)}
        arrays = {name: stored[name] for name in _ARRAYS}
    view = View(plain.pop("view"))
    lists = {key: tuple(value) for key, value in plain.items() if isinstance(value, list)}
    return PhantomCine(**arrays, **(plain | lists), view=view, attributes=attributes)
