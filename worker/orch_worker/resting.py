"""While nothing can be launched here: the worker takes no runs for a while, then tries with one."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

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

    @contextmanager
    def launching(self) -> Iterator[None]:
        """While an attempt is being launched: one at a time is enough to find out whether that works again."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._news()

    async def over(self) -> None:
        """Waits until something may be taken: anything where launches work, else one run at a time."""
        while self.why and (self._under_way or self.seconds_left):
            with suppress(TimeoutError):
                async with asyncio.timeout(min(self.seconds_left, _LONGEST_WAIT_SECONDS) or None):
                    await self._changed.wait()

    def _news(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
