"""The time that flows wait by. Tests put a clock of their own in its place, whose time passes at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class WaitingClock:
    """The real one: waiting takes as long as it is asked to."""

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait. An interrupt ends it; a task runner's place is lent meanwhile."""
        from orch.blocking import sleep

        sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait in an event loop."""
        import asyncio

        await asyncio.sleep(seconds)


_current: list[WaitingClock] = [WaitingClock()]


def clock() -> WaitingClock:
    """The clock that counts now."""
    return _current[-1]


@contextmanager
def using(other: WaitingClock) -> Iterator[None]:
    """Have another clock count, for every thread, until the block ends."""
    _current.append(other)
    try:
        yield
    finally:
        _current.remove(other)
