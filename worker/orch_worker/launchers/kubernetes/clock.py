"""Time, as the launcher sees it; tests move it by hand."""

import asyncio
from collections.abc import Iterator
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and waits."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class LoopClock:
    """The time of the running event loop."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def growing_delays(*, first: float = 0.25, longest: float = 5.0) -> Iterator[float]:
    """Seconds to wait before the next try: ever longer, up to the longest."""
    delay = first
    while True:
        yield delay
        delay = min(2 * delay, longest)
