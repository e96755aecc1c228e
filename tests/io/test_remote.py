from __future__ import annotations

import functools
import http.server
import threading

import pytest

from cardiac.errors import CardiacError, SettingsError, UnreadableFileError
from cardiac.io import find_inputs, read_item
from cardiac.io.manifest import check_manifest
from cardiac.io.remote import fetched, remote_state, shown_url, url_name, without_secrets

pytest.importorskip("fsspec", reason="pip install 'cardiac-echo[remote]'")


@pytest.fixture
def server(tmp_path):
    """A web server on this machine that gives the files of a folder."""
    pytest.importorskip("aiohttp", reason="pip install 'cardiac-echo[remote]'")
    folder = tmp_path / "web"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


def test_a_manifest_may_name_urls(write_nifti, frames, tmp_path, server):
    folder, address = server
    write_nifti(frames, "web/cine.nii.gz")
    manifest = tmp_path / "list.csv"
    manifest.write_text(
        f"path,view\n{address}/cine.nii.gz,A4C\n{(folder / 'cine.nii.gz').as_uri()},A2C\n"
        f"{address}/none.nii.gz,\n"
    )
    assert check_manifest(manifest) == []
    web, local, missing = find_inputs([manifest])
    assert {web.id, local.id, missing.id} == {"cine", "cine_2", "none"}
    for item in (web, local):
        sequence = read_item(item)
        assert (sequence.frames == frames).all()
        assert sequence.source.name == "cine.nii.gz"
    with pytest.raises(UnreadableFileError, match="none"):
        read_item(missing)


def test_the_state_of_a_file_changes_with_it(server):
    folder, _ = server
    file = folder / "a.nii"
    file.write_bytes(b"one")
    state = remote_state(file.as_uri())
    assert remote_state(file.as_uri()) == state
    file.write_bytes(b"other")
    assert remote_state(file.as_uri()) != state
    file.unlink()
    with pytest.raises(UnreadableFileError):
        remote_state(file.as_uri())


def test_what_is_fetched_is_gone_afterwards(server):
    folder, address = server
    (folder / "a.nii").write_bytes(b"one")
    with fetched(f"{address}/a.nii?token=secret") as local:
        assert local.read_bytes() == b"one"
        assert local.name == "a.nii"
    assert not local.exists()


def test_secrets_and_chains(server):
    assert shown_url("https://me:pw@host/a.dcm?sig=1#x") == "https://host/a.dcm"
    assert url_name("s3://bucket/../../etc/passwd") == "passwd"
    assert url_name("s3://bucket/..") == url_name("s3://bucket/") == "input"
    assert url_name("http://[odd/a.dcm") == shown_url("http://me:pw@[odd/a.dcm") == "malformed-url"
    told = without_secrets("404, url='https://me:pw@host/a.dcm?sig=1' (see http://host/x?y=2)")
    assert told == "404, url='https://host/a.dcm' (see http://host/x"
    with pytest.raises(SettingsError, match="chain"), fetched("simplecache::file:///x"):
        pass
    with pytest.raises(CardiacError), fetched("nonsense://x/y"):
        pass
