from __future__ import annotations

from pathlib import Path

import pytest

from cardiac.errors import OutputError
from cardiac.io.files import replacing


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("old")
    with pytest.raises(ValueError, match="half way"), replacing(path) as temporary:
        temporary.write_text("half")
        raise ValueError("half way")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_made_and_the_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.mp4"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.suffix == ".mp4"
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_where_a_folder_should_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "a.png"
    with pytest.raises(OutputError) as caught, replacing(target) as temporary:
        temporary.write_text("")
    assert caught.value.path == target
    assert caught.value.hint
