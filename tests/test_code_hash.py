"""What a result's code is: the closure of imports, and nothing beside it."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from cardiac.code_hash import ROOT, code_files, import_statements

BATCH = "cardiac.apps.batch.work"


def told(*modules: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in code_files(*modules)}


def test_the_batch_rests_on_the_method_and_not_on_what_shows_it():
    files = told(BATCH)
    # The rule that decides a certificate, a reader found by a name, and thresholds in a data file.
    assert {"correction/certificate.py", "io/video.py", "anatomy/profiles/camus.json"} <= files
    assert not {name for name in files if name.startswith(("apps/viewer/", "cli/", "research/"))}


def test_every_module_that_is_loaded_by_a_run_is_among_them():
    code = (
        f"import sys, numpy as np, {BATCH}\n"
        "from cardiac import process\n"
        "from cardiac.sequence import EchoSequence\n"
        "frames = np.random.default_rng(0).integers(0, 255, (4, 64, 64), dtype=np.uint8)\n"
        "process(EchoSequence(frames, spacing=(1.0, 1.0)))\n"
        "print(*(m for m in sys.modules if m.startswith('cardiac')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    files = {path.with_suffix("").as_posix() for path in code_files(BATCH, "cardiac.pipeline")}
    loaded = {name.replace(".", "/") for name in done.stdout.split()}
    for name in loaded:
        place = ROOT.parent / name
        assert {place.as_posix(), (place / "__init__").as_posix()} & files, name


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: p.stem)
def test_no_import_statement_is_overlooked(path):
    """Reading only the statements finds what a parser finds in the whole module."""

    class Finder(ast.NodeVisitor):
        def __init__(self) -> None:
            self.found: set[str] = set()

        def visit_If(self, node: ast.If) -> None:
            if "TYPE_CHECKING" not in ast.dump(node.test):
                self.generic_visit(node)

        def visit_Import(self, node: ast.Import) -> None:
            self.found.add(ast.unparse(node))

        visit_ImportFrom = visit_Import  # noqa: N815

    finder = Finder()
    finder.visit(ast.parse(path.read_text()))
    assert {ast.unparse(node) for node in import_statements(path.read_text())} == finder.found
