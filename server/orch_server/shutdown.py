"""How the server goes: the first SIGTERM or SIGINT asks, the second insists, the third is the operating system's.

Asked, it says NOT_SERVING, takes no new calls, and lets those under way end within a grace period. Insisted upon, it
cancels them at once.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stoppable(Protocol):
    """What is served: `rpc.server.RpcServer`, `web.server.HttpServer`."""

    async def start(self) -> None:
        """Begins to answer."""

    async def stop(self, grace_seconds: float | None) -> None:
        """Ends patiently, or at once (None), even while a patient end is under way. Twice is once."""


class Together:
    """Several that start one after the other, and stop at the same time."""

    def __init__(self, *servers: Stoppable) -> None:
        self._servers = servers

    async def start(self) -> None:
        """Begins to answer, everywhere."""
        for server in self._servers:
            await server.start()

    async def stop(self, grace_seconds: float | None) -> None:
        """Ends all of them."""
        await asyncio.gather(*(server.stop(grace_seconds) for server in self._servers))


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Whether the process has been asked to end (`asked`), and whether at once (`insisted`)."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    insisted: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, name: str) -> None:
        """One more request to end, by a signal of that name."""
        if not self.asked.is_set():
            self.asked.set()
            logger.info("stopping", extra={"signal": name, "hint": "once more stops at once"})
        else:
            self.insisted.set()
            logger.warning("stopping at once", extra={"signal": name})


@contextmanager
def stop_signals() -> Iterator[StopRequest]:
    """Listens for SIGTERM and SIGINT. To be entered in the running loop of the main thread.

    After the second signal the usual handlers are back, so that a third ends even a process that hangs.
    """
    request = StopRequest()
    if sys.platform == "win32":
        # Its loops cannot listen; Ctrl-C raises KeyboardInterrupt there.
        yield request
        return
    loop = asyncio.get_running_loop()

    def unlisten() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    def hear(number: signal.Signals) -> None:
        request.hear(number.name)
        if request.insisted.is_set():
            unlisten()

    for number in _SIGNALS:
        loop.add_signal_handler(number, hear, number)
    try:
        yield request
    finally:
        unlisten()


async def serve(
    server: Stoppable, request: StopRequest, *, grace_seconds: float, started: Callable[[], None] = lambda: None
) -> None:
    """Serves until asked to stop; returns when the server has stopped. `started` is called when calls are answered.

    Cancelled, it stops the server at once: what the calls need is going away.
    """
    await server.start()
    try:
        started()
        await request.asked.wait()
        await _stop(server, request, grace_seconds)
    finally:
        await server.stop(None)


async def _stop(server: Stoppable, request: StopRequest, grace_seconds: float) -> None:
    patient = asyncio.create_task(server.stop(grace_seconds))
    insisted = asyncio.create_task(request.insisted.wait())
    try:
        await asyncio.wait({patient, insisted}, return_when=asyncio.FIRST_COMPLETED)
        if not patient.done():
            await server.stop(None)
        await patient
    finally:
        insisted.cancel()
