"""uvicorn's HTTP/1.1 connection, with what it lacks: an end to callers who never finish, and a bound on how many."""

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from orch_server.web.asgi import CUT

logger = logging.getLogger(__name__)

# Descriptors that the database, gRPC and the process itself need.
_KEPT_FILES = 256
_MOST_CONNECTIONS = 10_000


def _most_connections() -> int:
    """As many as this process may open files, without taking those that the rest of it needs."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(min(_MOST_CONNECTIONS, files - _KEPT_FILES), files // 2)


def allow_many_files() -> None:
    """Lets this process have as many connections as its system lets it; many begin with 1024, for programs that are
    older than epoll. What it starts inherits that, and a server starts nothing."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _KEPT_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one caller, and all of them, may use.

    connections: open at once; who comes later is turned away. header_bytes: of a request's line and headers.
    header_seconds: until a request's headers are complete. idle_seconds: between two requests on one connection.
    """

    connections: int = field(default_factory=_most_connections)
    header_bytes: int = 32 * 1024
    header_seconds: float = 10.0
    idle_seconds: int = 60


def guarded_protocol(config: Config, state: ServerState, limits: ConnectionLimits) -> Callable[[], asyncio.Protocol]:
    """What makes a connection's protocol."""

    def make() -> asyncio.Protocol:
        return _GuardedProtocol(config, state, limits)

    return make


class _GuardedProtocol(H11Protocol):
    """Waits so long for a request's headers, and not longer, whether or not a byte comes now and then."""

    def __init__(self, config: Config, state: ServerState, limits: ConnectionLimits) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self.app_state = {CUT: self._cut}
        self._limits = limits
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            logger.warning("too many connections", extra={"most": self._limits.connections})
            transport.abort()
            return
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._between_requests():
            self._await_headers()
        else:
            self._headers_came()

    def _between_requests(self) -> bool:
        # None until the first request has come, whatever its type says.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _await_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._limits.header_seconds, self._too_slow)

    def _headers_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._cut()

    def _cut(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()
