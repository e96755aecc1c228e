"""Defaults that name a packaged file work from any folder."""

from __future__ import annotations

from pathlib import Path

from cardiac.research.data import patients_of
from cardiac.research.phantom import read_manifest
from cardiac.resources import packaged


def test_lists_of_the_project_are_found_from_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    split = Path("data_manifests/camus.csv")
    found = {name: set(patients_of(name, split)) for name in ("train", "valid")}
    assert all(found.values())
    assert not found["train"] & found["valid"]
    assert read_manifest("data_manifests/benchmark_synthetic.csv")


def test_a_file_of_ones_own_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = Path("data_manifests/camus.csv")
    own.parent.mkdir()
    own.write_text("patient,split\nme,train\n")
    assert packaged(own) == own
    assert patients_of("train", own) == ["me"]
    assert packaged("nowhere.csv") == Path("nowhere.csv")
