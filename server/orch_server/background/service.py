"""The loop around what runs by itself: a round, a wait until there is something to do again, another round.

    run_services
    └── Service.run     one task each, in one task group: the first to fail ends them all, loudly

A round that finds the database away is repeated with growing waits; any other error is a bug and ends the process.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from orch_server.application.errors import Overloaded, Unavailable
from orch_server.application.ports import Chance, Topic, Wakeups
from orch_server.application.waiting import Bell

logger = logging.getLogger(__name__)

JITTER = 0.1
"""Waits are spread by this share, so that servers that were started together drift apart."""

SHORTEST_WAIT_SECONDS = 0.005
"""Between two rounds, so that a service that always finds something leaves room for others."""

LONGEST_BACKOFF_SECONDS = 30.0

Round = Callable[[], Awaitable[timedelta | None]]
"""One round of work. Returns how long until there is something to do again, None where only the interval says so."""


class Service:
    """Runs rounds until it is told to stop. May be stopped before it runs, twice, or while a round is under way.

    A round begins after the wait that the last one asked for, at the latest after `interval_seconds`, and at once when
    one of `topics` is announced.
    """

    def __init__(
        self,
        name: str,
        run_once: Round,
        *,
        interval_seconds: float,
        wakeups: Wakeups | None = None,
        topics: Sequence[Topic] = (),
        chance: Chance = random.random,
    ) -> None:
        if topics and wakeups is None:
            raise ValueError(f"The service {name!r} has topics, but no wake-ups to hear them by.")
        self.name = name
        self._run_once = run_once
        self._interval = interval_seconds
        self._wakeups = wakeups
        self._topics = tuple(topics)
        self._chance = chance
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin no further round. The one under way goes on to its end."""
        self._stopping.set()

    async def run(self) -> None:
        """Run rounds until `stop`. Raises what a round raises, Unavailable and Overloaded aside."""
        if self._wakeups is None:
            await self._loop(None)
            return
        with Bell(self._wakeups, self._topics) as bell:
            await self._loop(bell)

    async def _loop(self, bell: Bell | None) -> None:
        failures = 0
        while not self._stopping.is_set():
            if bell is not None:
                bell.reset()
            try:
                wait = await self._run_once()
            except (Unavailable, Overloaded) as error:
                failures += 1
                seconds = self._backoff(failures, error.retry_after_seconds)
                logger.warning(
                    "background service cannot reach the database",
                    extra={"service": self.name, "failures": failures, "retry_seconds": seconds, "cause": str(error)},
                )
                await self._pause(seconds, None)
                continue
            failures = 0
            await self._pause(self._seconds_until_next(wait), bell)

    def _seconds_until_next(self, wait: timedelta | None) -> float:
        """What the round asked for is kept to the point; only the interval is spread."""
        interval = self._spread(self._interval)
        if wait is None:
            return interval
        return max(SHORTEST_WAIT_SECONDS, min(wait.total_seconds(), interval))

    def _backoff(self, failures: int, first: float) -> float:
        return self._spread(min(first * 2 ** min(failures - 1, 10), LONGEST_BACKOFF_SECONDS))

    def _spread(self, seconds: float) -> float:
        return seconds * (1 + JITTER * (2 * self._chance() - 1))

    async def _pause(self, seconds: float, bell: Bell | None) -> None:
        """Until the time is over, the bell rings, or the service stops."""
        waiting: set[asyncio.Task[bool]] = {asyncio.create_task(_told(self._stopping))}
        if bell is not None and not bell.closing:
            waiting.add(asyncio.create_task(bell.wait(seconds)))
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


async def _told(stopping: asyncio.Event) -> bool:
    await stopping.wait()
    return True


async def run_services(services: Sequence[Service], stop: asyncio.Event) -> None:
    """Run services side by side until `stop` is set; then let their rounds end.

    Raises an ExceptionGroup as soon as one of them fails; the others are cancelled.
    """
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(service.run(), name=f"service {service.name}")
        await stop.wait()
        for service in services:
            service.stop()
