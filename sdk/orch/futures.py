"""Futures: handles to task runs that were submitted and go on elsewhere.

    future = fetch.submit(url)
    future.state            # where it stands now
    future.result()         # waits; the task's result, or its exception raised
    await future            # the same inside an event loop, without blocking it

`wait` and `as_completed` wait for many. A future may be handed to another task, inside of lists and dictionaries too:
that task starts when the future is done, and gets its result.
"""

import os
import time
from _thread import allocate_lock, get_ident
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, TypeVar

from orch import blocking, nested
from orch.states import Pending, State

if TYPE_CHECKING:
    import asyncio

R = TypeVar("R")
Callback = Callable[[Any], object]

# One lock for all futures, held for a few instructions: ten thousand futures carry no lock of their own.
_lock = allocate_lock()
_PENDING: State[Any] = Pending(message="Submitted; waits for what it depends on, and for a place to run.")


def _renew_lock() -> None:
    global _lock
    _lock = allocate_lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


class OrchFuture(Generic[R]):
    """A task run that was submitted. Equal only to itself; of the run it keeps the state and nothing else."""

    __slots__ = ("__weakref__", "_callbacks", "_state", "flow_run_id", "name", "task_run_id")

    def __init__(self, task_run_id: str, *, name: str = "", flow_run_id: str = "") -> None:
        """For task runners and the engine; users get futures from `task.submit` and `task.map`."""
        self.task_run_id = task_run_id
        self.name = name
        self.flow_run_id = flow_run_id
        """The flow run that it belongs to; empty outside of flow runs."""
        self._state: State[R] = _PENDING
        # None from the moment on that the future is done.
        self._callbacks: list[Callback] | None = []

    @property
    def state(self) -> State[R]:
        """The task run's state now."""
        return self._state

    def done(self) -> bool:
        """Whether the task run has ended, well or not."""
        return self._callbacks is None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the task run has ended, at most `timeout` seconds. Returns in either case; raises nothing."""
        if self._callbacks is not None:
            _wait_for_all([self], timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R:
        """Wait, at most `timeout` seconds, and return what the task returned.

        Raises what the task raised, or returns that with raise_on_failure=False; TimeoutError if it has not ended in
        time; MissingResult if its result was not kept.
        """
        self.wait(timeout)
        if self._callbacks is not None:
            raise TimeoutError(f"{self._label()} did not complete within {timeout} seconds.")
        value: R = self._state.result(raise_on_failure=raise_on_failure)
        return value

    def add_done_callback(self, fn: "Callable[[OrchFuture[R]], object]") -> None:
        """Have fn(future) called when the task run ends, in the thread that ends it; at once if it has ended.

        An exception in it is logged and goes no further.
        """
        if not self._on_done(fn):
            _call(fn, self)

    def __await__(self) -> Generator[Any, None, R]:
        if self._callbacks is not None:
            yield from _until_done(self).__await__()
        return self.result()

    def __repr__(self) -> str:
        return f"OrchFuture({self.name or self.task_run_id!r}, {self._state.name})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"The future of {self._label()} cannot be pickled: it belongs to this process. "
            "Pass the future itself to a task, which gets the result, or pass future.result()."
        )

    def _label(self) -> str:
        return f"Task run {self.name!r} ({self.task_run_id})" if self.name else f"Task run {self.task_run_id}"

    def _set_state(self, state: State[R]) -> None:
        """For the engine: the run's state is this now, and not its last one."""
        with _lock:
            if self._callbacks is not None:
                self._state = state

    def _finish(self, state: State[R]) -> bool:
        """For the engine and task runners: the run has ended like this. The first to say so wins; whether it was."""
        with _lock:
            callbacks = self._callbacks
            if callbacks is None:
                return False
            # In this order: whoever sees, without the lock, that it is done, sees the last state.
            self._state = state
            self._callbacks = None
        for callback in callbacks:
            _call(callback, self)
        return True

    def _on_done(self, callback: Callback) -> bool:
        """Have a callback called at the end; False, and it is not called, if the future is done already."""
        with _lock:
            if self._callbacks is None:
                return False
            self._callbacks.append(callback)
        return True

    def _forget(self, callback: Callback) -> None:
        """Take a callback back, if it has not been called."""
        with _lock:
            if self._callbacks is not None and callback in self._callbacks:
                self._callbacks.remove(callback)


