"""``report.html``: one file that opens from disk and needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cardiac.io import write_atomically
from cardiac.report.page.assets import asset
from cardiac.report.page.case import as_json
from cardiac.report.page.cohort import Cohort, Line, read_cohort
from cardiac.results import layout
from cardiac.states import Status, Triage

if TYPE_CHECKING:
    from jinja2 import Template

MOST_INSIDE = 30
"""Cases up to which all of them are inside ``report.html``; otherwise each has its own page."""
MOST_BYTES = 60_000_000
SYMBOLS = {Triage.ACCEPT: "●", Triage.REVIEW: "▲", Triage.REJECT: "■"}


def write_report(folder: Path, *, anew: bool = False) -> list[Path]:
    """Write ``report.html`` from the results in a folder.

    The cases of a small run are inside. Those of a larger one have pages of their own beside
    their data, ``report/<id>.html``, which are self-contained too.

    Args:
        folder: What ``cardiac process`` or ``cardiac.results.save`` wrote.
        anew: Write pages of cases again that are younger than their data.

    Returns:
        The files written.

    Raises:
        OutputError: There are no results, or a page cannot be written.
    """
    cohort = read_cohort(folder)
    shown = [line for line in cohort.lines if line.data]
    total = sum((folder / line.data).stat().st_size for line in shown)
    inside = len(shown) <= MOST_INSIDE and total <= MOST_BYTES
    pages = [] if inside else _write_pages(folder, cohort, shown, anew=anew)
    if inside:
        for line in shown:
            layout.page_file(folder, line.id).unlink(missing_ok=True)
    cases = [(line.id, (folder / line.data).read_text("ascii")) for line in shown if inside]
    write_atomically(folder / layout.REPORT, cohort_page(cohort, cases).encode())
    return [folder / layout.REPORT, *pages]


def _write_pages(folder: Path, cohort: Cohort, shown: list[Line], *, anew: bool) -> list[Path]:
    """Write a page for each case whose page is missing or older than its data."""
    written = []
    names = ["", *(f"{quote(line.id, safe='')}.html" for line in shown), ""]
    for line, before, after in zip(shown, names, names[2:], strict=False):
        page, data = layout.page_file(folder, line.id), folder / line.data
        if anew or not page.is_file() or page.stat().st_mtime < data.stat().st_mtime:
            text = case_page(line, data.read_text("ascii"), cohort.record, (before, after))
            write_atomically(page, text.encode())
            written.append(page)
    return written


def cohort_page(cohort: Cohort, cases: list[tuple[str, str]]) -> str:
    """The page of a run.

    Args:
        cohort: Its cases.
        cases: Ids and case data, as JSON, of those that are inside the page.
    """
    inside = {name for name, _ in cases}
    number = {line.id: index for index, line in enumerate(cohort.lines) if line.data}
    links = {
        line.id: f"#case={number[line.id]}" if line.id in inside else _link(line)
        for line in cohort.lines
        if line.data
    }
    return _render(
        mode="cohort",
        cohort=cohort,
        links=links,
        # A patient's biplane line may bear the name of a sequence, and has no page.
        lines=[
            line.plain() | {"link": links[line.id] if line.data else ""} for line in cohort.lines
        ],
        cases=[(number[name], text) for name, text in cases],
        title=f"{len(cohort.sequences)} echo sequences",
    )


def case_page(
    line: Line, data: str, record: dict[str, Any], around: tuple[str, str] = ("", "")
) -> str:
    """The page of one case.

    Args:
        line: Its line of the cohort.
        data: Case data as JSON.
        record: Of the run, for its provenance.
        around: Addresses of the pages before and after it, or "".
    """
    return _render(
        mode="case",
        cohort=Cohort((line,), record),
        links={},
        lines=[line.plain() | {"link": ""}],
        cases=[(0, data)],
        title=line.id,
        around=around,
    )


def _link(line: Line) -> str:
    return f"{layout.CASES}/{quote(line.id, safe='')}.html"


def _render(
    *,
    mode: str,
    cohort: Cohort,
    links: dict[str, str],
    lines: list[dict[str, Any]],
    cases: list[tuple[int, str]],
    title: str,
    around: tuple[str, str] = ("", ""),
) -> str:
    from markupsafe import Markup

    script = asset("player.js") + "\n" + asset("report.js")
    style = asset("player.css") + "\n" + asset("report.css")
    policy = (
        f"default-src 'none'; img-src data:; script-src {_hash(script)}; "
        f"style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    return _template().render(
        mode=mode,
        title=title,
        policy=Markup(policy),
        script=Markup(script),
        style=Markup(style),
        cohort=cohort,
        counts=counts(cohort),
        links=links,
        facts=run_facts(cohort.record),
        symbols=SYMBOLS,
        island=Markup(as_json({"mode": mode, "lines": lines, "around": around})),
        cases=[(number, Markup(_safe(text))) for number, text in cases],
    )


def counts(cohort: Cohort) -> dict[str, Any]:
    """What the head of the page says."""
    lines = cohort.sequences
    done = [line for line in lines if line.status == Status.OK]
    # A median of numbers that may not be used, or that are of another kind, would mislead.
    usable = [line for line in done if line.triage != Triage.REJECT and not line.uncalibrated]
    known = [line.ef for line in usable if line.ef is not None]
    return {
        "sequences": len(lines),
        "patients": len({line.patient for line in lines if line.patient}),
        "done": len(done),
        "failed": sum(line.status == Status.FAILED for line in lines),
        "rejected": sum(line.status == Status.REJECTED for line in lines),
        "left_out": sum(line.ef is not None for line in done) - len(known),
        "certified": sum(line.certified is True for line in done),
        "triage": {level: sum(line.triage == level for line in done) for level in Triage},
        "ef": median(known) if known else None,
    }


def run_facts(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Provenance of a run in words."""
    if not record:
        return []
    settings = record.get("settings") or {}
    uncertainty = settings.get("uncertainty") or {}
    weights = [
        f"{name}, SHA-256 {digest}" for name, digest in (record.get("weights") or {}).items()
    ]
    engine = " ".join(filter(None, [record.get("engine"), record.get("precision")]))
    facts = (
        ("Software", f"cardiac {record.get('cardiac')}, Python {record.get('python')}"),
        ("Network", "; ".join(weights)),
        ("Engine", engine),
        ("Convention of the volumes", settings.get("convention")),
        ("Correction", "on" if settings.get("correct") else "off"),
        ("Bounds of the criteria", settings.get("profile")),
        ("Uncertainty", uncertainty.get("method") if settings.get("assess") else "not asked for"),
        ("Settings, SHA-256", record.get("settings_sha256")),
        ("Started", _moment(record.get("started"))),
        ("Ended", _moment(record.get("ended"))),
        ("Platform", record.get("platform")),
    )
    return [(name, str(value)) for name, value in facts if value]


def _moment(text: str | None) -> str:
    """A time as people write it."""
    from datetime import datetime

    try:
        return f"{datetime.fromisoformat(text or ''):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return ""


def _safe(text: str) -> str:
    """JSON from a file, which need not be ours, made safe to stand inside a page."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(asset("report.html"))
