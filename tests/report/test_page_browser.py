"""The page as a person has it: in a real browser, from disk, with a keyboard."""

from __future__ import annotations

import json

import pytest

from cardiac.report.page import build, write_case, write_report
from cardiac.report.page.case import as_json
from cardiac.report.page.cohort import Cohort, Line
from cardiac.results import index_row, write_tables
from tests.report.studies import phantom, spoilt, study_of

HOSTILE = "<img src=x onerror=document.title='hit'>\"'&lt;b&gt;"
PLAYER = "cardiacPlayer"
READY = f"() => window.{PLAYER} && {PLAYER}.shownAt === {PLAYER}.at"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A run of two good cines, the second with a name that is markup, and a broken file."""
    folder = tmp_path_factory.mktemp("report")
    sequence, masks = phantom()
    study = study_of(sequence, spoilt(masks))
    rows = []
    for name, light, ef in (("one", "accept", 61.0), (HOSTILE, "review", 38.0)):
        (path, _) = write_case(folder, study, name)
        told = json.loads(path.read_text())
        told["verdict"] = {
            "triage": light, "reasons": [name], "uncertainty": 0.12, "method": name,
            "out_of_bank": False,
        }  # fmt: skip
        if name == HOSTILE:
            told["certificate"] |= {"reason": name, "certified": False, "notes": [name]}
            told["indices"] |= {"warnings": [name], "convention": name}
            told["curves"][0]["title"] = told["latent"][0]["title"] = name
        path.write_text(as_json(told))
        row = index_row(study, name) | {"triage": light, "lv_ef_percent": ef, "patient": name}
        rows.append(row | {"lv_ef_percent_low": ef - 9, "lv_ef_percent_high": ef + 7})
    rows.append({
        "id": "broken", "level": "sequence", "status": "failed", "view": "unknown",
        "reason": "is not a DICOM file",
    })  # fmt: skip
    write_tables(folder, rows, [])
    (path,) = write_report(folder)
    return path


@pytest.fixture
def page(browser):
    """A fresh page that fails its test when anything goes wrong in it or it asks for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    opened.on(
        "request",
        lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "data:")) else None,
    )
    yield opened
    context.close()
    assert not wrong


def open_case(page, report, index=0):
    page.goto(f"{report.as_uri()}#case={index}")
    page.wait_for_function(READY)
    return page


def frame(page) -> int:
    page.wait_for_function(READY)
    return page.evaluate(f"{PLAYER}.frame")


def ink(page) -> str:
    """What is on the canvas, as one text."""
    page.wait_for_function(READY)
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    return page.evaluate(f"{PLAYER}.draw().then(() => {PLAYER}.canvas.toDataURL())")


def test_a_row_opens_its_cine_and_back_leads_to_the_table(page, report):
    page.goto(report.as_uri())
    page.click("tbody tr:first-child .ef")
    page.wait_for_function(READY)
    assert page.inner_text("#case h1").startswith("one")
    assert not page.is_visible("#cohort")
    page.go_back()
    page.wait_for_selector("#cohort", state="visible")


def test_the_image_is_not_black(page, report):
    open_case(page, report)
    levels = page.evaluate(
        f"""() => {{ const c = {PLAYER}.canvas, d = c.getContext("2d")
        .getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let k = 0; k < d.length; k += 4) n += d[k] > 40;
        return n / (d.length / 4); }}"""
    )
    assert levels > 0.1


def test_it_plays_and_pauses(page, report):
    open_case(page, report)
    first = frame(page)
    page.click("text=Play")
    page.wait_for_function(f"(first) => {PLAYER}.frame !== first", arg=first)
    page.click("text=Pause")
    stopped = frame(page)
    page.wait_for_timeout(150)
    assert frame(page) == stopped


def test_a_step_is_one_frame_and_goes_round(page, report):
    open_case(page, report)
    page.keyboard.press("Home")
    assert frame(page) == 0
    page.click("[aria-label='One frame on']")
    assert frame(page) == 1
    page.click("[aria-label='One frame back']")
    page.click("[aria-label='One frame back']")
    assert frame(page) == 11


def test_everything_on_the_cine_can_be_done_with_the_keyboard(page, report):
    open_case(page, report)
    ed, es = (page.evaluate(f"{PLAYER}.source.{name}[0]") for name in ("ed", "es"))
    for key, expected in (("End", 11), ("Home", 0), ("ArrowRight", 1), ("s", es), ("d", ed)):
        page.keyboard.press(key)
        assert frame(page) == expected
    page.keyboard.press("Space")
    assert page.evaluate(f"{PLAYER}.playing")
    page.keyboard.press("Space")
    assert not page.evaluate(f"{PLAYER}.playing")
    page.keyboard.press("-")
    assert page.evaluate(f"{PLAYER}.speed") == 0.5
    page.keyboard.press("u")
    assert page.evaluate(f"{PLAYER}.mapShown")
    page.keyboard.press("Escape")
    page.wait_for_selector("#cohort", state="visible")


