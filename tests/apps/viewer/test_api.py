import io
import os

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the viewer needs the extra: viewer")
pytest.importorskip("httpx")

from fastapi.testclient import TestClient
from PIL import Image

from cardiac.apps.viewer import ViewerSettings, build
from cardiac.io import read_mask
from cardiac.results import AuditLog, RunFolder

PORT, TOKEN = 8124, "t"


@pytest.fixture
def client(folder):
    app = build(RunFolder(folder), ViewerSettings(PORT, TOKEN, "Ann"), pages=False)
    client = TestClient(app, base_url=f"http://127.0.0.1:{PORT}", client=("127.0.0.1", 5))
    client.cookies.set(f"cardiac_{PORT}", TOKEN)
    return client


@pytest.fixture
def opened(client):
    return f"/api/edit/{client.get('/api/edit?case=four').json()['key']}"


def area(lines, key="lv"):
    """Area within the packed outlines of a frame, in pixels of the page."""
    total = 0.0
    for path in lines[key]:
        x, y = np.cumsum(np.array(path).reshape(-1, 2), axis=0).T / 10
        total += abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    return total


def test_a_frame_is_the_image_of_the_source(client, opened, folder):
    answer = client.get(f"{opened}/frame/3")
    assert answer.headers["content-type"] == "image/webp"
    shown = np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"), float)
    source = RunFolder(folder).open("four").sequence.frames[3].astype(float)
    assert shown.shape == source.shape
    assert np.corrcoef(shown.ravel(), source.ravel())[0, 1] > 0.95


def test_an_uncertainty_map_is_grey_levels(client, opened):
    answer = client.get(f"{opened}/map/0")
    levels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"), float)
    assert np.median(levels[levels > 100]) == pytest.approx(0.6 * 255, abs=12)


def test_a_preview_moves_the_outline_and_leaves_the_masks(client, opened):
    before = client.get(f"{opened}/lines").json()["now"]
    slider = client.get(f"{opened}/sliders/4").json()[0]
    wanted = {"lv_area": 1.1 * slider["value"] / slider["factor"]}
    found = client.post(f"{opened}/preview", json={"frame": 4, "wanted": wanted}).json()
    assert area(found["lines"]["4"]) == pytest.approx(1.1 * area(before[4]), rel=0.03)
    assert client.get(f"{opened}/lines").json()["now"] == before


def test_setting_undoing_and_doing_again(client, opened):
    before = client.get(f"{opened}/lines").json()["now"]
    slider = client.get(f"{opened}/sliders/4").json()[0]
    wanted = {"lv_area": 1.05 * slider["value"] / slider["factor"]}
    done = client.post(f"{opened}/change/set", json={"frame": 4, "wanted": wanted}).json()
    assert done["canUndo"]
    assert {int(t) for t in done["lines"]} == set(done["changed"])
    undone = client.post(f"{opened}/change/undo", json={}).json()
    assert undone["changed"] == []
    assert client.get(f"{opened}/lines").json()["now"] == before
    again = client.post(f"{opened}/change/redo", json={}).json()
    assert again["lines"] == done["lines"]


def test_accepting_an_edit_saves_it_and_opens_it_again(client, opened, folder):
    slider = client.get(f"{opened}/sliders/4").json()[0]
    wanted = {"lv_area": 1.05 * slider["value"] / slider["factor"]}
    done = client.post(f"{opened}/change/set", json={"frame": 4, "wanted": wanted}).json()
    told = client.post(f"{opened}/decide", json={"decision": "accept", "note": "n", "who": "Bo"})
    assert told.json()["decision"] == "edit"
    (entry,) = AuditLog(folder / "review" / "audit.jsonl").entries()
    assert (entry.who, entry.action, entry.note) == ("Bo", "edit", "n")
    assert entry.details["frames_changed"] == done["changed"]
    saved = read_mask(folder / entry.after.path)[0]
    assert (saved != read_mask(folder / entry.before.path)[0]).any()
    state = client.get(f"{opened}/state").json()
    assert not state["canUndo"]
    assert state["ef"] == done["ef"]
    run = client.get(f"{opened}/lines").json()["run"]
    assert [t for t, lines in enumerate(run) if lines is not None] == done["changed"]


def test_masks_that_changed_meanwhile_are_not_decided_on(client, opened, folder):
    path = folder / "masks" / "four.nii.gz"
    os.utime(path, ns=(1, 1))
    answer = client.post(f"{opened}/decide", json={"decision": "accept"})
    assert answer.status_code == 422
    assert "changed" in answer.json()["error"]
    assert not (folder / "review" / "audit.jsonl").exists()


def test_two_tabs_do_not_decide_over_one_another(client, opened):
    other = f"/api/edit/{client.get('/api/edit?case=four').json()['key']}"
    slider = client.get(f"{opened}/sliders/4").json()[0]
    wanted = {"lv_area": 1.05 * slider["value"] / slider["factor"]}
    client.post(f"{opened}/change/set", json={"frame": 4, "wanted": wanted})
    assert client.get(f"{other}/state").json()["changed"] == []
    assert client.post(f"{opened}/decide", json={"decision": "accept"}).status_code == 200
    assert client.post(f"{other}/decide", json={"decision": "accept"}).status_code == 422


def test_a_rejection_without_a_reason_is_told_so(client, opened):
    answer = client.post(f"{opened}/decide", json={"decision": "reject"})
    assert answer.status_code == 422
    assert "reason" in answer.json()["error"]


