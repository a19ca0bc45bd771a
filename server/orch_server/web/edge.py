"""The application of the HTTP edge: which path is answered by whom, under which headers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

from orch_server.web.asgi import CUT, Answer, Application, Event, Receive, Request, Scope, Send
from orch_server.web.bodies import TAKE_SECONDS, PatientReceive, PatientSend
from orch_server.web.cors import Cors

logger = logging.getLogger(__name__)

Page: TypeAlias = Callable[[Request, Receive], Awaitable[Answer]]
"""Answers one request as a whole."""

# The screen needs nothing from anywhere else, and nobody needs to show it in a frame.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_SECURITY = (
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    # Not "no-referrer": browsers would then send "Origin: null" with the form of the login page.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
# What a connection reads at once may be more than it would wait for.
_MOST_HEADER_BYTES = 32 * 1024
_FORM = "application/x-www-form-urlencoded"
# What only browsers send.
_BROWSER = frozenset({"origin", "cookie", "sec-fetch-site"})
# Told to browsers that came over TLS: come no other way for half a year.
_STRICT_TRANSPORT = ("strict-transport-security", "max-age=15552000")


_FAILED = Answer.text(
    "The control plane failed to answer; nothing is known about what was done. Its log says more.",
    HTTPStatus.INTERNAL_SERVER_ERROR,
)


@dataclass(frozen=True, slots=True)
class Routes:
    """Who answers what.

    rpc: the contract, for the paths in `rpc_paths`. pages: by path. folders: by the path's beginning, with its slash.
    otherwise: what nobody else answers.
    """

    rpc: Application
    rpc_paths: frozenset[str]
    pages: Mapping[str, Page] = field(default_factory=dict)
    folders: Mapping[str, Page] = field(default_factory=dict)
    otherwise: Page | None = None

    def page(self, path: str) -> Page | None:
        """Who answers a path that is none of the contract's."""
        if path in self.pages:
            return self.pages[path]
        found = next((page for start, page in self.folders.items() if path.startswith(start)), None)
        return found or self.otherwise


class Edge:
    """One ASGI application."""

    def __init__(self, routes: Routes, cors: Cors, *, take_seconds: float = TAKE_SECONDS) -> None:
        """take_seconds: how long an answer waits for room on the line."""
        self._routes = routes
        self._cors = cors
        self._take_seconds = take_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. Cut off, it ends without a word: the connection is gone."""
        # The task is this request's own: nobody waits for it to say that it was cancelled.
        with suppress(asyncio.CancelledError):
            patient = PatientSend(send, self._take_seconds)
            try:
                await self._answer(scope, PatientReceive(receive), patient)
            except TimeoutError:
                logger.info("caller too slow", extra={"path": scope["path"]})
                await _cut(scope, receive)
            except Exception:
                # The last to hear of it: what nobody has thought of must not look like an answer, nor end without one.
                logger.exception("request failed", extra={"path": scope["path"]})
                await (_cut(scope, receive) if patient.begun else _FAILED.send(_with_headers(send, _SECURITY)))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _read(scope)
        if isinstance(request, Answer):
            await request.send(_with_headers(send, _SECURITY))
            return
        send = _with_headers(send, self._headers(request))
        if request.path in self._routes.rpc_paths:
            await self._call(request, scope, receive, send)
            return
        page = self._routes.page(request.path)
        answer = await page(request, receive) if page else Answer.text("There is nothing here.", HTTPStatus.NOT_FOUND)
        await answer.send(send)

    async def _call(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        preflight = self._cors.preflight(request)
        if preflight is not None:
            await preflight.send(send)
        else:
            await self._routes.rpc(_read_as_json(request, scope), receive, send)

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        headers = [*_SECURITY, *self._cors.headers(request)]
        return [*headers, _STRICT_TRANSPORT] if request.secure else headers


async def _cut(scope: Scope, receive: Receive) -> None:
    """Ends the connection, and waits until the server knows."""
    scope["state"][CUT]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _read(scope: Scope) -> Request | Answer:
    """The request, or why it is none."""
    if sum(len(name) + len(value) for name, value in scope["headers"]) > _MOST_HEADER_BYTES:
        text = f"The headers are larger than {_MOST_HEADER_BYTES} bytes."
        return Answer.text(text, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    try:
        return Request.of(scope)
    except UnicodeDecodeError:
        return Answer.text("A header is not UTF-8.", HTTPStatus.BAD_REQUEST)


async def no_such_method(request: Request, receive: Receive) -> Answer:
    """For what looks like a call of the contract and is none, as Connect says that."""
    message = f"This control plane does not have {request.path[:200]}."
    return Answer.json({"code": "unimplemented", "message": message}, HTTPStatus.NOT_FOUND)


def _read_as_json(request: Request, scope: Scope) -> Scope:
    """`curl -d '{}'` says that it sends a form, and means JSON. A browser that says so is believed, and refused."""
    said = request.headers.get("content-type", _FORM)
    if request.method != "POST" or said != _FORM or not _BROWSER.isdisjoint(request.headers):
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*headers, (b"content-type", b"application/json")]}


def _with_headers(send: Send, headers: Iterable[tuple[str, str]]) -> Send:
    """Sends with these headers, save those that the answer has itself."""
    encoded = [(name.encode(), value.encode()) for name, value in headers]

    async def send_with_headers(event: Event) -> None:
        if event["type"] == "http.response.start":
            present = {name.lower() for name, _ in event["headers"]}
            event["headers"] = [*event["headers"], *(each for each in encoded if each[0] not in present)]
        await send(event)

    return send_with_headers
