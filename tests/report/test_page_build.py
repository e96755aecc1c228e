"""One file that needs nothing else, and in which a name is only a name."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cardiac.errors import NotFoundError
from cardiac.reasons import Reason
from cardiac.report.page import build, write_case, write_report
from cardiac.report.page.cohort import Cohort, Line
from cardiac.results import index_row, write_tables
from tests.report.studies import phantom, spoilt, study_of

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;</script><script>alert(2)</script>"


class Parsed(HTMLParser):
    """Tags, attributes and the contents of scripts and styles of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, dict[str, str | None], str]] = []
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = (tag, dict(attrs)) if tag in ("script", "style") else None

    def handle_data(self, text):
        if self._open is not None:
            self.inside.append((*self._open, text))
            self._open = None


@pytest.fixture(scope="module")
def study():
    sequence, masks = phantom(6)
    return study_of(sequence, spoilt(masks))


def folder_of(study, folder: Path, names: list[str], **changes: object) -> Path:
    rows = []
    for name in names:
        write_case(folder, study, name)
        rows.append(index_row(study, name) | changes)
    write_tables(folder, rows, [])
    return folder


def test_a_page_needs_nothing_but_itself(study, tmp_path):
    (page,) = write_report(folder_of(study, tmp_path, ["one"]))
    text = page.read_text("utf-8")
    assert "http://" not in text
    assert "https://" not in text
    for tag, attributes in Parsed(text).tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form[action]")
        assert not (attributes.get("src") or "data:").partition("data:")[0]
        assert not any(name.startswith("on") for name in attributes)
        assert "style" not in attributes


