"""The proof that results are what they were: everything is hashed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cardiac.apps.batch.database import RunDatabase, State
from cardiac.apps.batch.store import open_store
from cardiac.apps.batch.tables import table_parts
from cardiac.io.files import file_hash
from cardiac.results import Decisions, layout
from cardiac.results.tables import COLUMNS


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the database or the audit log has it.

    Attributes:
        kind: missing, altered, stray (belongs to no case), unfinished, unreadable, or outdated (a
            decision on masks that were processed anew since).
        path: The file, relative to the output folder, or the case.
        case: The case it belongs to, or "".
    """

    kind: str
    path: str
    case: str = ""


def verify(
    folder: Path, *, inputs: bool = False, sources: Sequence[Path] = (), store: str = ""
) -> Iterator[Finding]:
    """Hash every result again and compare with the database, and the review with its log.

    Args:
        folder: Output folder.
        inputs: Hash the inputs again too.
        sources: Inputs, or folders of them, where they are not where the run read them.
        store: URL of the store that the files of the cases went to, if they did.

    Yields:
        What is missing, altered, unfinished or belongs to no case.

    Raises:
        OutputError: There is no database.
    """
    files = open_store(folder, store)
    with RunDatabase(folder) as database:
        if database.last_run() is None:
            return
        for entry in database.entries():
            if entry.state in (State.WAITING, State.RUNNING):
                yield Finding("unfinished", entry.id, entry.id)
            for output in database.outputs(entry.id):
                kind = _compare(partial(files.sha256, output.path), output.sha256)
                if kind:
                    yield Finding(kind, output.path, entry.id)
        if inputs or sources:
            yield from _inputs(folder, database, sources)
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
            kind = _compare_table(folder / name, table_parts(database, name))
            if kind:
                yield Finding(kind, name)
    yield from _review(folder)


def _inputs(folder: Path, database: RunDatabase, sources: Sequence[Path]) -> Iterator[Finding]:
    """Inputs whose bytes are not what the run read."""
    given: dict[str, Path] = {}
    for source in sources:
        inside = source.rglob("*") if source.is_dir() else [source]
        given |= {file_hash(path): path for path in inside if path.is_file()}
    for entry in database.entries():
        if not entry.sha256 or entry.sha256 in given:
            continue
        # An absolute path stays what it is.
        path = folder / entry.input
        kind = "" if path.is_dir() else _compare(partial(file_hash, path), entry.sha256)
        if kind:
            yield Finding(kind, entry.input, entry.id)


def _review(folder: Path) -> Iterator[Finding]:
    """What is wrong with the audit log, and with the masks it speaks of."""
    decisions = Decisions(folder)
    for problem in decisions.log.problems():
        yield Finding("altered", f"{layout.AUDIT}: {problem}")
    known = set()
    for decided in decisions.log.entries():
        version = decided.after
        if version is None or not version.path.startswith(f"{layout.REVIEW}/"):
            continue
        known.add(version.path)
        kind = _compare(partial(file_hash, folder / version.path), version.sha256)
        if kind:
            yield Finding(kind, version.path, decided.case)
    for path in sorted((folder / layout.EDITS).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in known:
            yield Finding("stray", name)
    for case, decided in decisions.current().items():
        version = decided.after
        if version is not None and version.path.startswith(f"{layout.MASKS}/"):
            kind = _compare(partial(file_hash, folder / version.path), version.sha256)
            if kind == "altered":
                yield Finding("outdated", f"the decision of {decided.who}, {decided.when}", case)


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
