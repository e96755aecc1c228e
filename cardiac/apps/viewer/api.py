"""What pages ask of the server: images, outlines, edits, decisions, the atlas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, BackgroundTasks, FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field

from cardiac.errors import CardiacError, NotFoundError
from cardiac.types import Data

if TYPE_CHECKING:
    from cardiac.apps.viewer.atlas import Atlas
    from cardiac.apps.viewer.desks import Desks
    from cardiac.results import RunFolder

STATIC = Path(__file__).parent / "static"
SHARED = Path(__file__).parents[2] / "report" / "page"
FILES = {
    **{name: SHARED / name for name in ("player.js", "player.css")},
    **{name: STATIC / name for name in ("viewer.css", "case.js", "atlas.js", "common.js")},
}
"""The only files that are served by name; the player is the one of the report."""
WEBP = "image/webp"


class Edit(BaseModel):
    """What a slider asks for."""

    frame: int = 0
    wanted: dict[str, float] = Field(default_factory=dict)
    alone: bool = False


class Decision(BaseModel):
    """What a reviewer decides."""

    decision: str
    note: str = ""
    who: str = ""


def add_routes(app: FastAPI, desks: Desks, peeks: Desks, atlas: Atlas) -> None:
    """Answer the pages' questions.

    Args:
        app: Where to add the routes.
        desks: Cases that are worked on.
        peeks: Cases that are looked at from the atlas.
        atlas: Of the run.
    """
    app.include_router(_static())
    app.include_router(_thumbs(desks.run))
    app.include_router(_desks(desks, "/api/desk"))
    app.include_router(_desks(peeks, "/api/peek"))
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
        path = FILES.get(name)
        if path is None:
            return Response("no such file", status_code=404)
        return FileResponse(path)

    return router


def _thumbs(run: RunFolder) -> APIRouter:
    router = APIRouter()

    @router.get("/api/thumb")
    def thumb(case: str) -> Response:
        path = run.thumbnail(case)
        return Response("no picture", status_code=404) if path is None else FileResponse(path)

    return router


def _desks(desks: Desks, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix)

    @router.get("")
    def head(case: str, background: BackgroundTasks) -> Data:
        told = desks.open(case).head()
        if told["neighbours"]["next"]:
            background.add_task(desks.read, told["neighbours"]["next"])
        return told

    @router.get("/{key}/frame/{frame}")
    def frame(key: str, frame: int) -> Response:
        return Response(desks[key].image(frame), media_type=WEBP)

    @router.get("/{key}/map/{frame}")
    def map_(key: str, frame: int) -> Response:
        return Response(desks[key].map(frame), media_type=WEBP)

    @router.get("/{key}/lines")
    def lines(key: str) -> Data:
        return desks[key].lines()

    @router.get("/{key}/state")
    def state(key: str) -> Data:
        return desks[key].state()

    @router.get("/{key}/sliders/{frame}")
    def sliders(key: str, frame: int) -> list[Data]:
        return desks[key].sliders(frame)

    @router.get("/{key}/history")
    def history(key: str) -> list[Data]:
        return desks[key].history()

    @router.post("/{key}/preview")
    def preview(key: str, edit: Edit) -> Data:
        return desks[key].preview(edit.frame, edit.wanted, alone=edit.alone)

    @router.post("/{key}/change/{action}")
    def change(key: str, action: str, edit: Edit) -> Data:
        return desks[key].change(action, edit.model_dump())

    @router.post("/{key}/decide")
    def decide(key: str, told: Decision) -> Data:
        return desks[key].decide(told.decision, told.note, told.who)

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
