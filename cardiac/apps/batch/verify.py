"""The proof that results are what they were: everything is hashed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cardiac.apps.batch.database import RunDatabase, State
from cardiac.apps.batch.store import open_store
from cardiac.apps.batch.tables import table_parts
from cardiac.io.files import file_hash
from cardiac.results.tables import COLUMNS


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the run database has it.

    Attributes:
        kind: missing, altered, stray (belongs to no case), unfinished, or unreadable.
        path: The file, relative to the output folder, or the case.
        case: The case it belongs to, or "".
    """

    kind: str
    path: str
    case: str = ""


def verify(folder: Path, *, inputs: bool = False, store: str = "") -> Iterator[Finding]:
    """Hash every result again and compare with the database.

    Args:
        folder: Output folder.
        inputs: Hash the inputs again too.
        store: URL of the store that the files of the cases went to, if they did.

    Yields:
        What is missing, altered, unfinished or belongs to no case.

    Raises:
        OutputError: There is no database.
    """
    files = open_store(folder, store)
    with RunDatabase(folder) as database:
        run = database.last_run()
        if run is None:
            return
        for entry in database.entries(run["run"]):
            if entry.state in (State.WAITING, State.RUNNING):
                yield Finding("unfinished", entry.id, entry.id)
            for output in database.outputs(entry.id):
                kind = _compare(partial(files.sha256, output.path), output.sha256)
                if kind:
                    yield Finding(kind, output.path, entry.id)
            if inputs and entry.sha256:
                path = Path(entry.input)
                kind = "" if path.is_dir() else _compare(partial(file_hash, path), entry.sha256)
                if kind:
                    yield Finding(kind, entry.input, entry.id)
        known = database.known_paths()
        rooms = {name.partition("/")[0] for name in known}  # others may keep folders beside them
        for name in files.names():
            if name.partition("/")[0] not in rooms:
                continue
            # The page of a case is made of its data, at any time.
            page = name.startswith("report/") and name.endswith(".html")
            if name not in known and not (page and f"{name[:-5]}.json" in known):
                yield Finding("stray", name)
        for name in COLUMNS:
            kind = _compare_table(folder / name, table_parts(database, run["run"], name))
            if kind:
                yield Finding(kind, name)


def _compare(hashed: Callable[[], str], sha256: str) -> str:
    try:
        return "" if hashed() == sha256 else "altered"
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"


def _compare_table(path: Path, parts: Iterator[str]) -> str:
    try:
        with path.open("rb") as file:
            for part in parts:
                data = part.encode()
                if file.read(len(data)) != data:
                    return "altered"
            return "altered" if file.read(1) else ""
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"
