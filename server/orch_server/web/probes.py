"""What load balancers, Kubernetes and Prometheus ask for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias

from orch_server.web.access import Access
from orch_server.web.asgi import Answer, Receive, Request
from orch_server.web.exposition import MEDIA_TYPE, exposition
from orch_server.web.meters import MeterTelemetry

Readiness: TypeAlias = Callable[[], Awaitable[str]]
"""Why the server cannot work now; empty where it can."""
Refresh: TypeAlias = Callable[[], Awaitable[object]]
"""Reads anew what gauges show."""

_LOOK_SECONDS = 2.0
_FRESH_SECONDS = 1.0
_FRESH_GAUGES_SECONDS = 5.0
_NO_STORE = ("cache-control", "no-store")


async def alive(request: Request, receive: Receive) -> Answer:
    """`/healthz`: the process answers."""
    return Answer.text("ok", HTTPStatus.OK, _NO_STORE)


class Ready:
    """`/readyz`: the server takes calls, and has its database. However many ask, it looks once a second."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._looked, self._cause = -_FRESH_SECONDS, ""
        self._lock = asyncio.Lock()

    async def __call__(self, request: Request, receive: Receive) -> Answer:
        """200, or 503 with the cause."""
        async with self._lock:
            if time.monotonic() - self._looked >= _FRESH_SECONDS:
                self._cause = await self._look()
                self._looked = time.monotonic()
        if self._cause:
            return Answer.text(f"not ready: {self._cause}", HTTPStatus.SERVICE_UNAVAILABLE, _NO_STORE)
        return Answer.text("ready", HTTPStatus.OK, _NO_STORE)

    async def _look(self) -> str:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return await self._readiness()
        except TimeoutError:
            return "the database does not answer"


class Metrics:
    """`/metrics`, for who may call. Gauges come from the database, at most every five seconds."""

    def __init__(self, access: Access, meters: MeterTelemetry, refresh: Refresh) -> None:
        self._access, self._meters, self._refresh = access, meters, refresh
        self._read = -_FRESH_GAUGES_SECONDS
        self._lock = asyncio.Lock()

    async def __call__(self, request: Request, receive: Receive) -> Answer:
        """The meters, in Prometheus' text format."""
        refusal = self._access.refusal(request.method, request.headers)
        if refusal is not None:
            known = refusal.code == "PERMISSION_DENIED"
            return Answer.text(refusal.message, HTTPStatus.FORBIDDEN if known else HTTPStatus.UNAUTHORIZED)
        async with self._lock:
            if time.monotonic() - self._read >= _FRESH_GAUGES_SECONDS:
                await self._refresh()
                self._read = time.monotonic()
        return Answer(HTTPStatus.OK, exposition(self._meters).encode(), MEDIA_TYPE, (_NO_STORE,))
