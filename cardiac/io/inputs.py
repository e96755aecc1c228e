"""What a batch is made of: files, folders and manifests turned into a list of inputs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cardiac.errors import UnreadableFileError, UnsupportedImageError
from cardiac.io import camus, echonet
from cardiac.io.item import InputItem, safe_id
from cardiac.io.registry import find_format, stem
from cardiac.sequence import View

_OUTPUT_MARKS = {"run.json", "ledger.sqlite"}
"""A folder that holds one of these is the result of an earlier run, whole or cut short."""


def find_inputs(inputs: Sequence[str | Path]) -> list[InputItem]:
    """List the cines that files, folders and manifests stand for.

    A folder is searched with its subfolders. Masks (``*_gt.*``), hidden files and the results
    of earlier runs are left out. A CAMUS patient gives one item per view: the half cycle, or
    the ED and ES stills together. An EchoNet folder gives one item per video.

    A manifest is a CSV or Parquet file; see :mod:`cardiac.io.manifest` for its columns.

    Args:
        inputs: Files, folders and manifests. The same file named twice counts once.

    Returns:
        Items in the order of ``inputs``, folders sorted. What is missing or unusable is an
        item with an ``error``: this function raises nothing for it.
    """
    from cardiac.io.manifest import is_manifest, read_manifest  # loads pydantic

    items: list[InputItem] = []
    seen: set[tuple[str, View, str | None]] = set()
    for entry in inputs:
        path = Path(entry)
        manifest = is_manifest(path)
        for item in read_manifest(path) if manifest else _from_path(path):
            # Path.resolve raises on a link that leads to itself.
            where = item.url or os.path.realpath(item.path)
            key = (where, item.view, item.patient)
            if manifest or key not in seen:
                items.append(item)
            seen.add(key)
    return _unique(items)


def _from_path(path: Path) -> list[InputItem]:
    if path.name == "FileList.csv" and echonet.is_folder(path.parent):
        path = path.parent
    if not path.exists():
        error = UnreadableFileError(
            "there is no such file or folder.", path=path, hint="Check the path."
        )
        return [InputItem(safe_id(stem(path)), path, error=error)]
    if not path.is_dir():
        return [_from_file(path)]
    items = list(_search(path))
    if items:
        return items
    error = UnreadableFileError(
        "the folder holds no file that can be read.", path=path, hint="Check the path."
    )
    return [InputItem(safe_id(path.resolve().name), path, error=error)]


def _from_file(path: Path) -> InputItem:
    name = camus.parse_name(path)
    error = None
    if is_mask_name(path):
        error = UnsupportedImageError(
            "is a mask, not an image.", path=path, hint="Give the image it was drawn on."
        )
    return InputItem(
        safe_id(stem(path)),
        path,
        patient=name.patient if name else None,
        view=name.view if name else View.UNKNOWN,
        error=error,
    )


def is_mask_name(path: Path) -> bool:
    """Whether a file is named as a mask: ``*_gt`` before its endings."""
    return path.name.split(".")[0].lower().endswith("_gt")


def _search(folder: Path) -> Iterator[InputItem]:
    if echonet.is_folder(folder):
        yield from (_from_file(video) for video in echonet.list_videos(folder))
        return
    try:
        entries = sorted(folder.iterdir(), key=lambda p: p.name)
    except OSError as failure:
        error = UnreadableFileError(
            f"cannot be listed ({failure.strerror}).", path=folder, hint="Check its permissions."
        )
        yield InputItem(safe_id(folder.name), folder, error=error)
        return
    if any(p.name in _OUTPUT_MARKS for p in entries):
        return
    pooled: set[Path] = set()
    for (patient, view), kinds in camus.list_views(folder).items():
        pooled |= set(kinds.values())
        yield _camus_item(folder, patient, view, kinds)
    for path in entries:
        if path.name.startswith(".") or path in pooled or is_mask_name(path):
            continue
        if path.is_dir():
            if not path.is_symlink():
                yield from _search(path)
        elif not _is_companion(path) and find_format(path) is not None:
            yield _from_file(path)


def _is_companion(path: Path) -> bool:
    return path.name.upper() == "DICOMDIR" or path.suffix.lower() == ".raw"


def _camus_item(folder: Path, patient: str, view: View, kinds: dict[str, Path]) -> InputItem:
    """One view of one patient: the cine if there is one, else the stills together."""
    cine = kinds.get("half_sequence") or kinds.get("sequence")
    if cine is not None:
        return InputItem(safe_id(stem(cine)), cine, patient, view)
    still = stem(next(iter(kinds.values())))
    name = re.sub(r"_e[ds]$", "", still, flags=re.IGNORECASE)
    return InputItem(safe_id(name), folder, patient, view)


def _unique(items: list[InputItem]) -> list[InputItem]:
    """Make ids unique, case ignored: by parent folders, then by ending, then by number."""
    parents = [tuple(item.path.absolute().parts[-2:0:-1]) for item in items]
    names = [item.id for item in items]
    for depth in range(1, max(map(len, parents), default=0) + 1):
        for group in _collisions(names):
            nearest = [parents[i][depth - 1 : depth] for i in group]
            # A folder that all of them share tells nothing apart.
            if len(set(nearest)) > 1:
                for i, prefix in zip(group, nearest, strict=True):
                    names[i] = safe_id("_".join([*prefix, names[i]]))
    for group in _collisions(names):
        endings = [items[i].path.suffix.lstrip(".").lower() for i in group]
        if len(set(endings)) == len(group):
            for i, ending in zip(group, endings, strict=True):
                names[i] = f"{names[i]}_{ending}" if ending else names[i]
    taken = {name.casefold() for name in names}
    for group in _collisions(names):
        number = 2
        for i in group[1:]:
            while f"{names[i]}_{number}".casefold() in taken:
                number += 1
            names[i] = f"{names[i]}_{number}"
            taken.add(names[i].casefold())
    return [replace(item, id=name) for item, name in zip(items, names, strict=True)]


def _collisions(names: list[str]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        groups.setdefault(name.casefold(), []).append(i)
    return [group for group in groups.values() if len(group) > 1]
