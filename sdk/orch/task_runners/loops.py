"""Event loops for coroutines that run in a thread of their own: one a thread, kept for the next coroutine."""

from _thread import get_ident
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

# asyncio takes a while to import, and scripts without coroutines do not need it: imported where it is used.

R = TypeVar("R")


class ThreadLoop:
    """The event loop of one thread, made when it is first needed. Used and closed by that thread only."""

    __slots__ = ("_runner",)

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def run(self, coroutine: "Coroutine[Any, Any, R]") -> R:
        """Run a coroutine to its end, in the caller's context. Tasks that it leaves behind are cancelled.

        Raises RuntimeError if a loop runs in this thread already.
        """
        import asyncio

        if asyncio._get_running_loop() is not None:
            coroutine.close()
            raise RuntimeError("An event loop runs in this thread already; `await` the coroutine there instead.")
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            return self._runner.run(coroutine, context=copy_context())
        finally:
            _end_tasks(self._runner)

    def close(self) -> None:
        """Close the loop, if there is one."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None


_loops: dict[int, ThreadLoop] = {}
"""By thread id: the loops of threads that belong to a pool."""


def keep_loop() -> None:
    """The calling thread uses one loop for every coroutine, until `drop_loop`."""
    _loops[get_ident()] = ThreadLoop()


def drop_loop() -> None:
    """The calling thread ends: its loop is closed."""
    _loops.pop(get_ident()).close()


def run_coroutine(coroutine: "Coroutine[Any, Any, R]") -> R:
    """Run a coroutine in the calling thread until it ends, in the caller's context.

    A pool's thread uses its own loop again and again; any other thread gets one for this call. Raises RuntimeError if a
    loop runs in this thread already.
    """
    kept = _loops.get(get_ident())
    if kept is not None:
        return kept.run(coroutine)
    single = ThreadLoop()
    try:
        return single.run(coroutine)
    finally:
        single.close()


def _end_tasks(runner: "asyncio.Runner") -> None:
    """Cancel what a coroutine has started and not awaited, as `asyncio.run` does at its end."""
    import asyncio

    loop = runner.get_loop()
    left = asyncio.all_tasks(loop)
    if not left:
        return
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    for task in left:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {
                    "message": "A task that was left behind failed while it ended.",
                    "exception": task.exception(),
                    "task": task,
                }
            )
