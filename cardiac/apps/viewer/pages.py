"""The pages: list of cases, one case, shape atlas."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nicegui import events, run, ui

from cardiac.apps.viewer.cohort import COLUMNS, TRIAGE, UNDECIDED, Query, select
from cardiac.apps.viewer.export import export_reviewed
from cardiac.apps.viewer.serialize import DECIDED
from cardiac.errors import CardiacError

if TYPE_CHECKING:
    from cardiac.apps.viewer.open_case import OpenCases
    from cardiac.apps.viewer.review import Review
    from cardiac.results import RunFolder

PICTURE = """
<img v-if="props.row.picture" class="thumb" alt="" loading="lazy"
     :src="'/api/thumb?case=' + encodeURIComponent(props.row.id)">
"""
LINK = f"""
<q-td :props="props"><div class="named">{PICTURE}<div>
  <a v-if="!props.row.failed" class="case" :href="'/case?id=' + encodeURIComponent(props.value)">
    {{{{ props.value }}}}</a>
  <span v-else>{{{{ props.value }}}}</span>
  <div v-if="props.row.why" class="why">{{{{ props.row.why }}}}</div>
</div></div></q-td>
"""
CARD = f"""
<div class="item">{PICTURE}
  <a v-if="!props.row.failed" class="case" :href="'/case?id=' + encodeURIComponent(props.row.id)">
    {{{{ props.row.id }}}}</a>
  <strong v-else>{{{{ props.row.id }}}}</strong>
  <dl>
    <template v-for="col in props.cols.slice(1)" :key="col.name">
      <dt>{{{{ col.label }}}}</dt><dd>{{{{ col.value }}}}</dd>
    </template>
  </dl>
  <div v-if="props.row.why" class="why">{{{{ props.row.why }}}}</div>
</div>
"""
"""Values come in as data: Vue escapes them."""


@dataclass(frozen=True, eq=False, slots=True)
class Viewer:
    """What the pages need.

    Attributes:
        run: The run.
        review: Who decided what.
        cases: Cases that are worked on.
    """

    run: RunFolder
    review: Review
    cases: OpenCases


def add_pages(viewer: Viewer) -> None:
    """Register the pages."""

    @ui.page("/", title="Cases · cardiac")
    def cases() -> None:
        with _frame("Cases", viewer):
            _cohort(viewer)

    @ui.page("/case", title="Case · cardiac")
    def case(id: str = "") -> None:  # noqa: A002
        # The script reads the case's id from the address and asks for it in a moment.
        viewer.cases.read(id)
        with _frame("", viewer, "case.js"):
            _section("case", "case")

    @ui.page("/atlas", title="Shape atlas · cardiac")
    def atlas() -> None:
        with _frame("Shape atlas", viewer, "atlas.js"):
            _section("atlas", "atlas")


def _section(name: str, style: str) -> ui.element:
    """A place that a script fills."""
    section = ui.element("section").classes(style)
    section.props["id"] = name
    return section


@contextmanager
def _frame(active: str, viewer: Viewer, *scripts: str) -> Iterator[None]:
    """What all pages share: title, ways to the others, disclaimer."""
    ui.colors(primary="#0b5a7a")
    for style in ("player.css", "viewer.css"):
        ui.add_head_html(f'<link rel="stylesheet" href="/static/{style}">')
    for script in ("player.js", "common.js", *scripts) if scripts else ("common.js",):
        ui.add_head_html(f'<script defer src="/static/{script}"></script>')
    with ui.element("header").classes("top"):
        ui.link("cardiac", "/").classes("name")
        with ui.element("nav").props('aria-label="Pages"'):
            for title, target in (("Cases", "/"), ("Shape atlas", "/atlas")):
                link = ui.link(title, target)
                if title == active:
                    link.props('aria-current="page"')
        ui.label(viewer.run.folder.name).classes("run")
        ui.label("Not for clinical use").classes("disclaimer")
    with ui.element("div").classes("page"):
        yield


def _cohort(viewer: Viewer) -> None:
    """The list of cases, a page at a time."""
    state = {"query": Query()}
    heading = ui.element("h1")
    with heading:
        total = ui.label()
    with ui.element("form").classes("filters").props('role="search" onsubmit="return false"'):
        text = ui.input("Search id, patient, view, reason").props("clearable outlined dense")
        review = ui.select(
            {
                "": "all",
                UNDECIDED: UNDECIDED,
                **{k: v for k, v in DECIDED.items() if k != "withdraw"},
            },
            label="Review",
            value="",
        )
        triage = ui.select({"": "all", **TRIAGE}, label="Triage", value="")
        certified = ui.select({"": "all", "yes": "yes", "no": "no"}, label="Certified", value="")
        for chooser in (review, triage, certified):
            chooser.props("outlined dense options-dense")
    columns = [
        {"name": key, "label": title, "field": key, "sortable": True, "align": "left"}
        for key, title in COLUMNS
    ]
    table = ui.table(columns=columns, rows=[], row_key="id", pagination={"rowsPerPage": 25})
    table.classes("cases").props(
        'flat bordered :grid="window.innerWidth < 720" :rows-per-page-options="[10, 25, 50, 100]"'
    )
    table.add_slot("body-cell-id", LINK)
    table.add_slot("item", CARD)

    def load() -> None:
        query = state["query"]
        viewer.run.refresh()
        rows, count = select(viewer.run.rows, viewer.review.current(), query)
        for row in rows:
            row["picture"] = viewer.run.thumbnail(row["id"]) is not None
        table.rows = rows
        table.pagination = {
            "page": query.page,
            "rowsPerPage": query.size,
            "rowsNumber": count,
            "sortBy": query.sort or None,
            "descending": query.descending,
        }
        whole = len(viewer.run.rows)
        total.text = f"{whole} cases" if count == whole else f"{count} of {whole} cases"
        table.update()

    def filtered() -> None:
        state["query"] = replace(
            state["query"],
            text=text.value or "",
            review=review.value or "",
            triage=triage.value or "",
            certified=certified.value or "",
            page=1,
        )
        load()

    def asked(event: events.GenericEventArguments) -> None:
        wanted: dict[str, Any] = event.args["pagination"]
        names = {key for key, _ in COLUMNS}
        sort = wanted.get("sortBy")
        state["query"] = replace(
            state["query"],
            page=int(wanted.get("page") or 1),
            size=int(wanted.get("rowsPerPage") or 100),
            sort=sort if sort in names else "",
            descending=bool(wanted.get("descending")),
        )
        load()

    _export_button(viewer)
    for control in (text, review, triage, certified):
        control.on_value_change(filtered)
    table.on("request", asked)
    load()


def _export_button(viewer: Viewer) -> None:
    """Writes masks and tables as they stand, beside the run."""

    async def export() -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        out = viewer.run.folder.with_name(f"{viewer.run.folder.name}-reviewed-{stamp}")
        button.disable()
        try:
            files = await run.io_bound(export_reviewed, viewer.run, out)
        except CardiacError as error:
            ui.notify(str(error), type="negative", multi_line=True)
        else:
            ui.notify(
                f"{len(files or ())} files in {out}", type="positive", timeout=0, close_button=True
            )
        finally:
            button.enable()

    with ui.element("p").classes("export"):
        button = ui.button("Export as reviewed", on_click=export)
        button.props("flat no-caps").tooltip(
            "Masks and tables as they stand, in a folder beside the run"
        )
