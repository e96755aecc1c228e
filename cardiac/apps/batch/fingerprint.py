"""What tells whether a result is still that of its input and settings: hashes."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cardiac
from cardiac.code_hash import code_hash
from cardiac.errors import CardiacError
from cardiac.io.files import file_hash
from cardiac.io.pixels import MAX_FILE_BYTES
from cardiac.io.remote import remote_state

if TYPE_CHECKING:
    from cardiac.apps.batch.settings import BatchSettings
    from cardiac.io import InputItem
    from cardiac.settings import ProcessSettings

LIBRARIES = ("numpy", "scipy", "torch", "monai", "openvino", "pydicom", "nibabel", "av")
_HEADER = 8 * 2**20


def library_versions() -> dict[str, str | None]:
    """Versions of the libraries that a result may depend on."""
    return {name: _version(name) for name in LIBRARIES}


def settings_hash(settings: ProcessSettings, batch: BatchSettings) -> str:
    """Hash of all that decides a result besides its input: settings, weights, versions, code.

    The code is that of the work on a case and of all it imports: pages, viewer and research may
    change, and what is done stays done. A weights file counts by its bytes, not by its name. The
    number of threads and of workers changes no result and does not count.
    """
    known = settings.model_dump()
    known.get("segmentation", {}).pop("threads", None)
    package = Path(cardiac.__file__).parent
    facts = {
        "cardiac": cardiac.__version__,
        "code": code_hash("cardiac.apps.batch.work"),
        "libraries": library_versions(),
        "settings": _by_content(known),
        "weights": {
            path.name: file_hash(path) for path in sorted(package.glob("weights/*.safetensors"))
        },
        "keep_phi": batch.keep_phi,
        "salt": hashlib.sha256(batch.salt.encode()).hexdigest(),
    }
    return _hash_of(facts)


def input_files(item: InputItem) -> list[Path]:
    """Every file that the reading of an item may look at, sorted."""
    path = item.path
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.is_file())
    files = {path, *item.parts}
    if path.suffix.lower() in (".mhd", ".nhdr"):
        files |= _companion(path)
    files |= {path.with_name(name) for name in _info_names(path)}
    if path.parent.name == "Videos":
        files |= {path.parent.parent / name for name in ("FileList.csv", "VolumeTracings.csv")}
    return sorted(p for p in files if p == path or p.is_file())


def input_stamp(item: InputItem) -> str:
    """Sizes and times of an item's files, and what the list says of it: cheap to compare.

    Empty where a file cannot be looked at.
    """
    if item.url is not None:
        return input_hashes(item)[0]
    try:
        stats = [(p.name, p.stat()) for p in input_files(item)]
    except (OSError, ValueError):
        return ""
    return _hash_of([_facts(item), [(name, s.st_size, s.st_mtime_ns) for name, s in stats]])


def input_hashes(item: InputItem) -> tuple[str, str]:
    """Hash of all that an item's reading looks at, and the SHA-256 of its own file.

    The first covers the bytes of its files and what the list says of it; of a folder both are
    the same, and of a URL what its server says of the file. Both are empty where a file cannot
    be read.
    """
    if item.url is not None:
        try:
            state = remote_state(item.url)
        except CardiacError:
            return "", ""
        return _hash_of([_facts(item), state]), ""
    try:
        contents = {p: _content(p) for p in input_files(item)}
    except (OSError, ValueError):
        return "", ""
    whole = _hash_of([_facts(item), [(p.name, known) for p, known in contents.items()]])
    return whole, contents.get(item.path, whole)


def _content(path: Path) -> str:
    facts = path.stat()
    # A pipe has no end, and what is beyond the limit is not read either.
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_FILE_BYTES:
        return f"not read, {facts.st_size} bytes"
    if path.suffix.lower() == ".csv":  # the lists of a whole data set: hashed once, not per case
        return _list_hash(str(path), facts.st_mtime_ns)
    return file_hash(path)


@lru_cache(maxsize=16)
def _list_hash(path: str, _stamp: int) -> str:
    return file_hash(Path(path))


def _facts(item: InputItem) -> dict[str, Any]:
    """What the list says of an item. Its folder does not count: data may be moved."""
    return {
        "id": item.id,
        "name": item.path.name,
        "patient": item.patient,
        "view": item.view,
        "spacing": item.spacing,
        "frame_time_s": item.frame_time_s,
        "region": str(item.region) if item.region else None,
        "ed_frames": item.ed_frames,
        "es_frames": item.es_frames,
        "height_m": item.height_m,
        "weight_kg": item.weight_kg,
        "error": None if item.error is None else item.error.message,
    }


def _companion(header: Path) -> set[Path]:
    try:
        with header.open("rb") as file:
            text = file.read(_HEADER).decode("latin-1")
    except OSError:
        return set()
    found = re.search(
        r"^\s*(?:ElementDataFile\s*=|data ?file\s*:)\s*([^\r\n/\\]+?)\s*$", text, re.M | re.I
    )
    return {header.with_name(found[1])} if found and found[1] not in (".", "..") else set()


def _info_names(path: Path) -> tuple[str, ...]:
    from cardiac.io.camus import info_names, parse_name

    name = parse_name(path)
    return () if name is None else info_names(name)


def _by_content(value: Any) -> Any:
    """Settings with every path to a file replaced by the hash of what it holds."""
    if isinstance(value, dict):
        return {key: _by_content(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_by_content(entry) for entry in value]
    if isinstance(value, Path):
        return file_hash(value) if value.is_file() else str(value)
    return value


def _hash_of(facts: Any) -> str:
    text = json.dumps(facts, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
