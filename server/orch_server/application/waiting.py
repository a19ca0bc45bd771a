"""Waiting for changes: a bell that topics ring, without losing a ring between looking and waiting."""

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType

from orch_server.application.errors import Unavailable
from orch_server.application.ports import Topic, Wakeups

RELOOK_SECONDS = 1.0
"""Who waits looks again after this time even if nobody rang: a server may die between its commit and its call."""


class Bell:
    """Rings when any of its topics is announced. Ring, look, wait: `wait` returns at once for a ring since `reset`."""

    def __init__(self, wakeups: Wakeups, topics: Iterable[Topic]) -> None:
        self._wakeups = wakeups
        self._topics = tuple(topics)
        self._rung = asyncio.Event()
        self.rings = 0
        """How often it has rung."""
        self._silence: list[Callable[[], None]] = []

    def __enter__(self) -> "Bell":
        """Listen."""
        self._silence = [self._wakeups.listen(topic, self.ring) for topic in self._topics]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more."""
        for silence in self._silence:
            silence()

    @property
    def closing(self) -> bool:
        """Whether this server stops, so that `wait` would raise."""
        return self._wakeups.closing

    def ring(self) -> None:
        """Ring, by a topic or by hand."""
        self.rings += 1
        self._rung.set()

    def reset(self) -> None:
        """Forget rings so far. Call it before looking, so that what happens after the look is not missed."""
        self._rung.clear()

    async def wait(self, seconds: float | None = RELOOK_SECONDS) -> bool:
        """Wait for a ring, at most so long (None: for good); whether it rang. Raises Unavailable where this server
        stops."""
        rang = True
        try:
            async with asyncio.timeout(0 if self._wakeups.closing else seconds):
                await self._rung.wait()
        except TimeoutError:
            rang = False
        if self._wakeups.closing:
            raise Unavailable("This server stops. Ask again.", retry_after_seconds=0.5, reason="SERVER_STOPPING")
        return rang
