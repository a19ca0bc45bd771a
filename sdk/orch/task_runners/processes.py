"""Tasks in processes of this machine: for work that computes, and for code that must be killed to be stopped."""

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from orch.errors import ConfigurationError
from orch.states import State
from orch.task_runners.base import Future, TaskRunner, Work
from orch.task_runners.child_process import ChildProcess
from orch.task_runners.remote import calling_through
from orch.task_runners.threads import ThreadPoolTaskRunner


class ProcessPoolTaskRunner(TaskRunner):
    """Runs the functions of submitted tasks in up to `max_workers` processes of this machine.

    The processes are started afresh (never forked), import what the tasks need, and are kept for the next task. States,
    retries, caches and hooks stay in the flow's process; the function, its arguments and its result cross over by
    cloudpickle. Tasks and flows that a task calls, and tasks that it submits, run in its process. A timeout or a cancel
    interrupts the function; a process whose code cannot be interrupted is killed. A process that dies takes the one
    task with it, and is replaced; the task is tried again where it has retries, and else CRASHED.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[object, ...] = (),
    ) -> None:
        """`max_workers`: how many processes at a time; one for each processor where it is None.

        `initializer(*initargs)` is called in each process before its first task.
        """
        if max_workers is not None and max_workers < 1:
            raise ConfigurationError(f"max_workers must be at least 1, got {max_workers}.")
        self._max_workers = max_workers
        self._initializer = initializer
        self._initargs = tuple(initargs)
        self._threads = ThreadPoolTaskRunner(max_workers or os.cpu_count() or 1)
        self._lock = threading.Lock()
        self._idle: list[ChildProcess] = []

    def submit(self, work: Work, future: Future, after: Sequence[Future] = ()) -> None:
        """Run `work` once all of `after` are done, its task's function in a process.

        Raises FutureError if the runner is not open.
        """
        self._threads.submit(partial(self._attend, work), future, after)

    def duplicate(self) -> Self:
        """A runner with the same configuration that has not been opened."""
        return type(self)(self._max_workers, initializer=self._initializer, initargs=self._initargs)

    def __enter__(self) -> Self:
        self._threads.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait until everything submitted has ended, then end the processes."""
        self._threads.__exit__(kind, error, traceback)
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()

    def _attend(self, work: Work) -> State[Any]:
        seat = _Seat(self._start)
        with self._lock:
            seat.child = self._idle.pop() if self._idle else None
        try:
            seat.prepare()
            with calling_through(seat.call):
                return work()
        finally:
            child = seat.child
            if child is not None:
                with self._lock:
                    self._idle.append(child)

    def _start(self) -> ChildProcess:
        return ChildProcess(self._initializer, self._initargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProcessPoolTaskRunner) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._max_workers)

    def __reduce__(self) -> tuple[object, ...]:
        return _made, (type(self), *self._key())

    def _key(self) -> tuple[object, ...]:
        return self._max_workers, self._initializer, self._initargs


class _Seat:
    """The process of one task run, while it lasts; another one where it dies."""

    def __init__(self, start: Callable[[], ChildProcess]) -> None:
        self.child: ChildProcess | None = None
        self._start = start

    def prepare(self) -> None:
        """Have a process ready before the run begins: its start is no part of the run's time."""
        try:
            child = self._usable()
            child.wait_until_ready()
        except Exception:
            # Tried again, and told, where the run calls its function.
            self._leave()

    def call(self, function: Callable[[], Any], *, is_async: bool) -> Any:  # noqa: ANN401 (what it returns)
        """Call a function in the process."""
        child = self._usable()
        try:
            return child.call(function, is_async=is_async)
        finally:
            if not child.is_usable:
                self._leave()

    def _usable(self) -> ChildProcess:
        if self.child is not None and not self.child.is_usable:
            # It has died while it was idle.
            self._leave()
        if self.child is None:
            self.child = self._start()
        return self.child

    def _leave(self) -> None:
        child, self.child = self.child, None
        if child is not None:
            child.kill()


def _made(
    kind: type[ProcessPoolTaskRunner],
    max_workers: int | None,
    initializer: Callable[..., object] | None,
    initargs: tuple[object, ...],
) -> ProcessPoolTaskRunner:
    return kind(max_workers, initializer=initializer, initargs=initargs)
