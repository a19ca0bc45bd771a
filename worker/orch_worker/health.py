"""How the worker is, for those who watch processes: GET /healthz (it is alive) and /readyz (it takes runs)."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from orch_worker.errors import StartupError
from orch_worker.heartbeat import Heartbeat
from orch_worker.held_runs import HeldRuns
from orch_worker.lifecycle import Lifecycle
from orch_worker.resting import Rest

logger = logging.getLogger(__name__)

_REQUEST_SECONDS = 5.0
_MOST_HEADERS = 100


@dataclass(frozen=True, slots=True)
class _Working:
    runs: HeldRuns
    heartbeat: Heartbeat
    rest: Rest
    lifecycle: Lifecycle
    clock: Callable[[], float]


class Health:
    """What is answered."""

    def __init__(self, *, worker: str, pool: str) -> None:
        self._worker = worker
        self._pool = pool
        self._working: _Working | None = None

    def works(
        self,
        *,
        runs: HeldRuns,
        heartbeat: Heartbeat,
        rest: Rest,
        lifecycle: Lifecycle,
        clock: Callable[[], float],
    ) -> None:
        """From now on there is a session."""
        self._working = _Working(runs, heartbeat, rest, lifecycle, clock)

    def not_ready(self) -> str:
        """Why it does not take runs; empty where it does."""
        if self._working is None:
            return "starting: no session yet"
        if self._working.lifecycle.draining.is_set():
            return "draining"
        last = self._working.heartbeat.last
        silent = self._working.clock() - last.at
        if silent > last.ttl_seconds:
            return f"no heartbeat was answered for {silent:.0f} s"
        return self._working.rest.why and f"nothing can be launched here: {self._working.rest.why}"

    def answer(self, path: str) -> tuple[int, dict[str, object]]:
        """HTTP status and body for a path."""
        if path not in {"/healthz", "/readyz"}:
            return 404, {"error": "not found; there are /healthz and /readyz"}
        why = self.not_ready()
        body: dict[str, object] = {"worker": self._worker, "pool": self._pool, "ready": not why}
        if why:
            body["reason"] = why
        if self._working is not None:
            body |= {"slots": self._working.runs.slots, "running": self._working.runs.alive}
        return (503 if why and path == "/readyz" else 200), body


@asynccontextmanager
async def health_endpoint(health: Health, *, host: str, port: int | None) -> AsyncIterator[int | None]:
    """Answers on this port while the context lasts; yields the port. None: nowhere; 0: any free one.

    Raises StartupError where the port cannot be had.
    """
    if port is None:
        yield None
        return

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_REQUEST_SECONDS):
                await _answer(health, reader, writer)
        writer.close()

    try:
        server = await asyncio.start_server(serve, host, port)
    except OSError as error:
        raise StartupError(
            f"The health endpoint cannot listen on {host}:{port}: {error.strerror or error}. Give another"
            " --health-port (0 takes any free one)."
        ) from error
    found = int(server.sockets[0].getsockname()[1])
    logger.info("health endpoint", extra={"url": f"http://{host}:{found}/healthz"})
    try:
        yield found
    finally:
        server.close()


async def _answer(health: Health, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    words = (await reader.readline()).decode("latin-1").split()
    for _ in range(_MOST_HEADERS):
        if (await reader.readline()).strip() == b"":
            break
    known = len(words) == 3 and words[0] in {"GET", "HEAD"}
    status, body = health.answer(words[1].partition("?")[0]) if known else (405, {"error": "only GET and HEAD"})
    text = json.dumps(body).encode() + b"\n"
    reason = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}[status]
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    writer.write(f"{head}Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode())
    if words[:1] != ["HEAD"]:
        writer.write(text)
    await writer.drain()
