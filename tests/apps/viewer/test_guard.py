import pytest

pytest.importorskip("fastapi", reason="the viewer needs the extra: viewer")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient

from cardiac.apps.viewer import ViewerSettings, build
from cardiac.results import RunFolder
from tests.apps.viewer.runs import make_run

PORT = 8123
TOKEN = "right-token"
HERE = f"http://127.0.0.1:{PORT}"
AT = f"?token={TOKEN}"


@pytest.fixture(scope="module")
def app(tmp_path_factory, masks):
    folder = make_run(tmp_path_factory.mktemp("guarded") / "run", {"four": masks})
    (folder.parent / "secret.nii.gz").write_bytes((folder / "masks/four.nii.gz").read_bytes())
    return build(RunFolder(folder), ViewerSettings(PORT, TOKEN), pages=False)


def browser(app, base=HERE, client=("127.0.0.1", 50000)):
    return TestClient(app, base_url=base, client=client)


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=right-toke"])
@pytest.mark.parametrize("path", ["/", "/api/edit", "/static/case.js", "/api/edit/x/frame/0"])
def test_without_the_token_nothing_is_told(app, path, query):
    answer = browser(app).get(path + query)
    assert answer.status_code == 403
    assert TOKEN not in answer.text
    assert "set-cookie" not in answer.headers


def test_the_token_is_needed_once_and_a_cookie_carries_it(app):
    client = browser(app)
    first = client.get(f"/api/edit{AT}&case=four")
    assert first.status_code == 200
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/api/edit?case=four").status_code == 200
    assert browser(app).get("/api/edit?case=four").status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", "127.0.0.1", f"127.0.0.1.evil:{PORT}"],
)
def test_another_host_header_is_refused_even_with_the_token(app, host):
    assert browser(app).get(f"/api/edit{AT}&case=four", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_may_be_called_by_its_names(app, host):
    answer = browser(app).get(f"/api/edit{AT}&case=four", headers={"host": f"{host}:{PORT}"})
    assert answer.status_code == 200


def test_another_machine_is_refused(app):
    client = browser(app, client=("192.0.2.7", 50000))
    assert client.get(f"/api/edit{AT}&case=four").status_code == 403


def test_another_page_may_not_post(app):
    client = browser(app)
    key = client.get(f"/api/edit{AT}&case=four").json()["key"]
    body = {"decision": "accept"}
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9999"):
        answer = client.post(f"/api/edit/{key}/decide", json=body, headers={"origin": origin})
        assert answer.status_code == 403
    own = client.post(f"/api/edit/{key}/decide", json=body, headers={"origin": HERE})
    assert own.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2f..%2fpyproject.toml",
        "/static/../api.py",
        "/static/%2e%2e/%2e%2e/server.py",
        "/static/server.py",
        "/api/edit?case=../../../etc/passwd",
        "/api/edit?case=..%2fsecret",
        "/api/edit?case=/etc/passwd",
        "/api/atlas/near?case=../secret&phase=ED",
        "/masks/four.nii.gz",
        "/run.json",
    ],
)
def test_no_path_leads_out_of_the_run(app, path):
    client = browser(app)
    client.cookies.set(f"cardiac_{PORT}", TOKEN)
    answer = client.get(path)
    assert answer.status_code in {404, 422}
    assert "secret.nii" not in answer.text
    assert "root:" not in answer.text


def test_nothing_may_be_loaded_from_elsewhere_and_nothing_of_the_run_is_kept(app):
    answer = browser(app).get(f"/api/edit{AT}&case=four")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_socket_without_the_token_is_closed(app):
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), browser(app).websocket_connect("/_nicegui_ws/x"):
        pass
