"""Tasks in threads of this process: the default task runner."""

import os
from collections.abc import Sequence
from contextvars import copy_context
from types import TracebackType
from typing import Self

from orch.errors import ConfigurationError
from orch.task_runners.base import Future, TaskRunner, Work, not_open, once_done
from orch.task_runners.pool import Entry, Pool

FIRST_WORKERS = min(64, 16 + 4 * (os.cpu_count() or 1))
"""Threads of a runner that was not told how many …"""
MOST_WORKERS = 256
"""… and how many they may become, while tasks wait for networks and disks rather than for the processor."""


class ThreadPoolTaskRunner(TaskRunner):
    """Runs submitted tasks in up to `max_workers` threads of this process.

    A task that waits for other tasks lends its thread's place out meanwhile, so that tasks which submit tasks never use
    the pool up, however deep they nest. A task that waits for its inputs takes no thread. Threads start when they are
    needed and stay until the runner is closed.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        """`max_workers`: how many tasks run at a time.

        Where it is None: 20 to 64 by the number of processors, and up to 256 while tasks that could run are held up
        by others that wait for something else than the processor.
        """
        if max_workers is not None and max_workers < 1:
            raise ConfigurationError(f"max_workers must be at least 1, got {max_workers}.")
        self._max_workers = max_workers
        self._pool: Pool | None = None

    def submit(self, work: Work, future: Future, after: Sequence[Future] = ()) -> None:
        """Run `work` in a thread once all of `after` are done. Raises FutureError if the runner is not open."""
        pool = self._pool
        if pool is None:
            raise not_open(self)
        entry = Entry(work, future, copy_context())
        pool.expect()
        if after:
            once_done(after, lambda: pool.put(entry))
        else:
            pool.put(entry)

    def duplicate(self) -> Self:
        """A runner with as many threads that has not been opened."""
        return type(self)(self._max_workers)

    def __enter__(self) -> Self:
        self._pool = Pool(self._max_workers or FIRST_WORKERS, self._max_workers or MOST_WORKERS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait until everything submitted has ended, then end the threads."""
        pool = self._pool
        if pool is not None:
            pool.drain()
            self._pool = None
            pool.close()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ThreadPoolTaskRunner) and self._max_workers == other._max_workers

    def __hash__(self) -> int:
        return hash((type(self), self._max_workers))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._max_workers,)
