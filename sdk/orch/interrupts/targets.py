"""What is stopped: a call under way, and the target that others hold for it."""

import time
from _thread import allocate_lock, get_ident
from collections.abc import Callable
from typing import Protocol

from orch import blocking
from orch.errors import TimeoutInterrupt
from orch.interrupts.deadlines import Alarm, deadlines

_FIRST_RETRY_SECONDS = 0.005
_LAST_RETRY_SECONDS = 0.05
UNREACHED_SECONDS = 0.2
"""How long code may take to notice an interrupt before it counts as overdue: it is native code, or sleeps in it."""
UNFINISHED_SECONDS = 10.0
"""How long code that has noticed an interrupt may clean up before it counts as overdue."""


class Delivery(Protocol):
    """A way to get an error into running code."""

    def __call__(self, stop: "Stoppable") -> None:
        """Try once to raise `stop.error` in the code, and set `stop.delivered` when it was raised."""


class Target:
    """Stops whatever runs under it. Before, it does not start; after, nothing happens."""

    __slots__ = ("_running", "error")

    def __init__(self) -> None:
        self.error: BaseException | None = None
        """What it was interrupted with."""
        self._running: Stoppable | None = None

    def interrupt(self, error: BaseException) -> bool:
        """Raise this in the code that runs under the target. From any thread; only the first counts; whether it did."""
        with _first:
            if self.error is not None:
                return False
            self.error = error
        running = self._running
        if running is not None:
            running.stop(error)
        return True

    def _enter(self, running: "Stoppable") -> "Stoppable | None":
        """This runs under the target from now on. Returns what did before. Raises what the target was stopped with."""
        outer, self._running = self._running, running
        # Looked at after it was set: an interrupt that comes in between is not lost.
        if self.error is not None:
            self._running = outer
            raise self.error
        return outer

    def _leave(self, outer: "Stoppable | None") -> None:
        self._running = outer


_first = allocate_lock()


class Stoppable:
    """One call under way: stopped at most once, and never after it was closed."""

    __slots__ = (
        "_alarm",
        "_deliver",
        "_lent",
        "_on_overdue",
        "_retry_seconds",
        "_since",
        "closed",
        "delivered",
        "error",
        "lock",
        "overdue",
        "thread_id",
        "timed_out",
    )

    def __init__(self, deliver: Delivery, on_overdue: Callable[[], None] | None) -> None:
        """Made in the thread that runs the code."""
        self.thread_id = get_ident()
        self.lock = allocate_lock()
        """Held while an error is delivered: the call cannot be closed meanwhile."""
        self.error: BaseException | None = None
        """What it is stopped with."""
        self.timed_out = False
        """Whether that came from its deadline."""
        self.delivered = False
        """Whether it was raised in the code."""
        self.overdue = False
        """Whether the code was given up: it did not stop."""
        self.closed = False
        self._deliver = deliver
        self._on_overdue = on_overdue
        self._alarm: Alarm | None = None
        self._lent: blocking.Place | None = None
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._since = 0.0

    def stop_after(self, seconds: float) -> None:
        """Stop it when it has not ended in time."""
        self._alarm = deadlines().after(seconds, self._time_is_up)

    def stop(self, error: BaseException) -> None:
        """Raise this in it, unless it was stopped before. From any thread."""
        if self._stopped(error):
            # Tried by the thread of the deadlines: it may take more than one try, and nobody should wait for that.
            deadlines().after(0.0, self._try)

    def close(self) -> None:
        """It has ended. May be called again if it was broken off."""
        with self.lock:
            self.closed = True
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            deadlines().cancel(alarm)
        lent, self._lent = self._lent, None
        if lent is not None:
            lent.take_back()

    def _stopped(self, error: BaseException) -> bool:
        with self.lock:
            if self.closed or self.error is not None:
                return False
            self.error = error
            self._since = time.monotonic()
            return True

    def _time_is_up(self) -> None:
        if self._stopped(TimeoutInterrupt("The time for this code is up.")):
            self.timed_out = True
            self._try()

    def _try(self) -> None:
        """Deliver the error, come back until it has arrived, and see whether the code ends."""
        with self.lock:
            if self.closed:
                return
            if not self.delivered:
                self._deliver(self)
        if not self.overdue and time.monotonic() - self._since >= self._patience_seconds():
            self._give_up()
        if not (self.overdue and self.delivered):
            deadlines().after(self._retry_seconds, self._try)
            self._retry_seconds = min(2 * self._retry_seconds, _LAST_RETRY_SECONDS)

    def _patience_seconds(self) -> float:
        return UNFINISHED_SECONDS if self.delivered else UNREACHED_SECONDS

    def _give_up(self) -> None:
        """The code does not end: whoever waits for it need not, and its place in a pool is free."""
        place = blocking.place_of(self.thread_id)
        with self.lock:
            if self.closed:
                return
            self.overdue = True
            if place is not None:
                place.lend()
                self._lent = place
        if self._on_overdue is not None:
            self._on_overdue()
        with self.lock:
            if place is not None and not self.closed:
                place.give_up()
