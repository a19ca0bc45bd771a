"""While nothing can be launched here: the worker takes no runs for a while, then tries with one."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

logger = logging.getLogger(__name__)

_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 30.0
_LONGEST_WAIT_SECONDS = 1.0
"""asyncio's clock stands still while the machine sleeps: nobody waits for longer than this without looking at ours."""


class Rest:
    """How long nothing is taken: twice as long after each attempt that could not be launched, until one could."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.why = ""
        """Why nothing can be launched, as far as is known; empty where launches work."""
        self._failures = 0
        self._until = 0.0
        self._under_way = 0
        self._trying_until = 0.0
        self._changed = asyncio.Event()

    @property
    def seconds_left(self) -> float:
        """Until something is taken again; 0: now."""
        return max(self._until - self._clock(), 0.0) if self.why else 0.0

    def begin(self, why: str) -> None:
        """An attempt could not be launched, through no fault of its run. Several at once count as one."""
        if self.seconds_left > 0:
            return
        seconds = min(_FIRST_SECONDS * 2.0 ** min(self._failures, 10), _LONGEST_SECONDS)
        self._failures += 1
        self.why, self._until = why, self._clock() + seconds
        logger.warning("nothing can be launched here: resting", extra={"seconds": seconds, "cause": why})

    def end(self) -> None:
        """An attempt was launched."""
        if self.why:
            logger.info("runs can be launched again")
        self.why, self._failures = "", 0
        self._news()

    def launch_begins(self) -> None:
        """A run was taken: one at a time is enough to find out whether launches work again, unless that takes long."""
        self._under_way += 1
        self._trying_until = self._clock() + _LONGEST_SECONDS

    def launch_ended(self) -> None:
        """It was launched, or not."""
        self._under_way -= 1
        self._news()

    def admitted(self, wanted: int) -> int:
        """How many of so many runs may be taken now."""
        if not self.why:
            return wanted
        return 0 if self._wait_seconds() else min(wanted, 1)

    async def over(self) -> None:
        """Waits until something may be taken: anything where launches work, else one run at a time."""
        while left := self._wait_seconds():
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, _LONGEST_WAIT_SECONDS)):
                    await self._changed.wait()

    def _wait_seconds(self) -> float:
        trying = max(self._trying_until - self._clock(), 0.0) if self.why and self._under_way else 0.0
        return max(self.seconds_left, trying)

    def _news(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
