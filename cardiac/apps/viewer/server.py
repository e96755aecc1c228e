"""The server: this machine only, a token in the address, one run."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cardiac.apps.viewer.review import Review
from cardiac.errors import OutputError
from cardiac.extras import needs
from cardiac.results import RunFolder

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ViewerSettings:
    """How the page is served.

    Attributes:
        port: On 127.0.0.1; 0 takes a free one.
        token: What the address must hold; a new one if empty.
        reviewer: Name for the audit log; the name of the account if empty.
    """

    port: int = 0
    token: str = ""
    reviewer: str = ""


def build(run: RunFolder, settings: ViewerSettings, *, pages: bool = True) -> FastAPI:
    """The application, guarded.

    Args:
        run: The run to look at.
        settings: Port and token, both given.
        pages: Whether to add the pages too, which can be done once in a process.

    Raises:
        SettingsError: A package is missing.
    """
    with needs("viewer", "the viewer"):
        from fastapi import FastAPI
        from starlette.middleware import Middleware
    from cardiac.apps.viewer.api import add_routes
    from cardiac.apps.viewer.atlas import Atlas
    from cardiac.apps.viewer.guard import Guard
    from cardiac.apps.viewer.open_case import OpenCases

    review = Review(run, settings.reviewer)
    cases, looks = OpenCases(run, review), OpenCases(run, review, editable=False)
    atlas = Atlas(run, review, lambda: cases.in_use)
    guard = Middleware(Guard, token=settings.token, port=settings.port)
    app = FastAPI(openapi_url=None, middleware=[guard])
    add_routes(app, cases, looks, atlas)
    if pages:
        threading.Thread(target=cases.warm_up, daemon=True).start()
        with needs("viewer", "the viewer"):
            from nicegui import ui
        from cardiac.apps.viewer.pages import Viewer, add_pages

        add_pages(Viewer(run, review, cases))
        ui.run_with(app, title="cardiac", show_welcome_message=False, tailwind=False)
    return app


def serve(
    folder: Path,
    settings: ViewerSettings | None = None,
    *,
    sources: Sequence[Path] = (),
    known: Mapping[str, str] | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a run until interrupted.

    Args:
        folder: What ``cardiac process`` wrote.
        settings: Port, token, reviewer.
        sources: Inputs, or folders of them, where they are not where the run read them.
        known: Where the input of each case lies, for a run without ``run.json``.
        ready: Is told the address once it answers.

    Raises:
        OutputError: It is no such folder, or the port is taken.
        SettingsError: A package is missing.
    """
    with needs("viewer", "the viewer"):
        import uvicorn

    settings = settings or ViewerSettings()
    run = RunFolder(folder, sources, known)
    with _bound(settings.port) as listening:
        port = listening.getsockname()[1]
        token = settings.token or secrets.token_urlsafe(24)
        app = build(run, ViewerSettings(port, token, settings.reviewer))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                ws="websockets-sansio",
            )
        )
        listening.listen()
        if ready is not None:
            ready(f"http://{HOST}:{port}/?token={token}")
        server.run(sockets=[listening])


def _bound(port: int) -> socket.socket:
    """A socket on the loopback interface, and on that one only."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise OutputError(
            f"port {port} cannot be used ({error}).", hint="Choose another with --port, or none."
        ) from error
    return listening
