"""Results may go to a store that is no folder: whole, counted and hashed there too."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cardiac.apps.batch.store import FolderStore, Store, UrlStore, open_store
from cardiac.apps.batch.verify import verify
from cardiac.errors import OutputError, SettingsError
from tests.apps.batch.test_job import tables

pytest.importorskip("fsspec", reason="pip install 'cardiac-echo[remote]'")


@pytest.fixture(params=["folder", "file", "memory"])
def store(request, tmp_path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    if request.param == "file":
        return UrlStore((tmp_path / "store").as_uri())
    return UrlStore(f"memory://{tmp_path.name}/store/")


def test_a_store_gives_back_what_was_put_there(store, tmp_path):
    file = tmp_path / "a"
    for data in (b"one", b"and another"):  # what is there already is replaced
        file.write_bytes(data)
        store.put(file, "masks/a.nii.gz")
        assert not file.exists()
    assert list(store.names()) == ["masks/a.nii.gz"]
    assert store.size("masks/a.nii.gz") == len(b"and another")
    assert store.size("masks/b.nii.gz") is None
    assert store.sha256("masks/a.nii.gz") == hashlib.sha256(b"and another").hexdigest()
    with pytest.raises(FileNotFoundError):
        store.sha256("masks/b.nii.gz")
    store.remove("masks/a.nii.gz")
    store.remove("masks/a.nii.gz")
    with pytest.raises(FileNotFoundError):
        store.sha256("masks/a.nii.gz")


def test_a_batch_into_a_store(cines, tmp_path, run):
    folder = tmp_path / "store"
    here, there = tmp_path / "here", tmp_path / "there"
    run(cines, here)
    job = run(cines, there, store=folder.as_uri())
    assert not (there / "masks").exists()
    for path in (here / "masks").iterdir():
        assert path.read_bytes() == (folder / "masks" / path.name).read_bytes()
    assert tables(there) == tables(here) == tables(folder)
    assert not list(verify(there, store=folder.as_uri()))
    assert run(cines, there, store=folder.as_uri()).skipped == job.total
    (folder / "masks" / "c0.nii.gz").unlink()
    assert {f.kind for f in verify(there, store=folder.as_uri())} == {"missing"}
    assert run(cines, there, store=folder.as_uri()).skipped == job.total - 1


def test_what_is_no_store_is_told(tmp_path):
    for url in ("bucket/results", "simplecache::s3://x", "nonsense://x"):
        with pytest.raises(SettingsError):
            open_store(tmp_path, url)
    (tmp_path / "file").touch()
    (tmp_path / "a").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        UrlStore((tmp_path / "file").as_uri()).put(tmp_path / "a", "masks/a")
    assert Path(tmp_path / "a").exists()
