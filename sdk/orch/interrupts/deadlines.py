"""All deadlines of the process, kept by one thread."""

import os
import threading
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

_COMPACT_FROM = 256
"""Cancelled entries that may stay in the heap before it is worth cleaning."""


class Alarm:
    """Something to be done at a time."""

    __slots__ = ("action", "order", "when")

    def __init__(self, when: float, order: int, action: Callable[[], None]) -> None:
        self.when = when
        self.order = order
        self.action: Callable[[], None] | None = action

    def __lt__(self, other: "Alarm") -> bool:
        return (self.when, self.order) < (other.when, other.order)


class Deadlines:
    """Does things at their times, in a thread of its own that starts with the first."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._heap: list[Alarm] = []
        self._cancelled = 0
        self._order = count()
        self._thread: threading.Thread | None = None

    def after(self, seconds: float, action: Callable[[], None]) -> Alarm:
        """Have something done after so many seconds. It must be short, and raise nothing."""
        alarm = Alarm(time.monotonic() + seconds, next(self._order), action)
        with self._changed:
            heappush(self._heap, alarm)
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="orch-deadlines", daemon=True)
                self._thread.start()
            elif self._heap[0] is alarm:
                self._changed.notify()
        return alarm

    def cancel(self, alarm: Alarm) -> None:
        """Do not do it, unless that has begun."""
        with self._changed:
            if alarm.action is None:
                return
            # Left in the heap without what it holds; its time comes, or a cleaning.
            alarm.action = None
            self._cancelled += 1
            if self._cancelled > _COMPACT_FROM and self._cancelled * 2 > len(self._heap):
                self._heap = [each for each in self._heap if each.action is not None]
                heapify(self._heap)
                self._cancelled = 0

    def _keep(self) -> None:
        while True:
            action = self._next()
            try:
                action()
            except Exception:
                import logging

                # The thread serves everybody: it must not die of one deadline.
                logging.getLogger("orch").exception("A deadline could not be kept.")

    def _next(self) -> Callable[[], None]:
        """Wait for the next deadline, and take it out."""
        with self._changed:
            while True:
                if not self._heap:
                    self._changed.wait()
                    continue
                left = self._heap[0].when - time.monotonic()
                if left > 0:
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                    continue
                alarm = heappop(self._heap)
                action, alarm.action = alarm.action, None
                if action is not None:
                    return action
                self._cancelled -= 1


_kept: list[Deadlines] = []


def deadlines() -> Deadlines:
    """Those of this process."""
    if not _kept:
        _kept.append(Deadlines())
    return _kept[0]


if hasattr(os, "register_at_fork"):  # not on Windows
    # Threads do not survive a fork: the child keeps its own deadlines.
    os.register_at_fork(after_in_child=_kept.clear)
