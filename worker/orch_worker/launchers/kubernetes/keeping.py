"""Keeps the lines of an attempt that is being stopped: its Pod is deleted for that, and its log goes with the Pod."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from orch_worker.launchers.base import OutputLine
from orch_worker.launchers.kubernetes.clock import Clock
from orch_worker.launchers.kubernetes.cluster import Cluster
from orch_worker.launchers.kubernetes.following import Followed, follow_log

_MOST_BYTES = 4 * 1024 * 1024
"""In memory, about, for each attempt. What comes beyond that has those who follow it live."""
_LINE_BYTES = 200
"""What a line takes beside its text."""
_OPENING_SECONDS = 2.0
"""A stop does not wait longer for a log."""


class KeptOutput:
    """Of one attempt."""

    def __init__(self) -> None:
        self._lines: list[OutputLine] = []
        self._opened = asyncio.Event()
        self._complete = asyncio.Event()

    async def keep(self, attempt: Followed, cluster: Cluster, clock: Clock) -> None:
        """Read all of it, until its end."""
        room = _MOST_BYTES
        try:
            async for batch in follow_log(attempt, cluster, clock, opened=self._opened.set):
                self._lines += batch
                room -= sum(_LINE_BYTES + len(line.text) for line in batch)
                if room < 0:
                    return
        finally:
            self._opened.set()
            self._complete.set()

    async def opened(self) -> None:
        """Waits until it is being read, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._opened.wait()

    async def lines(self) -> AsyncIterator[Sequence[OutputLine]]:
        """All of them."""
        await self._complete.wait()
        yield self._lines
