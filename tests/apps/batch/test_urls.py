"""Inputs by URL: fetched, known again, and told without their secrets."""

from __future__ import annotations

import functools
import http.server
import threading

import pytest

from tests.apps.batch.conftest import write_cine
from tests.apps.batch.test_privacy import everything

pytest.importorskip("fsspec", reason="pip install 'cardiac-echo[remote]'")
pytest.importorskip("aiohttp", reason="pip install 'cardiac-echo[remote]'")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path):
    """A folder, and the address at which a web server on this machine gives its files."""
    folder = tmp_path / "web"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield folder, f"127.0.0.1:{served.server_port}"
        served.shutdown()


def test_what_is_behind_a_url_is_done_once_and_again_when_it_changes(
    web, tmp_path, run, small_cines
):
    folder, host = web
    write_cine(folder / "a.nii.gz", small_cines[0])
    (tmp_path / "list.csv").write_text(
        f"path\nhttp://{host}/a.nii.gz?token=hush\nhttp://me:whisper@{host}/gone.nii.gz\n"
    )
    out = tmp_path / "out"
    job = run(tmp_path / "list.csv", out)
    assert (job.total, job.failed) == (2, 1)
    assert (out / "masks" / "a.nii.gz").exists()
    told = everything(out)
    assert b"hush" not in told
    assert b"whisper" not in told
    # What could not be fetched may be there now: it is looked for again.
    assert run(tmp_path / "list.csv", out).skipped == 1
    write_cine(folder / "a.nii.gz", small_cines[1].replace(frames=small_cines[1].frames[:, :-8]))
    assert run(tmp_path / "list.csv", out).skipped == 0
