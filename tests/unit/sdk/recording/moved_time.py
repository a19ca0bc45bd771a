"""An event loop whose time moves only when everybody waits for it, and then at once."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, moves the time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise AssertionError("Everybody waits for something that will never happen.")
        self.now += timeout
        return ready


class MovedLoop(asyncio.SelectorEventLoop):
    """See above."""

    def __init__(self) -> None:
        self._moved = _Selector()
        super().__init__(self._moved)

    def time(self) -> float:
        """Seconds."""
        return self._moved.now


def run_in_moved_time(work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine to its end; hours pass in no time."""

    async def main() -> T:
        return await work()

    with asyncio.Runner(loop_factory=MovedLoop) as runner:
        return runner.run(main())


def wall_ns() -> int:
    """Nanoseconds since 1970, by the running loop's time."""
    return 1_700_000_000_000_000_000 + int(asyncio.get_running_loop().time() * 1e9)


def loop_clock() -> float:
    """Seconds, by the running loop's time."""
    return asyncio.get_running_loop().time()


async def until(condition: Callable[[], object]) -> None:
    """Let the time pass until the condition holds, to the millisecond."""
    while not condition():  # noqa: ASYNC110 (only the time moves here)
        await asyncio.sleep(0.001)
