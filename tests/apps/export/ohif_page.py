"""Opens a study with our results in a real OHIF page over a real Orthanc, plays it, photographs it.

It fails on any error of the page. It needs Orthanc with its DICOMweb plug-in and Chromium (Debian
packages orthanc, orthanc-dicomweb, chromium), playwright, and OHIF's published build:

    npm pack @ohif/app@3.13.2 && tar xzf ohif-app-3.13.2.tgz
    python -m tests.apps.export.ohif_page package/dist CINE.dcm RESULT.dcm... --picture page.png
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import mimetypes
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
GRAPHICS = ["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader"]
"""Chromium draws with its software renderer: there need be no screen."""
FRAME = "(document.body.innerText.match(/\\((\\d+)\\/\\d+\\)/) || [])[1]"
"""The number of the frame that the page shows, in its own words."""
PATIENCE_MS = 60_000
SEGMENTATION, REPORT = "Cardiac structures", "Cardiac measurements"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def orthanc() -> Iterator[str]:
    """An empty archive on loopback; gives its address."""
    if shutil.which("Orthanc") is None or not PLUGIN.is_file():
        raise SystemExit("Orthanc with its DICOMweb plug-in is not installed.")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "StorageDirectory": folder,
            "IndexDirectory": folder,
            "HttpPort": port,
            "DicomServerEnabled": False,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        path = Path(folder) / "orthanc.json"
        path.write_text(json.dumps(settings))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        server = subprocess.Popen(["Orthanc", str(path)], **quiet)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"{address}/system", timeout=5)
                    break
                time.sleep(0.5)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def upload(address: str, files: list[Path]) -> str:
    """Store files in an archive; gives the study that they are in.

    Raises:
        SystemExit: They are not in one study.
    """
    for path in files:
        request = urllib.request.Request(f"{address}/instances", path.read_bytes(), method="POST")
        urllib.request.urlopen(request, timeout=60)
    with urllib.request.urlopen(f"{address}/dicom-web/studies", timeout=60) as answer:
        studies = json.load(answer)
    if len(studies) != 1:
        raise SystemExit(f"The archive filed the results in {len(studies)} studies, not in one.")
    return str(studies[0]["0020000D"]["Value"][0])


def configuration(page: str) -> str:
    """What OHIF is told of its archive."""
    root = f"{page}/dicom-web"
    source = {
        "friendlyName": "archive",
        "name": "archive",
        "wadoUriRoot": root,
        "qidoRoot": root,
        "wadoRoot": root,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "omitQuotationForMultipartRequest": True,
    }
    settings = {
        "routerBasename": "/",
        "extensions": [],
        "modes": [],
        "showStudyList": True,
        "maxNumberOfWebWorkers": 2,
        "defaultDataSourceName": "dicomweb",
        "dataSources": [
            {
                "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
                "sourceName": "dicomweb",
                "configuration": source,
            }
        ],
    }
    return f"window.config = {json.dumps(settings)};"


@contextlib.contextmanager
def viewer(dist: Path, archive: str) -> Iterator[str]:
    """OHIF's build and the archive behind one address, as browsers want it; gives the address."""
    mimetypes.add_type("application/wasm", ".wasm")
    mimetypes.add_type("text/javascript", ".js")

    class Gateway(http.server.BaseHTTPRequestHandler):
        """Files of the build, the configuration, and requests handed on to the archive."""

        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """Answer one request."""
            path = self.path.split("?")[0]
            if path.startswith("/dicom-web"):
                self._answer(*self._handed_on())
            elif path == "/app-config.js":
                self._answer(200, "text/javascript", configuration(address).encode())
            else:
                file = (dist / path.lstrip("/")).resolve()
                inside = file.is_relative_to(dist.resolve()) and file.is_file()
                file = file if inside else dist / "index.html"
                kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
                self._answer(200, kind, file.read_bytes())

        def _handed_on(self) -> tuple[int, str, bytes]:
            # The archive makes the addresses of bulk data from the name that it is called by.
            kept = {name: self.headers[name] for name in ("Accept", "Host") if name in self.headers}
            request = urllib.request.Request(archive + self.path, headers=kept)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    kind = answer.headers.get("Content-Type", "")
                    return answer.status, kind, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.headers.get("Content-Type", ""), error.read()

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            self.end_headers()
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield address
        finally:
            server.shutdown()


def visit(address: str, study: str, picture: Path, report: Path | None) -> list[str]:
    """Open a study with its Segmentation, play it, photograph it; gives the errors of the page."""
    from playwright.sync_api import Error, sync_playwright

    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=GRAPHICS
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda told: errors.append(told.text) if told.type == "error" else None,
        )
        try:
            _open_and_play(page, f"{address}/viewer?StudyInstanceUIDs={study}", errors)
            page.screenshot(path=picture)
            if report is not None:
                page.get_by_text(REPORT).first.dblclick()
                page.wait_for_timeout(6000)
                page.screenshot(path=report)
        except Error as error:
            errors.append(str(error))
            page.screenshot(path=picture)
        browser.close()
    return errors


def _open_and_play(page: Any, address: str, errors: list[str]) -> None:
    page.goto(address)
    page.get_by_text(SEGMENTATION).first.wait_for()
    # The tour for new users lies over the page and takes every click.
    page.add_style_tag(content="[class*=shepherd] { display: none !important }")
    with contextlib.suppress(Exception):
        page.get_by_text("Confirm and hide").first.click(timeout=10_000)
    page.get_by_text(SEGMENTATION).first.dblclick()
    with contextlib.suppress(Exception):
        page.get_by_role("button", name="Yes").first.click(timeout=25_000)
    page.wait_for_timeout(8000)
    player = page.locator("[data-cy=cine-player-play-pause]").first
    if not player.is_visible():
        page.locator("canvas").first.click()
        page.keyboard.press("c")
    player.click()
    frames = set()
    for _ in range(12):
        page.wait_for_timeout(500)
        frames.add(page.evaluate(FRAME))
    player.click()
    if len(frames - {None}) < 3:
        errors.append("the cine does not play")


def main() -> int:
    """Exit code 1 where the page had an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path, help="folder package/dist of @ohif/app")
    parser.add_argument("files", type=Path, nargs="+", help="the cine, and what was exported of it")
    parser.add_argument("--picture", type=Path, required=True, help="PNG of the Segmentation")
    parser.add_argument("--report", type=Path, help="PNG of the report's page")
    asked = parser.parse_args()
    with orthanc() as archive:
        study = upload(archive, asked.files)
        with viewer(asked.dist, archive) as address:
            errors = visit(address, study, asked.picture, asked.report)
    print("\n".join(dict.fromkeys(errors)) or "no error on the page")
    return int(bool(errors))


if __name__ == "__main__":
    sys.exit(main())