class OrchFutureList(list[OrchFuture[R]]):
    """What `task.map` returns: the futures of its task runs, in the order of their arguments."""

    def wait(self, timeout: float | None = None) -> None:
        """Wait until all have ended, at most `timeout` seconds. Returns in either case."""
        wait(self, timeout=timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> list[R]:
        """The results, in the order of the futures, once all have ended.

        The first failure is raised as soon as it happens, though others still run. Raises TimeoutError if not all have
        ended within `timeout` seconds.
        """
        arrived: dict[OrchFuture[R], R] = {}
        arrivals = _Arrivals(self, timeout)
        for future in arrivals:
            arrived[future] = future.result(raise_on_failure=raise_on_failure)
        if arrivals.unfinished:
            raise TimeoutError(f"Timed out waiting for all futures to complete within {timeout} seconds.")
        return [arrived[future] for future in self]


PrefectFuture = OrchFuture
"""The name that flows from Prefect import."""
PrefectFutureList = OrchFutureList
"""The name that flows from Prefect import."""


class DoneAndNotDoneFutures(NamedTuple, Generic[R]):
    """What `wait` returns: the futures that are done, and the others."""

    done: set[OrchFuture[R]]
    not_done: set[OrchFuture[R]]


def wait(futures: Iterable[OrchFuture[R]], timeout: float | None = None) -> DoneAndNotDoneFutures[R]:
    """Wait until all futures are done, at most `timeout` seconds, and say which of them are.

    Raises ValueError if `timeout` is negative.
    """
    _check(timeout)
    unique = set(futures)
    missing = [future for future in unique if not future.done()]
    if missing:
        _wait_for_all(missing, timeout)
    done = {future for future in unique if future.done()}
    return DoneAndNotDoneFutures(done, unique - done)


def as_completed(futures: Iterable[OrchFuture[R]], timeout: float | None = None) -> Iterator[OrchFuture[R]]:
    """Yield each future once, as it is done.

    Raises ValueError if `timeout` is negative, and TimeoutError, from the iterator, if not all are done within that
    many seconds of the first call to it.
    """
    _check(timeout)
    return _completed(_Arrivals(futures, timeout))


def _completed(arrivals: "_Arrivals[R]") -> Iterator[OrchFuture[R]]:
    yield from arrivals
    if arrivals.unfinished:
        raise TimeoutError(f"{arrivals.unfinished} (of {arrivals.total}) futures unfinished.")


def futures_in(value: object) -> list[OrchFuture[Any]]:
    """The futures in a value, and in collections inside of it, each once; not those in `quote`."""
    return nested.find(value, _FUTURES)  # type: ignore[return-value]


def resolve(value: object, visit: nested.Swap) -> Any:  # noqa: ANN401 (whatever was handed in)
    """The value with each future and state in it replaced by visit(it, annotation), and without annotations.

    `annotation` is the innermost mark around it (`allow_failure`, `opaque`), or None. Collections are copied only where
    something in them changes.
    """
    return nested.substitute(value, _FUTURES_AND_STATES, visit)


_FUTURES = (OrchFuture,)
_FUTURES_AND_STATES = (OrchFuture, State)


def _check(timeout: float | None) -> None:
    if timeout is not None and timeout < 0:
        raise ValueError(f"'timeout' must be a non-negative number of seconds, got {timeout}.")


def _call(callback: Callback, future: OrchFuture[Any]) -> None:
    try:
        callback(future)
    except Exception:
        import logging

        logging.getLogger("orch").exception(
            "A done callback of %s has failed; the task run is not touched by it.", future
        )


class _Wake:
    """Callback of many futures; wakes the one thread that waits now, if `arrived(future)` says that it should."""

    __slots__ = ("_arrived", "waiter")

    def __init__(self, arrived: Callable[[Any], bool]) -> None:
        self._arrived = arrived
        self.waiter: blocking.Waiter | None = None

    def __call__(self, future: object) -> None:
        if self._arrived(future) and self.waiter is not None:
            self.waiter.wake()


def _wait_for_all(futures: list[OrchFuture[Any]], timeout: float | None) -> None:
    left = len(futures)

    def arrived(_: object) -> bool:
        nonlocal left
        with _lock:
            left -= 1
        return left <= 0

    wake = _Wake(arrived)
    for future in futures:
        if not future._on_done(wake):
            arrived(future)
    try:
        _sleep_until(lambda: left <= 0, wake, _deadline(timeout))
    finally:
        if left > 0:
            for future in futures:
                future._forget(wake)


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _sleep_until(reached: Callable[[], bool], wake: _Wake, deadline: float | None) -> None:
    while not reached():
        remaining = None if deadline is None else deadline - time.monotonic()
        if remaining is not None and remaining <= 0:
            return
        # Made before the question is asked again: what arrives in between wakes it.
        wake.waiter = waiter = blocking.Waiter()
        if reached():
            waiter.wake()
            return
        waiter.wait(remaining)


class _Arrivals(Generic[R]):
    """The futures of a collection in the order in which they are done, until all are or time is up."""

    def __init__(self, futures: Iterable[OrchFuture[R]], timeout: float | None) -> None:
        _check(timeout)
        self._futures = dict.fromkeys(futures)
        self._timeout = timeout
        self._arrived: deque[OrchFuture[R]] = deque()
        self.total = self.unfinished = len(self._futures)

    def __iter__(self) -> Iterator[OrchFuture[R]]:
        deadline = _deadline(self._timeout)
        wake = _Wake(self._arrive)
        for future in self._futures:
            if not future._on_done(wake):
                self._arrived.append(future)
        try:
            while self.unfinished:
                _sleep_until(lambda: bool(self._arrived), wake, deadline)
                if not self._arrived:
                    return
                self.unfinished -= 1
                yield self._arrived.popleft()
        finally:
            if self.unfinished:
                for future in self._futures:
                    future._forget(wake)

    def _arrive(self, future: OrchFuture[R]) -> bool:
        self._arrived.append(future)
        return True


async def _until_done(future: OrchFuture[Any]) -> None:
    """Wait inside an event loop. A pool's thread that runs the loop lends its place meanwhile."""
    import asyncio

    loop = asyncio.get_running_loop()
    arrival: asyncio.Future[None] = loop.create_future()

    def tell(_: object) -> None:
        try:
            loop.call_soon_threadsafe(_arrive, arrival)
        except RuntimeError:
            # The loop was closed while the task went on: nobody waits any more.
            if not loop.is_closed():
                raise

    place = blocking.place_of(get_ident())
    if place is not None:
        place.lend()
    try:
        if future._on_done(tell):
            await arrival
    finally:
        if place is not None:
            place.take_back()
        future._forget(tell)


def _arrive(arrival: "asyncio.Future[None]") -> None:
    if not arrival.done():
        arrival.set_result(None)
