"""What comes out of the cache is what was made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cardiac.errors import OutputError
from cardiac.research.phantom import CineSpec, PhantomCine, cached_cine, default_cache, make_cine

SPEC = CineSpec("one", "synthetic", "", "", "A2C", 3, 5, 50.0, "jitter:1")


def assert_same(first: PhantomCine, second: PhantomCine) -> None:
    for name in ("frames", "masks", "times", "landmarks", "volumes_ml"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    for name in first.attributes:
        assert np.array_equal(first.attributes[name], second.attributes[name])
    for name in ("spacing", "view", "ef_percent", "ed_frames", "es_frames", "name", "corruptions"):
        assert getattr(first, name) == getattr(second, name)


def test_second_time_gives_the_same_cine(tmp_path: Path) -> None:
    made = make_cine(SPEC)
    assert_same(made, cached_cine(SPEC, cache=tmp_path))
    assert len(list(tmp_path.rglob("*.npz"))) == 1
    assert_same(made, cached_cine(SPEC, cache=tmp_path))
    assert len(list(tmp_path.rglob("*"))) == 2


def test_failures_of_masks_share_one_cine_and_seeds_do_not(tmp_path: Path) -> None:
    cached_cine(SPEC, cache=tmp_path)
    cached_cine(replace(SPEC, mask_corruptions="holes:1"), cache=tmp_path)
    assert len(list(tmp_path.rglob("*.npz"))) == 1
    cached_cine(replace(SPEC, seed=4), cache=tmp_path)
    assert len(list(tmp_path.rglob("*.npz"))) == 2


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    made = cached_cine(SPEC, cache=tmp_path)
    (path,) = tmp_path.rglob("*.npz")
    for damage in (b"", path.read_bytes()[:500], b"nonsense"):
        path.write_bytes(damage)
        assert_same(made, cached_cine(SPEC, cache=tmp_path))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "phantom").write_text("a file where the folder should be")
    with pytest.raises(OutputError):
        cached_cine(SPEC, cache=tmp_path)


def test_the_cache_lies_outside_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CARDIAC_CACHE", raising=False)
    assert Path(__file__).parents[3] not in default_cache().parents
    monkeypatch.setenv("CARDIAC_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
