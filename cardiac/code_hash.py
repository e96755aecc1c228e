"""Hash of the code that made a result: the modules it ran and all that these import.

A result is current as long as the code it came from is. What that code is, nobody has to list
by hand: it is the closure of the import statements of the modules that ran, read from their
statements without running anything. Imports inside functions count, those for the type checker
alone do not.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

ROOT = Path(__file__).parent
"""The package's folder."""
_DATA = (".json", ".yaml")
"""Endings of files beside a module that it may read, such as thresholds."""
_STATEMENT = re.compile(r"^[ \t]*(?:from|import)\b[^\n(#]*(?:\([^)]*\))?", re.M)
_TYPING = re.compile(r"^if TYPE_CHECKING:\n(?:(?:[ \t]+.*)?\n)+", re.M)
_NAMED = re.compile(rf"""["']({ROOT.name}(?:\.\w+)+)\.?(\{{)?""")
"""Modules that are imported by a name in a string; "{" ends one that is put together."""


@lru_cache(maxsize=8)
def code_hash(*modules: str) -> str:
    """SHA-256 of the source of modules of this package and of all they import from it.

    Args:
        modules: Dotted names, for instance ``"cardiac.pipeline"``.
    """
    digest = hashlib.sha256()
    for path in code_files(*modules):
        content = hashlib.sha256(path.read_bytes()).digest()
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + content)
    return digest.hexdigest()


def code_files(*modules: str) -> list[Path]:
    """Files of the closure of imports of modules of this package, sorted, with their data files."""
    seen: set[str] = set()
    waiting = [name for module in modules for name in _with_parents(module)]
    while waiting:
        name = waiting.pop()
        if name in seen or (path := _file_of(name)) is None:
            continue
        seen.add(name)
        for found in _imported(path, name):
            waiting.extend(_with_parents(found))
    files = {path for name in seen if (path := _file_of(name)) is not None}
    folders = {path.parent for path in files} - {ROOT}
    data = {p for folder in folders for p in folder.iterdir() if p.suffix in _DATA}
    return sorted(files | data)


def _with_parents(name: str) -> list[str]:
    """A module and the packages it lies in, which are run before it."""
    parts = name.split(".")
    return [".".join(parts[: k + 1]) for k in range(len(parts))]


@cache
def _file_of(name: str) -> Path | None:
    """The file of a module of this package, or None."""
    package, *parts = name.split(".")
    if package != ROOT.name:
        return None
    place = ROOT.joinpath(*parts)
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if path.is_file():
            return path
    return None


def _imported(path: Path, name: str) -> Iterator[str]:
    """Dotted names of what a module imports from this package."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    text = path.read_text(encoding="utf-8")
    for node in import_statements(text):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            base = ".".join([*above, node.module or ""]).strip(".") if node.level else node.module
            for alias in node.names:
                yield from _home(str(base), alias.name)
    for found, open_end in _NAMED.findall(text):
        yield found
        if open_end and (file := _file_of(found)) is not None:
            yield from (f"{found}.{module.stem}" for module in sorted(file.parent.glob("*.py")))


def import_statements(text: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements of a module's text, but for those of the type checker.

    Only the statements are parsed: a whole package takes a twentieth of the time.
    """
    for statement in _STATEMENT.findall(_TYPING.sub("", text)):
        try:
            parsed = ast.parse(statement.strip()).body
        except SyntaxError:  # a line of a docstring that begins with one of the two words
            continue
        yield from (n for n in parsed if isinstance(n, ast.Import | ast.ImportFrom))


def _home(module: str, name: str) -> Iterator[str]:
    """The module that ``from module import name`` leads to: itself, a submodule, or a lazy home."""
    yield module
    if _file_of(f"{module}.{name}") is not None:
        yield f"{module}.{name}"
    elif (home := _lazy_homes(module).get(name)) is not None:
        yield home


@cache
def _lazy_homes(module: str) -> dict[str, str]:
    """Where a package that loads its names when they are asked for has them, by its stub."""
    path = _file_of(module)
    stub = None if path is None else path.with_suffix(".pyi")
    if stub is None or not stub.is_file():
        return {}
    homes: dict[str, str] = {}
    for node in ast.parse(stub.read_bytes()).body:
        if isinstance(node, ast.ImportFrom):
            base = f"{module}.{node.module}" if node.level else str(node.module)
            homes |= {alias.asname or alias.name: base for alias in node.names}
    return homes
