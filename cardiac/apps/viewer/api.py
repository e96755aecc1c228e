"""What pages ask of the server: images, outlines, edits, decisions, the atlas."""

from __future__ import annotations

import mimetypes
from importlib import resources
from typing import TYPE_CHECKING

from fastapi import APIRouter, BackgroundTasks, FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field

from cardiac.errors import CardiacError, NotFoundError
from cardiac.report.page.assets import PLAYER, asset
from cardiac.types import Data

if TYPE_CHECKING:
    from cardiac.apps.viewer.atlas import Atlas
    from cardiac.apps.viewer.open_case import OpenCases
    from cardiac.results import RunFolder

OWN = ("viewer.css", "case.js", "atlas.js", "common.js")
"""Files that are served by name beside the player of the report; no others are."""
WEBP = "image/webp"


class Edit(BaseModel):
    """What a slider asks for."""

    frame: int = 0
    wanted: dict[str, float] = Field(default_factory=dict)
    alone: bool = False


class Decided(BaseModel):
    """What a reviewer decides."""

    decision: str
    note: str = ""
    who: str = ""
    uncertified: bool = False


def add_routes(app: FastAPI, cases: OpenCases, looks: OpenCases, atlas: Atlas) -> None:
    """Answer the pages' questions.

    Args:
        app: Where to add the routes.
        cases: Cases that are worked on.
        looks: Cases that are looked at from the atlas.
        atlas: Of the run.
    """
    app.include_router(_static())
    app.include_router(_thumbs(cases.run))
    app.include_router(_cases(cases, "/api/edit"))
    app.include_router(_cases(looks, "/api/look"))
    app.include_router(_atlas(atlas))

    @app.exception_handler(CardiacError)
    def told(_: Request, error: CardiacError) -> JSONResponse:
        # Without the path: the browser has no business with it.
        text = " ".join(filter(None, [error.message, error.hint]))
        missing = isinstance(error, NotFoundError)
        return JSONResponse({"error": text}, status_code=404 if missing else 422)


def _static() -> APIRouter:
    router = APIRouter()

    @router.get("/static/{name}")
    def file(name: str) -> Response:
        if name in PLAYER:
            text = asset(name)
        elif name in OWN:
            text = (resources.files(__package__) / "static" / name).read_text(encoding="utf-8")
        else:
            return Response("no such file", status_code=404)
        return Response(text, media_type=mimetypes.guess_type(name)[0])

    return router


def _thumbs(run: RunFolder) -> APIRouter:
    router = APIRouter()

    @router.get("/api/thumb")
    def thumb(case: str) -> Response:
        path = run.thumbnail(case)
        return Response("no picture", status_code=404) if path is None else FileResponse(path)

    return router


def _cases(cases: OpenCases, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix)

    @router.get("")
    def head(case: str, background: BackgroundTasks) -> Data:
        told = cases.open(case).head()
        if told["neighbours"]["next"]:
            background.add_task(cases.read, told["neighbours"]["next"])
        return told

    @router.get("/{key}/frame/{frame}")
    def frame(key: str, frame: int) -> Response:
        return Response(cases[key].image(frame), media_type=WEBP)

    @router.get("/{key}/map/{frame}")
    def map_(key: str, frame: int) -> Response:
        return Response(cases[key].map(frame), media_type=WEBP)

    @router.get("/{key}/lines")
    def lines(key: str) -> Data:
        return cases[key].lines()

    @router.get("/{key}/state")
    def state(key: str) -> Data:
        return cases[key].state()

    @router.get("/{key}/sliders/{frame}")
    def sliders(key: str, frame: int) -> list[Data]:
        return cases[key].sliders(frame)

    @router.get("/{key}/history")
    def history(key: str) -> list[Data]:
        return cases[key].history()

    @router.post("/{key}/preview")
    def preview(key: str, edit: Edit) -> Data:
        return cases[key].preview(edit.frame, edit.wanted, alone=edit.alone)

    @router.post("/{key}/change/{action}")
    def change(key: str, action: str, edit: Edit) -> Data:
        return cases[key].change(action, edit.model_dump())

    @router.post("/{key}/decide")
    def decide(key: str, asked: Decided) -> Data:
        return cases[key].decide(
            asked.decision, asked.note, asked.who, uncertified=asked.uncertified
        )

    return router


def _atlas(atlas: Atlas) -> APIRouter:
    router = APIRouter(prefix="/api/atlas")

    @router.get("")
    def points() -> Data:
        return atlas.points()

    @router.get("/near")
    def near(case: str, phase: str = "ED") -> Data:
        return atlas.near(case, phase)

    @router.get("/traverse/{dimension}")
    def traverse(dimension: str) -> Data:
        return atlas.traverse(dimension)

    return router
