"""The worker's end of its conversation with a host."""

import asyncio
import itertools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Protocol

from orch_worker.launchers.process.folders import EndingFacts
from orch_worker.launchers.process.loaded import modification_time, running_version
from orch_worker.launchers.process.orders import PROTOCOL, VOUCH_SECONDS, Order, StartFailure, decode, encode


class HostLostError(Exception):
    """The host has ended, or hung up."""


class OrderFailedError(Exception):
    """A process could not be started; `failure` says why."""

    def __init__(self, failure: StartFailure) -> None:
        super().__init__(f"{failure.step}: {failure.reason}")
        self.failure = failure


class Listener(Protocol):
    """Whom a link tells what the host says by itself."""

    def heard_output(self, attempt: str) -> None:
        """There are new lines."""

    def heard_end(self, attempt: str, facts: EndingFacts) -> None:
        """It has ended."""

    def lost_host(self, link: "HostLink") -> None:
        """The host is gone, without having been told to."""


class HostLink:
    """A connection to a host."""

    def __init__(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener: Listener
    ) -> None:
        self.host = host
        """The host's folder name."""
        self.is_open = True
        self.is_retired = False
        self.pid = 0
        self._version = ""
        self._sources: Mapping[str, int] = {}
        self._reader = reader
        self._writer = writer
        self._listener = listener
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._vouching: asyncio.Task[None] | None = None

    async def greet(self) -> None:
        """Begin. Raises HostLostError where the host does not answer, or not as this version does."""
        line = await self._read()
        greeting = decode(line) if line else {}
        if greeting.get("hello") != PROTOCOL:
            await self._hang_up()
            raise HostLostError("The host does not answer.")
        self.pid = greeting["pid"]
        self._version = greeting["version"]
        self._sources = greeting["sources"]
        self._reading = asyncio.create_task(self._listen(), name=f"orch-host-{self.host}")

    def is_current(self) -> bool:
        """Whether what it has loaded is what lies on disk now. It takes no new attempts where that is not so."""
        if self.is_retired or self._version != running_version():
            return False
        return all(modification_time(path) == time_ns for path, time_ns in self._sources.items())

    async def launch(self, order: Order) -> int:
        """Have a process started; returns its number. Raises OrderFailedError, HostLostError."""
        answer = await self._ask({"do": "launch", "order": asdict(order)})
        pid: int = answer["pid"]
        return pid

    async def stop(self, attempt: str, grace_seconds: float) -> None:
        """Have an attempt stopped; returns when that has begun. Raises HostLostError."""
        await self._ask({"do": "stop", "attempt": attempt, "grace_seconds": grace_seconds})

    async def retire(self) -> None:
        """Have it end when nothing runs there any more. Raises HostLostError."""
        self.is_retired = True
        await self._ask({"do": "retire"})

    async def attempts(self) -> frozenset[str]:
        """What runs there. Raises HostLostError."""
        answer = await self._ask({"do": "list"})
        return frozenset(answer["attempts"])

    async def leave(self) -> None:
        """Say goodbye: the host ends as soon as nothing runs there. May be called twice."""
        reading, self._reading = self._reading, None
        if reading is None:
            return
        if self.is_open:
            with suppress(OSError):
                self._writer.write(encode({"id": next(self._numbers), "do": "leave"}))
                await self._writer.drain()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await self._hang_up()

    async def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        if not self.is_open:
            raise HostLostError("The host is gone.")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            with suppress(OSError):
                self._writer.write(encode({"id": number, **message}))
                await self._writer.drain()
            reply = await answer
        finally:
            del self._waiting[number]
        if "failure" in reply:
            raise OrderFailedError(StartFailure(**reply["failure"]))
        result: dict[str, Any] = reply["answer"]
        return result

    async def _listen(self) -> None:
        with suppress(ValueError):  # What is no message comes from no host.
            while line := await self._read():
                self._take(decode(line))
        await self._hang_up()
        self._listener.lost_host(self)

    async def _read(self) -> bytes:
        """A line; empty at the end."""
        with suppress(OSError):
            line = await self._reader.readline()
            # What was cut off by the host's death says nothing.
            return line if line.endswith(b"\n") else b""
        return b""

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            waiting = self._waiting.get(message["id"])
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        elif "vouch" in message:
            self._set_vouching(message["vouch"])
        elif "ended" in message:
            self._listener.heard_end(message["ended"], EndingFacts(**message["facts"]))
        else:
            for attempt in message["output"]:
                self._listener.heard_output(attempt)

    def _set_vouching(self, wanted: bool) -> None:
        if self._vouching is not None:
            self._vouching.cancel()
        self._vouching = asyncio.create_task(self._vouch()) if wanted else None

    async def _vouch(self) -> None:
        with suppress(HostLostError):
            while True:
                await self._ask({"do": "vouch"})
                await asyncio.sleep(VOUCH_SECONDS)

    async def _hang_up(self) -> None:
        self.is_open = False
        self._set_vouching(False)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(HostLostError("The host is gone."))
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
