"""What a batch must never do: run code from a file, or talk to anybody."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

SOURCES = sorted(path for room in ("cardiac", "pipelines") for path in (ROOT / room).rglob("*.py"))
UNSAFE = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
ALLOWED_ONLY_WITH = {
    ("torch", "load"): ("weights_only", True),
    ("np", "load"): ("allow_pickle", False),
    ("numpy", "load"): ("allow_pickle", False),
}
NEVER = {("yaml", "load"), ("yaml", "unsafe_load"), ("pd", "read_pickle"), ("pd", "eval")}


def unsafe(tree: ast.AST) -> Iterator[str]:
    """Whatever could run code that a file holds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in UNSAFE)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNSAFE:
            yield str(node.module)
        elif isinstance(node, ast.Call):
            yield from _unsafe_call(node)


def _unsafe_call(node: ast.Call) -> Iterator[str]:
    if isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec", "__import__"):
        yield node.func.id
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        name = (node.func.value.id, node.func.attr)
        given = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        key, value = ALLOWED_ONLY_WITH.get(name, ("", None))
        if name in NEVER or (key and given.get(key) is not value):
            yield ".".join(name)


@pytest.mark.parametrize(
    "code", ["import pickle", "torch.load(x)", "np.load(x, allow_pickle=True)", "eval('1')"]
)
def test_what_is_unsafe_is_seen(code):
    assert list(unsafe(ast.parse(code)))


def test_no_code_from_files_is_ever_run():
    found = {
        path.relative_to(ROOT).as_posix(): told
        for path in SOURCES
        if (told := list(unsafe(ast.parse(path.read_text()))))
    }
    assert found == {}


def test_nobody_is_talked_to(cines, tmp_path, run, talk):
    run(cines, tmp_path / "out")
    assert talk == []
