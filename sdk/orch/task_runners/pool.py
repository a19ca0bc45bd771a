"""A pool of threads that lend their places out while they wait.

A pool has a size, and may have a higher ceiling: it grows towards that while entries wait, none ends, and the process
hardly uses the processor. Its threads then wait for networks and disks, and more of them get more done.
"""

import threading
import time
from _thread import allocate_lock
from collections import deque
from contextvars import Context
from typing import Any, NamedTuple

from orch import blocking
from orch.interrupts.deadlines import deadlines
from orch.states import State
from orch.task_runners import loops
from orch.task_runners.base import Future, Work, crashed

_LOOK_SECONDS = 0.02
"""How often a pool looks whether it should grow, while entries wait."""
_IDLE_SHARE = 0.5
"""Of one processor's time: a process that uses less of it waits for something else."""


class Entry(NamedTuple):
    """Work to be done in a thread."""

    work: Work
    future: Future
    context: Context

    def run(self) -> State[Any]:
        """Do it. Raises nothing."""
        try:
            return self.context.run(self.work)
        except BaseException as error:  # the thread must live on, whatever the engine lets through
            import logging

            logging.getLogger("orch").exception("The engine has failed while it ran %s.", self.future)
            return crashed(error)


class Pool:
    """Up to `size` threads that run entries in the order in which these became ready.

    `_running` counts the workers that run an entry and have not lent their place out. While it is below the size, an
    entry is handed to a worker at once: to one that is idle, or to a new one.
    """

    def __init__(self, size: int, ceiling: int) -> None:
        """Grows from `size` to `ceiling` by need."""
        self._size = size
        self._ceiling = ceiling
        self._growth: _Growth | None = None
        self._lock = allocate_lock()
        self._ready: deque[Entry] = deque()
        self._idle: list[_Worker] = []
        self._workers: set[_Worker] = set()
        self._running = 0
        self._unfinished = 0
        self._done = 0
        self._draining: list[blocking.Waiter] = []
        self._closed = False

    def expect(self) -> None:
        """One more entry has to end before the pool is drained."""
        with self._lock:
            self._unfinished += 1

    def ended(self) -> None:
        """An entry has ended, or is not waited for any more."""
        with self._lock:
            self._done += 1
            self._unfinished -= 1
            drained = list(self._draining) if self._unfinished == 0 else ()
        for waiter in drained:
            waiter.wake()

    def put(self, entry: Entry) -> None:
        """An entry is ready to run."""
        with self._lock:
            self._ready.append(entry)
        self.start_ready()

    def start_ready(self) -> None:
        """Hand entries to workers while there is room."""
        while True:
            with self._lock:
                if not self._ready or self._running >= self._size:
                    self._watch()
                    return
                self._running += 1
                entry = self._ready.popleft()
                if self._idle:
                    self._idle.pop().hand(entry)
                    continue
                worker = _Worker(self, entry)
                self._workers.add(worker)
            if not self._started(worker):
                return

    def _started(self, worker: "_Worker") -> bool:
        try:
            worker.thread.start()
        except RuntimeError as error:
            # The system has no thread left. Those that run take the entry on, later; if none runs, it ends here.
            entry = worker.take()
            with self._lock:
                self._workers.discard(worker)
                self._running -= 1
                others = self._running
                if others and entry is not None:
                    self._ready.appendleft(entry)
            if not others and entry is not None:
                entry.future._finish(crashed(error))
                self.ended()
            return False
        return True

    def next_entry(self, worker: "_Worker") -> Entry | None:
        """What a worker runs next, having ended an entry. None: it is idle from now on, until it is handed one."""
        with self._lock:
            if self._ready and self._running <= self._size:
                return self._ready.popleft()
            self._running -= 1
            if self._closed:
                worker.hand(None)
            else:
                self._idle.append(worker)
        # It may have run beside a full pool, so that an entry had to wait though somebody was idle.
        self.start_ready()
        return None

    def lent(self) -> None:
        """A worker waits inside of an entry: somebody else may run."""
        with self._lock:
            self._running -= 1
        self.start_ready()

    def taken_back(self) -> None:
        """It goes on. For a moment more may run than the size says; no entry is started until that has passed."""
        with self._lock:
            self._running += 1

    def _watch(self) -> None:
        """With the lock held: see after a while whether the pool should grow, if entries wait."""
        if self._ready and self._size < self._ceiling and self._growth is None:
            self._growth = _Growth(self._done, time.monotonic(), time.process_time())
            deadlines().after(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        with self._lock:
            before, self._growth = self._growth, None
            if before is not None and self._ready and before.is_held_up(self._done):
                self._size = min(2 * self._size, self._ceiling)
        self.start_ready()

    def drain(self) -> None:
        """Wait until all entries that were expected have ended."""
        done = False
        while not done:
            # More than one thread may be here: a flow that is stopped while it waits comes back.
            waiter = blocking.Waiter()
            with self._lock:
                self._draining.append(waiter)
                done = self._unfinished == 0
            try:
                if done:
                    waiter.wake()
                else:
                    waiter.wait()
            finally:
                with self._lock:
                    self._draining.remove(waiter)

    def close(self) -> None:
        """End the threads. One whose work was given up ends when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            ending = [worker for worker in self._workers if not worker.given_up]
        for worker in idle:
            worker.hand(None)
        for worker in ending:
            worker.thread.join()

    def left(self, worker: "_Worker") -> None:
        """A worker's thread is about to end."""
        with self._lock:
            self._workers.discard(worker)


class _Growth(NamedTuple):
    """What a pool looked like when entries began to wait."""

    done: int
    time: float
    processor_time: float

    def is_held_up(self, done: int) -> bool:
        """Whether nothing has ended since, and not for want of a processor."""
        elapsed = time.monotonic() - self.time
        return done == self.done and time.process_time() - self.processor_time < _IDLE_SHARE * elapsed


class _Worker:
    """A thread of a pool, and its place there."""

    def __init__(self, pool: Pool, entry: Entry) -> None:
        self.thread = threading.Thread(target=self._work, name="orch-task", daemon=True)
        self._pool = pool
        self._lent = 0
        self._lending = allocate_lock()
        self._entry: Entry | None = entry
        self._handed = allocate_lock()
        self._handed.acquire()
        self._running: Entry | None = None
        self.given_up = False
        """Whether nobody waits for what it runs."""

    def hand(self, entry: Entry | None) -> None:
        """Have it run an entry, once it is idle; None ends the thread."""
        self._entry = entry
        self._handed.release()

    def take(self) -> Entry | None:
        """The entry that it was handed."""
        entry, self._entry = self._entry, None
        return entry

    def lend(self) -> None:
        """Somebody else may run instead of this thread."""
        with self._lending:
            self._lent += 1
            lent = self._lent == 1
        if lent:
            self._pool.lent()

    def take_back(self) -> None:
        """This thread runs again."""
        with self._lending:
            self._lent -= 1
            back = self._lent == 0
        if back:
            self._pool.taken_back()

    def give_up(self) -> None:
        """What it runs does not stop: if its future is done all the same, the pool does not wait for it."""
        with self._lending:
            entry = self._running
            gives_up = entry is not None and entry.future.done() and not self.given_up
            self.given_up = self.given_up or gives_up
        if gives_up:
            self._pool.ended()

    def _work(self) -> None:
        blocking.occupy(self)
        loops.keep_loop()
        try:
            entry = self.take()
            while entry is not None:
                self._run(entry)
                entry = self._pool.next_entry(self)
                if entry is None:
                    self._handed.acquire()
                    entry = self.take()
        finally:
            loops.drop_loop()
            blocking.leave()
            self._pool.left(self)

    def _run(self, entry: Entry) -> None:
        self._running = entry
        entry.future._finish(entry.run())
        with self._lending:
            self._running = None
            given_up, self.given_up = self.given_up, False
        if not given_up:
            self._pool.ended()
