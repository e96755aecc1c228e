"""The pages in a real browser."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("nicegui", reason="the viewer needs the extra: viewer")

from cardiac.results import AuditLog
from tests.apps.viewer.runs import make_run

NASTY = "a<img src=x onerror=window.hit=1>"
WAIT = 60_000
TOKEN = "browser-token"


def grow(table: Path) -> None:
    """Rows up to 1,000 cases, whose masks nobody asks for."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    count = sum(row["level"] == "sequence" for row in rows)
    rows += [rows[0] | {"id": f"more{k:04d}", "patient": ""} for k in range(1000 - count)]
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def served(tmp_path_factory, masks):
    """A run in which patient and one id are markup, and the address it is served at."""
    folder = tmp_path_factory.mktemp("browser") / "run"
    make_run(folder, {"four": masks, NASTY: masks[:, :, ::-1].copy()}, patient="p<b>1</b>")
    grow(folder / "indices.csv")
    command = [sys.executable, "-m", "cardiac.cli", "inspect", str(folder), "--no-browser"]
    environment = os.environ | {"CARDIAC_VIEWER_TOKEN": TOKEN}
    environment.pop("PYTEST_CURRENT_TEST", None)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=Path.cwd()
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        yield folder, address.partition("/?")[0], address
        server.terminate()


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def page(request, browser, served):
    """A fresh browser that was given the address with the token."""
    context = browser.new_context(viewport={"width": request.param, "height": 844})
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.wrong = []
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("request", lambda r: r.url.startswith(("http://127", "data:", "blob:", "ws://127"))
            or page.wrong.append(r.url))  # fmt: skip
    page.goto(served[2])
    page.wait_for_selector("a.case")
    yield page
    assert page.wrong == []
    assert page.evaluate("window.hit === undefined")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def open_case(page, served):
    page.goto(f"{served[1]}/case?id=four")
    page.wait_for_selector("canvas[data-frame]")
    page.wait_for_selector("#slider-lv_area")


def ink(page):
    """The drawn image, as a text that differs when a pixel does."""
    return page.evaluate("document.querySelector('canvas').toDataURL()")


def shown_ef(page):
    return float(page.get_attribute("dd.ef", "data-value"))


def test_the_list_hides_the_token_and_shows_markup_as_text(page):
    assert TOKEN not in page.url
    assert page.get_by_text(NASTY).count() >= 1
    assert page.get_by_text("p<b>1</b>").count() >= 1
    assert page.get_by_text("1000 cases", exact=True).count() == 1
    assert page.locator("a.case").count() < 30
    page.get_by_label("Search id, patient, view, reason").fill("four")
    page.get_by_text("1 of 1000 cases").wait_for()
    assert page.locator("a.case").count() == 1


def test_a_thousand_cases_come_page_by_page(page):
    first = page.locator("a.case").first.text_content()
    page.get_by_role("button", name="Next page").click()
    page.wait_for_function("(f) => document.querySelector('a.case').textContent !== f", arg=first)
    assert page.get_by_text("26-50 of 1000").count() == 1
    assert page.locator("a.case").count() == 25


def test_a_slider_moves_the_outline_and_the_ef_and_undo_brings_both_back(page, served):
    open_case(page, served)
    page.wait_for_selector("#case[data-changed='0']")
    before, ef = ink(page), shown_ef(page)
    slider = page.locator("#slider-lv_area")
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("Number(document.getElementById('case').dataset.changed) > 0")
    page.wait_for_function("!document.querySelector('dl.live')")
    assert ink(page) != before
    assert shown_ef(page) > ef
    page.locator("h1").click()
    page.keyboard.press("z")
    page.wait_for_selector("#case[data-changed='0']")
    page.wait_for_function(f"document.querySelector('dd.ef').dataset.value == '{ef}'")
    page.wait_for_function("(b) => document.querySelector('canvas').toDataURL() === b", arg=before)


def test_keys_steer_the_cine_and_help_lists_them(page, served):
    open_case(page, served)
    frame = int(page.get_attribute("canvas", "data-frame"))
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"canvas[data-frame='{(frame + 1) % 16}']")
    page.keyboard.press("?")
    assert page.locator("dialog.help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog.help").is_visible()
    page.keyboard.press("1")
    assert page.evaluate("document.activeElement.id") == "slider-lv_area"
    page.keyboard.press(" ")
    page.wait_for_selector(".player[data-playing='true']")


def test_accepting_writes_the_log(page, served):
    log = AuditLog(served[0] / "review" / "audit.jsonl")
    count = len(list(log.entries()))
    open_case(page, served)
    page.wait_for_selector("button.accept:enabled")
    page.get_by_label("Note").fill("good <i>view</i>")
    page.get_by_label("Reviewer").fill("Ann")
    page.locator("h1").click()
    page.keyboard.press("a")
    page.get_by_text("Accepted.").wait_for()
    entry = list(log.entries())[count]
    assert (entry.who, entry.action, entry.case) == ("Ann", "accept", "four")
    assert entry.note == "good <i>view</i>"
    assert page.get_by_text("good <i>view</i>").count() >= 1
    assert log.problems() == []


def test_a_point_of_the_atlas_shows_its_cine_and_near_hearts(page, served):
    page.goto(f"{served[1]}/atlas")
    page.wait_for_selector(".point")
    deadline = time.monotonic() + WAIT / 1000
    while page.locator(".point").count() < 2 and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert page.locator(".point").count() == 2
    page.locator(".point").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("canvas[data-frame]")
    page.wait_for_selector(".near svg.shape")
    assert page.locator(".near svg.shape").count() >= 4
    page.wait_for_selector(".sheet svg.shape")


def test_without_the_token_the_pages_are_closed(browser, served):
    context = browser.new_context()
    answer = context.new_page().goto(f"{served[1]}/case?id=four")
    assert answer is not None
    assert answer.status == 403
    context.close()
