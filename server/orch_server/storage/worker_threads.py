"""Threads that run plain functions for an event loop, in the order in which they come.

Not a ThreadPoolExecutor: that is gone before `atexit` is called, and that is where a script writes what is left.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

R = TypeVar("R")


class _Job:
    """A function to call, and where its result goes."""

    __slots__ = ("_function", "_future", "_loop")

    def __init__(self, function: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._function = function
        self._loop = loop
        self._future: asyncio.Future[Any] = loop.create_future()

    @property
    def future(self) -> asyncio.Future[Any]:
        """Done once the function is."""
        return self._future

    def run(self) -> None:
        """In the thread."""
        if self._future.cancelled():
            return
        try:
            self._tell(self._future.set_result, self._function())
        except BaseException as error:  # whatever it is belongs to the caller
            self._tell(self._future.set_exception, error)

    def _tell(self, settle: Callable[[Any], None], outcome: object) -> None:
        def in_loop() -> None:
            if not self._future.done():
                settle(outcome)

        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(in_loop)


class WorkerThreads:
    """So many threads. They are daemons: the process may end without them.

    All are started at once: in `atexit`, when there may be work for them, newer Pythons start none.
    """

    def __init__(self, count: int, *, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._count = count
        self._closed = False
        for place in range(count):
            threading.Thread(target=_serve, args=(self._jobs,), name=f"{name}-{place}", daemon=True).start()

    async def run(self, function: Callable[[], R]) -> R:
        """Call the function in one of the threads, after those that came before it. RuntimeError after `close`."""
        if self._closed:
            raise RuntimeError(f"The threads {self._name} are closed: nothing runs in them any more.")
        job = _Job(function, asyncio.get_running_loop())
        self._jobs.put(job)
        result: R = await job.future
        return result

    async def close(self) -> None:
        """Let the threads go once they have done what was asked. Nothing runs after this. May be called twice."""
        if self._closed:
            return
        self._closed = True
        barrier = threading.Barrier(self._count)
        waiting = [_Job(barrier.wait, asyncio.get_running_loop()) for _ in range(self._count)]
        for job in (*waiting, *(None for _ in waiting)):
            self._jobs.put(job)
        await asyncio.gather(*(job.future for job in waiting))


def _serve(jobs: "SimpleQueue[_Job | None]") -> None:
    while (job := jobs.get()) is not None:
        job.run()
        del job  # what it holds must not stay until the next one comes
