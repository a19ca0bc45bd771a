"""A TCP proxy that stands between two parts and makes the line between them bad.

A proxy sees streams, not packets: a lost packet shows as what it does to a stream, a stall until it is sent again.
"""

import asyncio
import random
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

_CHUNK_BYTES = 64 * 1024
_CONNECT_SECONDS = 2.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: close at once, and tell the other end by RST."""


@dataclass(frozen=True)
class Line:
    """How good the line is, each way.

    latency_seconds, jitter_seconds: each piece of a stream comes so much later, and up to so much more.
    stall_chance, stall_seconds: how often a piece is lost, and how long it then takes to be sent again.
    bytes_per_second: the most that gets through; None: no bound.
    swallows: what is sent vanishes, and nobody is told. A stream that has lost bytes never gets better.
    """

    latency_seconds: float = 0.0
    jitter_seconds: float = 0.0
    stall_chance: float = 0.0
    stall_seconds: float = 0.0
    bytes_per_second: int | None = None
    swallows: bool = False

    def delay_seconds(self, size: int, chance: random.Random) -> float:
        """How long a piece of so many bytes takes."""
        delay = self.latency_seconds + self.jitter_seconds * chance.random()
        if self.stall_chance and chance.random() < self.stall_chance:
            delay += self.stall_seconds
        if self.bytes_per_second is not None:
            delay += size / self.bytes_per_second
        return delay


GOOD = Line()


@dataclass(eq=False)
class _Connection:
    """Both ends of a stream."""

    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    swallows: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def reset(self) -> None:
        """Both ends hear that it is over."""
        self.over.set()
        for writer in self.ends:
            _reset(writer)


class Proxy:
    """Passes each connection on to the next of its targets that answers."""

    def __init__(self, targets: Sequence[tuple[str, int]], *, chance: random.Random) -> None:
        self._targets = list(targets)
        self._chance = chance
        self._turn = 0
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.line = GOOD
        self.address = ("", 0)
        """Where it listens, once it is open."""

    @property
    def url(self) -> str:
        """http://host:port."""
        return f"http://{self.address[0]}:{self.address[1]}"

    async def open(self, host: str = "127.0.0.1") -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, host, 0)
        self.address = (host, self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Cut everything, and listen no longer."""
        if self._server is not None:
            self._server.close()
        self.reset()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def reset(self) -> int:
        """Reset all connections; says how many there were."""
        connections = tuple(self._connections)
        for each in connections:
            each.reset()
        return len(connections)

    def swallow(self) -> None:
        """From now on, what is sent on the connections that there are vanishes. New ones are as `line` says."""
        for each in self._connections:
            each.swallows = True

    def mend(self) -> None:
        """The line is good again. Streams that have lost bytes are reset."""
        self.line = GOOD
        for each in tuple(self._connections):
            if each.swallows:
                each.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.CancelledError):
                await self._carry(reader, writer)
        finally:
            self._tasks.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one of both ends is gone: then the other one hears of it, once it has what was said before."""
        far = await self._reached()
        if far is None:
            _reset(writer)
            return
        connection = _Connection((writer, far[1]))
        self._connections.add(connection)
        pumps = [
            asyncio.create_task(self._pump(connection, reader, far[1])),
            asyncio.create_task(self._pump(connection, far[0], writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._connections.discard(connection)
            for end in connection.ends:
                end.close()

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The next target that answers; None: none does, and whoever has called is told by a reset."""
        for _ in self._targets:
            self._turn += 1
            host, port = self._targets[self._turn % len(self._targets)]
            with suppress(OSError):
                return await asyncio.wait_for(asyncio.open_connection(host, port), _CONNECT_SECONDS)
        return None

    async def _pump(self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way of a stream, until one end of it is gone."""
        with suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                connection.swallows |= self.line.swallows
                await asyncio.sleep(self.line.delay_seconds(len(data), self._chance))
                if not connection.swallows:
                    writer.write(data)
                    await writer.drain()
        if connection.swallows:
            # The other end must not hear of it: it goes on believing in a connection that is gone.
            await connection.over.wait()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close one end by RST, whatever it still had to send."""
    found = writer.get_extra_info("socket")
    with suppress(OSError):
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