def test_only_the_pages_own_script_and_style_may_run(study, tmp_path):
    (page,) = write_report(folder_of(study, tmp_path, ["one"]))
    parsed = Parsed(page.read_text("utf-8"))
    (policy,) = [a["content"] for tag, a in parsed.tags if tag == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    running = [c for tag, a, c in parsed.inside if tag == "style" or "type" not in a]
    assert len(running) == 2
    for content in running:
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_a_name_with_markup_in_it_stays_a_name():
    line = Line(
        HOSTILE, patient=HOSTILE, view=HOSTILE, reason=HOSTILE, triage=HOSTILE, thumb="AAAA",
        triage_reasons=HOSTILE, certificate=HOSTILE, certified=False, source=HOSTILE, notes=HOSTILE,
        data=f"report/{HOSTILE}.json", ef=50.0,
    )  # fmt: skip
    failed = Line(HOSTILE, status="failed", reason=HOSTILE, patient=HOSTILE)
    record = {"cardiac": HOSTILE, "weights": {HOSTILE: HOSTILE}, "settings": {"profile": HOSTILE}}
    clean = Cohort((Line("a", data="report/a.json", thumb="AAAA"), Line("b", status="failed")))
    for inside in (True, False):
        cases = [(HOSTILE, json.dumps({"id": HOSTILE}))] if inside else []
        page = Parsed(build.cohort_page(Cohort((line, failed), record), cases))
        usual = Parsed(build.cohort_page(clean, [("a", "{}")] if inside else []))
        known = {(tag, name) for tag, attributes in usual.tags for name in attributes}
        for tag, attributes in page.tags:
            if tag == "img":
                assert attributes["src"].startswith("data:image/webp")
            assert not [n for n in attributes if n.startswith("on") and (tag, n) not in known]
        scripts = sum(tag == "script" for tag, _ in page.tags)
        assert scripts == sum(tag == "script" for tag, _ in usual.tags)


def test_the_data_inside_a_page_are_the_cases(study, tmp_path):
    (page,) = write_report(folder_of(study, tmp_path, ["one", "two"]))
    parsed = Parsed(page.read_text("utf-8"))
    islands = {a["id"]: json.loads(c) for tag, a, c in parsed.inside if "type" in a}
    assert islands["case-1"] == json.loads((tmp_path / "report" / "two.json").read_text())
    assert [line["id"] for line in islands["island"]["lines"]] == ["one", "two"]


def test_the_cases_of_a_large_run_have_pages_of_their_own(study, tmp_path, monkeypatch):
    names = ["a b#1?", "c%2F"]
    folder = folder_of(study, tmp_path, names)
    monkeypatch.setattr(build, "MOST_INSIDE", 1)
    files = write_report(folder)
    assert [path.name for path in files] == ["report.html", "a b#1?.html", "c%2F.html"]
    links = [a["href"] for tag, a in Parsed(files[0].read_text()).tags if tag == "a"]
    assert "report/a%20b%231%3F.html" in links
    assert "report/c%252F.html" in links
    assert write_report(folder) == [folder / "report.html"]  # the pages are as young as the data
    assert len(write_report(folder, anew=True)) == 3
    monkeypatch.setattr(build, "MOST_INSIDE", 2)
    write_report(folder)
    assert not list((folder / "report").glob("*.html"))


def test_a_sequence_takes_less_than_three_megabytes(study, tmp_path):
    folder = folder_of(study, tmp_path, [])
    empty = write_report(folder)[0].stat().st_size
    full = write_report(folder_of(study, tmp_path, ["one"]))[0].stat().st_size
    assert full - empty < 3_000_000
    assert empty < 200_000


def test_the_same_results_give_the_same_page(study, tmp_path):
    folder = folder_of(study, tmp_path, ["one"])
    first = write_report(folder)[0].read_bytes()
    assert write_report(folder)[0].read_bytes() == first


def test_a_case_whose_data_are_gone_still_has_its_row(study, tmp_path):
    folder = folder_of(study, tmp_path, ["one", "two"])
    (folder / "report" / "one.json").unlink()
    text = write_report(folder)[0].read_text()
    assert "<b>one</b>" in text
    assert re.search(r'href="#case=1">two</a>', text)


def test_a_failure_tells_the_file_and_not_the_disk_it_was_on(tmp_path):
    row = {"id": "x", "level": "sequence", "status": "failed", "reason": "/home/jane/x.dcm: bad"}
    write_tables(tmp_path, [row], [])
    record = {"cases": [{"id": "x", "input": "/home/jane/x.dcm", "sha256": "0"}]}
    (tmp_path / "run.json").write_text(json.dumps(record))
    text = write_report(tmp_path)[0].read_text()
    assert "x.dcm: bad" in text
    assert "jane" not in text


def test_a_patient_who_is_called_like_a_sequence_takes_nothing_from_it(study, tmp_path):
    folder = folder_of(study, tmp_path, ["one"])
    rows = [index_row(study, "one"), {"id": "one", "level": "patient", "status": "ok"}]
    write_tables(folder, rows, [])
    text = write_report(folder)[0].read_text()
    assert text.count('href="#case=0">one</a>') == 1
    assert 'href="#case=1"' not in text


def test_reasons_are_counted_by_what_they_are_whatever_their_numbers_and_frames():
    wide = [Reason("wide", f"the interval is {n} points wide", general="wide") for n in (28, 31)]
    gaps = [Reason("gap_lv_myo", "gap", frames) for frames in ((1, 2), (9,))]
    lines = (
        Line("a", reasons=(("triage", wide[0]), ("lv_ef_percent", gaps[0]))),
        Line("b", reasons=(("triage", wide[1]),)),
        Line("c", reasons=(("certificate", gaps[0]), ("certificate", Reason("h", "hole", (7,))))),
        Line("d", reasons=(("certificate", gaps[1]),)),
    )
    cohort = Cohort(lines)
    assert [(r.text, r.ids) for r in cohort.flagged()] == [("wide", ("a", "b"))]
    assert [(r.text, r.ids) for r in cohort.uncertified()] == [
        ("gap", ("c", "d")),
        ("hole in frame 7", ("c",)),
    ]


def test_a_name_does_not_lead_out_of_the_folder(study, tmp_path):
    folder = folder_of(study, tmp_path / "run", [])
    (tmp_path / "run" / "report").mkdir(parents=True)
    for ending in ("json", "html"):
        (tmp_path / f"secret.{ending}").write_text('{"id": "secret of somebody"}')
    write_tables(folder, [index_row(study, "../../secret")], [])
    text = write_report(folder)[0].read_text()
    assert "secret of somebody" not in text
    assert (tmp_path / "secret.html").exists()


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match=r"no indices\.csv"):
        write_report(tmp_path)
