"""What a batch is made of: files, folders and manifests turned into a list of inputs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cardiac.errors import CardiacError, UnreadableFileError, UnsupportedImageError
from cardiac.io import camus, echonet
from cardiac.io.dicom import is_directory
from cardiac.io.files import printable
from cardiac.io.item import InputItem, safe_id
from cardiac.io.registry import find_format, foreign_format, read_stored, stem
from cardiac.io.series import find_series
from cardiac.sequence import View

_OUTPUT_MARKS = {"run.json", "ledger.sqlite"}
"""A folder that holds one of these is the result of an earlier run, whole or cut short."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file in a folder that is no input.

    Attributes:
        path: Where it is, as printable text.
        reason: What it is, or what it is not.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What files, folders and manifests stand for.

    Attributes:
        items: The cines, in the order of the inputs, folders sorted.
        passed_over: Files in folders that are none. Hidden files, lists of a data set and files
            that belong to another (the .raw of a .mhd, a DICOMDIR) are not told.
    """

    items: tuple[InputItem, ...]
    passed_over: tuple[PassedOver, ...]


def find_inputs(inputs: Sequence[str | Path]) -> list[InputItem]:
    """The cines that files, folders and manifests stand for: see :func:`list_inputs`."""
    return list(list_inputs(inputs).items)


def list_inputs(inputs: Sequence[str | Path]) -> Listing:
    """List the cines that files, folders and manifests stand for.

    A folder is searched with its subfolders. Masks (``*_gt.*``), hidden files and the results
    of earlier runs are left out. A CAMUS patient gives one item per view: the half cycle, or
    the ED and ES stills together. An EchoNet folder gives one item per video. Numbered pictures
    and DICOM files of single frames that make one cine give one item. A DICOMDIR stands for the
    folder it lies in.

    A manifest is a CSV or Parquet file; see :mod:`cardiac.io.manifest` for its columns.

    Args:
        inputs: Files, folders and manifests. The same file named twice counts once.

    Returns:
        Items in the order of ``inputs``, folders sorted. What is missing or unusable is an
        item with an ``error``: this function raises nothing for it.
    """
    from cardiac.io.manifest import is_manifest, read_manifest  # loads pydantic

    items: list[InputItem] = []
    passed: list[PassedOver] = []
    seen: set[tuple[str, View, str | None]] = set()
    paths = [Path(entry) for entry in inputs]
    joined = _joined([path for path in paths if path.is_file() and not is_manifest(path)])
    for path in paths:
        manifest = is_manifest(path)
        for found in read_manifest(path) if manifest else _from_path(path, joined):
            if isinstance(found, PassedOver):
                passed.append(found)
                continue
            # Path.resolve raises on a link that leads to itself.
            where = found.url or os.path.realpath(found.path)
            key = (where, found.view, found.patient)
            if manifest or key not in seen:
                items.append(found)
            seen.add(key)
    return Listing(tuple(_unique(items)), tuple(passed))


def _from_path(path: Path, joined: Mapping[Path, InputItem]) -> Iterable[InputItem | PassedOver]:
    if path.name == "FileList.csv" and echonet.is_folder(path.parent):
        path = path.parent
    if is_directory(path):
        path = path.parent
    if not path.exists():
        error = UnreadableFileError(
            "there is no such file or folder.", path=printable(path), hint="Check the path."
        )
        return [InputItem(safe_id(stem(path)), Path(printable(path)), error=error)]
    if not path.is_dir():
        return [joined.get(path) or _from_file(path)]
    found = list(_search(path))
    if any(isinstance(entry, InputItem) for entry in found):
        return found
    passed = sum(isinstance(entry, PassedOver) for entry in found)
    error = UnreadableFileError(
        "the folder holds no file that can be read"
        + (f": {passed} were passed over, the first {found[0].path}" if passed else "")
        + ".",
        path=printable(path),
        hint="Check the path.",
    )
    return [InputItem(safe_id(path.resolve().name), Path(printable(path)), error=error), *found]


def _joined(files: Sequence[Path]) -> dict[Path, InputItem]:
    """Files that are single frames of a cine, and the item that they make together."""
    items: dict[Path, InputItem] = {}
    for folder in dict.fromkeys(file.parent for file in files):
        for series in find_series([file for file in files if file.parent == folder], read_stored):
            first = _from_file(series.files[0])
            item = replace(first, id=safe_id(series.name), parts=series.files)
            items |= dict.fromkeys(series.files, item)
    return items


def _from_file(path: Path) -> InputItem:
    name = camus.parse_name(path)
    error: CardiacError | None = None
    shown = printable(path)
    if shown != str(path):
        # No table, database or page can hold such a name, so it must not travel any further.
        error = UnreadableFileError(
            "has a name that is no UTF-8.", path=shown, hint="Rename it or its folder."
        )
        return InputItem(safe_id(stem(Path(shown))), Path(shown), error=error)
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


def _search(folder: Path) -> Iterator[InputItem | PassedOver]:
    if echonet.is_folder(folder):
        yield from (_from_file(video) for video in echonet.list_videos(folder))
        for name in echonet.missing_videos(folder):
            yield PassedOver(
                printable(folder / "Videos" / name), "named in FileList.csv, not there"
            )
        return
    try:
        entries = sorted(folder.iterdir(), key=lambda p: p.name)
    except OSError as failure:
        error = UnreadableFileError(
            f"cannot be listed ({failure.strerror}).",
            path=printable(folder),
            hint="Check its permissions.",
        )
        yield InputItem(safe_id(folder.name), Path(printable(folder)), error=error)
        return
    if any(p.name in _OUTPUT_MARKS for p in entries):
        yield PassedOver(printable(folder), "results of an earlier run")
        return
    pooled: set[Path] = set()
    for (patient, view), kinds in camus.list_views(folder).items():
        pooled |= set(kinds.values())
        yield _camus_item(folder, patient, view, kinds)
    entries = [p for p in entries if not p.name.startswith(".") and p not in pooled]
    joined = _joined([p for p in entries if p.is_file() and not is_mask_name(p)])
    for path in entries:
        if path.is_dir() and not path.is_symlink():
            yield from _search(path)
        elif path not in joined:
            yield from _from_entry(path)
        elif path == joined[path].path:
            yield joined[path]


def _from_entry(path: Path) -> Iterator[InputItem | PassedOver]:
    """What one entry of a folder stands for, that is neither a folder nor part of a series."""
    reason = ""
    if path.is_dir():
        reason = "a link to a folder"
    elif is_mask_name(path):
        reason = "a mask by its name"
    elif _is_companion(path):
        return
    elif find_format(path) is None:
        told = foreign_format(path)
        reason = told[0] if told else "of no known image format"
    yield PassedOver(printable(path), reason) if reason else _from_file(path)


def _is_companion(path: Path) -> bool:
    """Whether a file belongs to others: pixels of a header, a list of a data set, an index."""
    name = path.name.lower()
    if name.endswith((".raw", ".zraw")):
        return any(path.with_suffix(end).exists() for end in (".mhd", ".nhdr"))
    return (
        name in ("filelist.csv", "volumetracings.csv")
        or (name.endswith(".cfg") and "info" in name)
        or is_directory(path)
    )


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
