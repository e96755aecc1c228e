"""Who may ask: this machine only, with the token, from our own pages."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

NAMES = ("127.0.0.1", "localhost", "::1")
"""What this machine calls itself. Any other Host header is a page that rebinds its name."""
HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline'"
    " 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self';"
    " form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""Nothing is loaded from elsewhere, and nobody may frame us."""
SHARED = ("/_nicegui/", "/static/")
"""Paths of files that hold nothing of the run, and may stay in the browser's cache."""


class Guard:
    """Lets a request through or answers 403, before anything else sees it.

    Args:
        app: What is behind.
        token: Must be in the address of the first page; a cookie carries it from then on.
        port: Ours.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self.app, self.token = app, token
        self.hosts = {f"{name}:{port}" for name in NAMES} | {f"[::1]:{port}"}
        self.cookie = f"cardiac_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refused, fresh = self._judge(scope)
        if refused:
            await _refuse(scope, receive, send, refused)
            return

        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message, scope["path"], self._cookie_line() if fresh else "")
            await send(message)

        await self.app(scope, receive, told)

    def _judge(self, scope: Scope) -> tuple[str, bool]:
        """Why a request is refused, and whether it brought the token in its address."""
        headers = _headers(scope)
        client = scope.get("client")
        if client is None or not _loopback(client[0]):
            return "This page answers its own machine only.", False
        if headers.get("host", "").lower() not in self.hosts:
            return "This page has another name.", False
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() not in self.hosts:
            return "Another page asked.", False
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if self._is_token(query.get("token", [""])[0]):
            return "", True
        if self._is_token(_cookie(headers.get("cookie", ""), self.cookie)):
            return "", False
        return "Open the address that cardiac inspect printed, with its token.", False

    def _is_token(self, told: str) -> bool:
        return hmac.compare_digest(told.encode(), self.token.encode())

    def _cookie_line(self) -> str:
        return f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"


def _headers(scope: Scope) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _cookie(line: str, name: str) -> str:
    try:
        found = SimpleCookie(line).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _add_headers(message: MutableMapping[str, Any], path: str, cookie: str) -> None:
    headers = list(message.get("headers", []))
    headers += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    if not path.startswith(SHARED):
        headers = [(n, v) for n, v in headers if n.lower() != b"cache-control"]
        headers.append((b"cache-control", b"no-store"))
    if cookie:
        headers.append((b"set-cookie", cookie.encode()))
    message["headers"] = headers


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    body = why.encode()
    kind = (b"content-type", b"text/plain; charset=utf-8")
    size = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 403, "headers": [kind, size]})
    await send({"type": "http.response.body", "body": body})
