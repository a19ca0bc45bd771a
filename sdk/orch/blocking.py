"""How a thread waits inside the SDK.

A waiting thread is woken by what it waits for, by a timeout, or by an interrupt (`orch.interrupts`). A thread that
belongs to a task runner's pool lends its place while it waits, so that tasks which wait for tasks cannot use a pool up.
Whoever wakes it takes the place back for it, at that instant: by the time that the waker's own place is free again,
the woken thread's is counted, and a pool does not grow past its size.
"""

import time
from _thread import TIMEOUT_MAX, allocate_lock, get_ident
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


class Place(Protocol):
    """A thread's place in a pool. Calls nest: lent twice, it has to be taken back twice."""

    def lend(self) -> None:
        """Somebody else may run instead of this thread. From any thread."""

    def take_back(self) -> None:
        """This thread runs again. From any thread; never blocks."""

    def give_up(self) -> None:
        """What runs in this thread does not stop: if its run has ended all the same, nobody waits for it any more."""


_places: dict[int, Place] = {}
_waiting: "dict[int, Waiter]" = {}


def occupy(place: Place) -> None:
    """The calling thread has this place in a pool, until `leave`."""
    _places[get_ident()] = place


def leave() -> None:
    """The calling thread has no place in a pool any more."""
    del _places[get_ident()]


def place_of(thread_id: int) -> Place | None:
    """The place that a thread has in a pool, if it has one."""
    return _places.get(thread_id)


def interrupt(thread_id: int, error: BaseException) -> bool:
    """Have a thread that waits here raise this from its wait, now. False, and no effect, if it does not wait."""
    waiter = _waiting.get(thread_id)
    return waiter is not None and waiter.fail(error)


class Waiter:
    """One wait of one thread. `wake` may come before `wait`, from any thread, and any number of times."""

    __slots__ = ("_asleep", "_error", "_first", "_place")

    def __init__(self, *, lends: bool = True) -> None:
        """To be made by the thread that is going to wait: its place in a pool is lent from here on, if `lends`."""
        self._asleep = allocate_lock()
        self._asleep.acquire()
        self._first = allocate_lock()
        self._error: BaseException | None = None
        self._place = _places.get(get_ident()) if lends else None
        if self._place is not None:
            self._place.lend()

    def wake(self, _: object = None) -> None:
        """End the wait. Takes any argument, so that it can be a callback."""
        # The first to get this lock ends the wait; nobody gives it back.
        if self._first.acquire(blocking=False):
            self._end()

    def fail(self, error: BaseException) -> bool:
        """End the wait with an error; False if it has ended already."""
        if not self._first.acquire(blocking=False):
            return False
        self._error = error
        self._end()
        return True

    def _end(self) -> None:
        if self._place is not None:
            self._place.take_back()
        self._asleep.release()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for `wake`, at most so long; whether it came. Raises what `fail` was given."""
        thread_id = get_ident()
        outer = _waiting.get(thread_id)
        _waiting[thread_id] = self
        try:
            woken = self._asleep.acquire(timeout=-1 if timeout_seconds is None else _within_bounds(timeout_seconds))
        finally:
            if outer is None:
                del _waiting[thread_id]
            else:
                # A signal handler, or a destructor, waited inside of another wait.
                _waiting[thread_id] = outer
            self.wake()
        if self._error is not None:
            raise self._error
        return woken


def result_of(future: "Future[T]") -> T:
    """Wait for a future, and give its result or raise what it raises."""
    if not future.done():
        waiter = Waiter()
        future.add_done_callback(waiter.wake)
        waiter.wait()
    return future.result()


def _within_bounds(seconds: float) -> float:
    return min(max(0.0, seconds), TIMEOUT_MAX)


def sleep(seconds: float) -> None:
    """As time.sleep, but an interrupt ends it in any thread, and a pool's thread lends its place meanwhile."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        Waiter().wait(left)
