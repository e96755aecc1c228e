from __future__ import annotations

from tests.io.fuzzing import fuzz


def test_mutated_files_are_read_or_refused(tmp_path):
    assert fuzz(tmp_path, count=400) == []