def test_a_table_row_is_reached_and_opened_with_the_keyboard(page, report):
    page.goto(report.as_uri())
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('tbody') !== null"):
            break
    assert page.evaluate("document.activeElement.textContent") == "one"
    page.keyboard.press("Enter")
    page.wait_for_function(READY)


def test_contours_switch_between_corrected_network_both_and_none(page, report):
    open_case(page, report)
    page.evaluate(f"{PLAYER}.seek(2)")
    seen = {}
    for mode in ("written", "network", "both", "none"):
        page.check(f"input[type=radio][value={mode}]")
        seen[mode] = ink(page)
    assert len(set(seen.values())) == 4
    page.keyboard.press("c")
    assert page.is_checked("input[value=written]")
    page.uncheck("text=left ventricle")
    assert ink(page) not in seen.values()


def test_the_map_shows_with_the_opacity_of_the_slider(page, report):
    open_case(page, report)
    bare = ink(page)
    page.check("text=show map")
    strong = ink(page)
    page.fill("[aria-label^='Opacity']", "20")
    faint = ink(page)
    page.uncheck("text=show map")
    assert len({bare, strong, faint}) == 3
    assert ink(page) == bare


def test_a_click_in_a_curve_goes_to_that_frame_and_moves_every_cursor(page, report):
    open_case(page, report)
    page.keyboard.press("Home")
    plot = page.locator(".chart svg").first
    box = plot.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 12, box["y"] + 40)
    assert frame(page) == 11
    ends = page.evaluate(
        "[...document.querySelectorAll('.curves:not(.grid) .cursor')]"
        ".map((cursor) => cursor.getAttribute('x1'))"
    )
    assert len(ends) == 10
    assert len(set(ends)) == 1


def test_what_broke_before_correction_leads_to_its_frame(page, report):
    open_case(page, report)
    row = page.locator("#case tr.broke", has_text="disconnected parts of the ventricle")
    assert "1 of 12 frames" in row.inner_text()
    row.locator("button").first.click()
    assert frame(page) == 2


def names(page) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('tbody tr:not([hidden]) .id')]"
        ".map((cell) => cell.firstChild.textContent)"
    )


def test_the_table_sorts_both_ways_with_what_is_missing_last(page, report):
    page.goto(report.as_uri())
    page.click("th.ef button")
    assert names(page) == [HOSTILE, "one", "broken"]
    assert page.get_attribute("th.ef", "aria-sort") == "ascending"
    page.click("th.ef button")
    assert names(page) == ["one", HOSTILE, "broken"]
    assert page.get_attribute("th.ef", "aria-sort") == "descending"


def test_the_table_filters_by_text_and_light(page, report):
    page.goto(report.as_uri())
    page.keyboard.press("/")
    page.keyboard.type("dicom")
    assert names(page) == ["broken"]
    assert page.inner_text("output") == "1 of 3 rows"
    page.click("text=Clear")
    page.select_option("select[name=triage]", "review")
    assert names(page) == [HOSTILE]
    page.select_option("select[name=triage]", "failed")
    assert names(page) == ["broken"]


def test_a_name_with_markup_in_it_does_nothing(page, report):
    page.goto(report.as_uri())
    page.wait_for_function("() => document.querySelector('#distributions').children.length > 0")
    open_case(page, report, 1)
    assert page.inner_text("#case h1").startswith(HOSTILE)
    page.wait_for_timeout(100)
    assert "hit" not in (page.title().replace(HOSTILE, ""))
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("where", ["", "#case=0", "#case=1"])
def test_a_phone_shows_it_all_without_scrolling_sideways(page, report, where):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(report.as_uri() + where)
    if where:
        page.wait_for_function(READY)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_paper_has_the_table_and_both_phases_of_each_case(page, report):
    page.goto(report.as_uri())
    page.wait_for_function("() => document.querySelectorAll('#paper .sheet').length === 2")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 690, "height": 1000})  # A4 within its margins
    assert page.evaluate("document.querySelector('tbody tr').offsetHeight") < 60
    assert page.is_visible("table.cohort")
    assert not page.is_visible("form.filters")
    assert page.locator(".sheet .still img").count() == 4
    assert page.is_visible(".sheet .certificate")


