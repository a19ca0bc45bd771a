"""The HTTP server's shell: uvicorn's protocol on sockets of our own, inside the event loop that gRPC runs in.

uvicorn's own server would take the signals, and look ten times a second whether it should end.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from uvicorn import Config
from uvicorn.server import ServerState

from orch_server.web.asgi import Application
from orch_server.web.guarding import ConnectionLimits, guarded_protocol

logger = logging.getLogger(__name__)

_HANDSHAKE_SECONDS = 10.0


@dataclass(slots=True)
class HttpServer:
    """Serves one application. `start` and `stop` are those of `shutdown.Stoppable`."""

    application: Application
    sockets: Sequence[socket.socket]
    tls: ssl.SSLContext | None = None
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    _state: ServerState = field(default_factory=ServerState)
    _servers: list[asyncio.Server] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port that was bound."""
        port: int = self.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Begins to answer."""
        config = Config(
            self.application,
            loop="none",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=self.limits.idle_seconds,
            h11_max_incomplete_event_size=self.limits.header_bytes,
        )
        config.load()
        # It warns of requests that nobody can read, and of upgrades to WebSockets: anybody could fill the log so.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        make = guarded_protocol(config, self._state, self.limits)
        handshake = _HANDSHAKE_SECONDS if self.tls else None
        for each in self.sockets:
            server = await asyncio.get_running_loop().create_server(
                make, sock=each, ssl=self.tls, ssl_handshake_timeout=handshake
            )
            self._servers.append(server)

    async def stop(self, grace_seconds: float | None) -> None:
        """Takes no more connections, waits for requests under way, then cuts them. None cuts at once. Twice is once."""
        for server in self._servers:
            server.close()
        if not self._servers:
            for each in self.sockets:
                each.close()
        for connection in tuple(self._state.connections):
            connection.shutdown()
        if self._state.tasks and grace_seconds:
            await asyncio.wait(tuple(self._state.tasks), timeout=grace_seconds)
        await self._cut()

    async def _cut(self) -> None:
        """Connections first, so that their requests end as those of callers who have gone."""
        for connection in tuple(self._state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        tasks = tuple(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