@pytest.mark.parametrize("frame", [-1, 16, 10**9])
def test_a_frame_that_is_not_there_is_an_answer_not_a_crash(client, opened, frame):
    assert client.get(f"{opened}/frame/{frame}").status_code in {404, 422}
    edit = {"frame": frame, "wanted": {"lv_area": 1.0}}
    assert client.post(f"{opened}/preview", json=edit).status_code in {404, 422}


def test_a_case_whose_source_is_gone_is_shown_by_its_masks(client, folder):
    for path in folder.parent.glob("run-sources/*"):
        path.unlink()
    head = client.get("/api/edit?case=four").json()
    assert head["blank"]
    assert "not where it was" in head["problem"]
    lines = client.get(f"/api/edit/{head['key']}/lines").json()["now"]
    assert all(frame["lv"] for frame in lines)


def test_the_atlas_has_a_point_for_each_heart_and_near_ones_are_sorted(client):
    for _ in range(200):
        told = client.get("/api/atlas").json()
        if told["done"] == told["total"]:
            break
    assert {(p["id"], p["phase"]) for p in told["points"]} == {
        (name, phase) for name in ("four", "two") for phase in ("ED", "ES")
    }
    near = client.get("/api/atlas/near?case=four&phase=ED").json()["shapes"]
    distances = [shape["distance"] for shape in near[1:]]
    assert distances == sorted(distances)


def test_a_traversal_goes_up_in_its_attribute(client):
    sheet = client.get("/api/atlas/traverse/lv_length").json()
    values = [shape["value"] for shape in sheet["shapes"]]
    assert values == sorted(values)
    assert client.get("/api/atlas/traverse/nothing").status_code == 422


def set_area(client, opened, share, frame=4):
    """Set the LV area of a frame to a share of what it is; the state afterwards."""
    slider = client.get(f"{opened}/sliders/{frame}").json()[0]
    wanted = {"lv_area": share * slider["value"] / slider["factor"]}
    return client.post(f"{opened}/change/set", json={"frame": frame, "wanted": wanted}).json()


def test_the_runs_values_stay_beside_every_edit(client, opened):
    run = client.get(f"{opened}/state").json()["run"]
    first = set_area(client, opened, 1.08, frame=0)
    assert first["run"] == run
    assert first["ef"] != run["ef"]
    rows = {row["key"]: row for row in first["indices"]["rows"]}
    assert round(rows["lv_ef_percent"]["run"], 1) == run["ef"]
    assert client.post(f"{opened}/decide", json={"decision": "accept"}).status_code == 200
    again = set_area(client, opened, 0.95, frame=0)
    assert again["run"] == run


def test_open_edits_outlive_the_page_and_the_server(client, opened, folder):
    done = set_area(client, opened, 1.05)
    for fresh in (client, TestClient(
        build(RunFolder(folder), ViewerSettings(PORT, TOKEN), pages=False),
        base_url=f"http://127.0.0.1:{PORT}", client=("127.0.0.1", 5), cookies=client.cookies,
    )):  # fmt: skip
        head = fresh.get("/api/edit?case=four").json()
        assert head["restored"]
        state = fresh.get(f"/api/edit/{head['key']}/state").json()
        assert (state["changed"], state["ef"]) == (done["changed"], done["ef"])
        assert state["canUndo"]
    # Who only looks from the atlas sees what stands.
    look = client.get("/api/look?case=four").json()
    assert not look["restored"]
    assert client.get(f"/api/look/{look['key']}/state").json()["changed"] == []


def test_edits_that_were_decided_on_or_taken_back_are_not_open_any_more(client, opened, folder):
    set_area(client, opened, 1.05)
    client.post(f"{opened}/change/clear", json={})
    assert not client.get("/api/edit?case=four").json()["restored"]
    set_area(client, opened, 1.05)
    client.post(f"{opened}/decide", json={"decision": "reject", "note": "wrong view"})
    assert not client.get("/api/edit?case=four").json()["restored"]
    assert not list((folder / "review" / "open").iterdir())


def test_an_edit_without_certificate_is_saved_only_by_who_knows_it(client, opened, folder):
    slider = client.get(f"{opened}/sliders/4").json()[0]
    wanted = {"lv_area": 1.5 * slider["value"] / slider["factor"]}
    edit = {"frame": 4, "wanted": wanted, "alone": True}
    state = client.post(f"{opened}/change/set", json=edit).json()
    assert not state["certified"]
    answer = client.post(f"{opened}/decide", json={"decision": "accept"})
    assert answer.status_code == 422
    assert "not certified" in answer.json()["error"]
    assert not (folder / "review" / "audit.jsonl").exists()
    known = {"decision": "accept", "uncertified": True}
    assert client.post(f"{opened}/decide", json=known).json() == {"decision": "edit"}
    (entry,) = AuditLog(folder / "review" / "audit.jsonl").entries()
    assert entry.details["certified"] is False


def test_nobody_accepts_over_a_picture_that_is_missing(client, folder):
    moved = folder.parent / "elsewhere"
    (folder.parent / "run-sources").rename(moved)
    head = client.get("/api/edit?case=four").json()
    answer = client.post(f"/api/edit/{head['key']}/decide", json={"decision": "accept"})
    assert answer.status_code == 422
    assert "--source" in answer.json()["error"]
    # Rejecting needs no picture, and the picture can be found again.
    found = build(RunFolder(folder, [moved]), ViewerSettings(PORT, TOKEN), pages=False)
    fresh = TestClient(
        found, base_url=f"http://127.0.0.1:{PORT}", client=("127.0.0.1", 5), cookies=client.cookies
    )
    head = fresh.get("/api/edit?case=four").json()
    assert not head["blank"]
    answer = fresh.post(f"/api/edit/{head['key']}/decide", json={"decision": "accept"})
    assert answer.status_code == 200