def test_without_javascript_the_table_can_be_read(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert "61" in page.inner_text("tbody tr:first-child .ef")
    assert "is not a DICOM file" in page.inner_text("tbody")
    context.close()


def test_a_case_page_of_a_large_run_stands_alone(page, report, tmp_path):
    data = (report.parent / "report" / "one.json").read_text("ascii")
    alone = tmp_path / "one.html"
    alone.write_text(build.case_page(Line("one"), data, {"cardiac": "1"}, ("", "two.html")))
    page.goto(alone.as_uri())
    page.wait_for_function(READY)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert frame(page) == 1
    assert page.get_attribute("text=Next", "href") == "two.html"
    assert page.get_attribute("text=All cases", "href") == "../report.html"


def test_the_next_case_is_a_key_away(page, report):
    open_case(page, report)
    page.keyboard.press("j")
    page.wait_for_function(
        "() => document.querySelector('#case .pages').innerText.includes('2 of 2')"
    )
    page.keyboard.press("k")
    page.wait_for_function(
        "() => document.querySelector('#case .pages').innerText.includes('1 of 2')"
    )


def cohort_of(count: int) -> Cohort:
    lights = ("accept", "review", "reject")
    return Cohort(tuple(
        Line(f"case-{n}", patient=f"p{n // 2}", view=("A4C", "A2C")[n % 2], triage=lights[n % 3],
             certified=n % 7 > 0, certificate="" if n % 7 else "gap in frame 3", ef=20.0 + n % 55,
             ef_low=10.0 + n % 55, ef_high=30.0 + n % 55, edv=80.0 + n % 90, esv=40.0,
             uncertainty=0.05 + n % 40 / 200, data=f"report/case-{n}.json", thumb="UklGRg==")
        for n in range(count)
    ))  # fmt: skip


def test_a_thousand_sequences_sort_filter_and_scroll(page, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(build.cohort_page(cohort_of(1000), []), encoding="utf-8")
    page.goto(path.as_uri())
    assert page.inner_text("h1") == "1000 echo sequences of 500 patients"
    assert page.locator("tbody tr").count() == 1000
    page.click("th.ef button")
    assert names(page)[0] == "case-0"
    page.fill("[name=text]", "case-99")
    assert names(page) == sorted(names(page), key=lambda n: 20 + int(n[5:]) % 55)
    assert len(names(page)) == 11
    page.click("text=Clear")
    page.evaluate("document.querySelector('tbody tr:last-child').scrollIntoView()")
    assert page.locator("tbody tr:last-child").is_visible()
    page.wait_for_function(
        "() => document.querySelectorAll('#distributions .point').length === 1000"
    )


def relative_luminance(color: tuple[float, float, float]) -> float:
    parts = [
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_from_its_ground(browser, report, scheme):
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    for where in ("", "#case=0"):
        page.goto("about:blank")
        page.goto(report.as_uri() + where)
        if where:
            page.wait_for_function(READY)
        found = page.evaluate(WORDS)
        assert found
        poor = [(text, fore, back) for text, fore, back in found if contrast(fore, back) < 4.5]
        assert not poor
    context.close()


def contrast(one: list[float], other: list[float]) -> float:
    low, high = sorted(relative_luminance(tuple(color)) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


WORDS = """() => {
  const mix = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colors) => {
    mix.clearRect(0, 0, 1, 1);
    for (const c of colors) { mix.fillStyle = c; mix.fillRect(0, 0, 1, 1); }
    return [...mix.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const out = "[aria-hidden=true], .off, :disabled, noscript";
    if (!own || !e.checkVisibility() || e.closest(out)) continue;
    const style = getComputedStyle(e);
    const grounds = [];
    for (let up = e; up; up = up.parentElement) {
      grounds.unshift(getComputedStyle(up).backgroundColor);
    }
    const back = over(["#fff", ...grounds]);
    const ink = e.namespaceURI.endsWith("svg") ? style.fill : style.color;
    found.push([e.textContent.trim().slice(0, 40), over([`rgb(${back})`, ink]), back]);
  }
  return found;
}"""


def test_every_control_has_a_name(page, report):
    open_case(page, report)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, a")]
        .filter((e) => e.checkVisibility() && !e.getAttribute("aria-label"))
        .filter((e) => !(e.textContent.trim() || (e.labels && e.labels.length)))
        .map((e) => e.outerHTML)"""
    )
    assert not nameless


def test_a_broken_case_says_so(page, report, tmp_path):
    path = tmp_path / "report.html"
    line = Line("one", data="report/one.json")
    path.write_text(build.cohort_page(Cohort((line,)), [("one", json.dumps({"version": 99}))]))
    page.goto(f"{path.as_uri()}#case=0")
    assert "cannot be shown" in page.inner_text("[role=alert]")
