"""Queues for names: one claim at a time is granted, in this process and, by a file, among all of the machine.

    claim = claims.claim("some name", path=Path("…/some name.lock"))
    claim.wait()                # or wrap claim.granted for asyncio
    ...
    claim.release()

Within a process claims are granted in their order. The process, not each claim, holds the lock of the file, and hands
it from one claim to the next. A process that must wait for another does so in a thread of its own: neither an event
loop nor a pool's threads are held up.
"""

import os
import threading
from collections import deque
from concurrent.futures import Future
from pathlib import Path

from orch.blocking import Waiter
from orch.locking.file_locks import FileLock, is_supported, lock_file


class Claim:
    """A place in the queue for a name."""

    __slots__ = ("_queue", "_released", "granted")

    def __init__(self, queue: "_Queue") -> None:
        """Made by `claim()`."""
        self._queue = queue
        self._released = False
        self.granted: Future[None] = Future()
        """Done when it is this claim's turn. Cancelling it has no effect: `release()` leaves the queue."""
        self.granted.set_running_or_notify_cancel()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until it is granted, at most so long; whether it is."""
        if not self.granted.done():
            waiter = Waiter()
            self.granted.add_done_callback(waiter.wake)
            waiter.wait(timeout_seconds)
        return self.granted.done()

    @property
    def is_held(self) -> bool:
        """Whether it is granted, and was not released."""
        return self.granted.done() and not self._released

    def release(self) -> None:
        """Leave the queue, or let the next one have its turn. Doing so twice does nothing."""
        following = None
        with _lock:
            if self._released:
                return
            self._released = True
            if self._queue.owner is self:
                following = self._queue.next()
            elif self in self._queue.waiting:
                self._queue.waiting.remove(self)
        _grant(following)


class _Queue:
    """Who has a name, and who waits for it. Changed under the lock of this module only."""

    __slots__ = ("file", "name", "owner", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.file: FileLock | None = None
        self.owner: Claim | None = None
        self.waiting: deque[Claim] = deque()

    def next(self) -> Claim | None:
        """Give the name to the next claim, or give it up."""
        self.owner = self.waiting.popleft() if self.waiting else None
        if self.owner is None:
            if _queues.get(self.name) is self:
                del _queues[self.name]
            if self.file is not None:
                self.file.release()
                self.file = None
        return self.owner


_lock = threading.Lock()
_queues: dict[str, _Queue] = {}


def claim(name: str, *, path: Path | None = None) -> Claim:
    """Ask for a name. `path` is a file that stands for it among processes; None: within this process only.

    Where the file cannot be used (a directory that is read-only, a file system without locks), a warning is logged, and
    the claim counts within this process.
    """
    with _lock:
        queue = _queues.get(name)
        is_first = queue is None
        if queue is None:
            queue = _queues[name] = _Queue(name)
        new = Claim(queue)
        queue.waiting.append(new)
    if is_first:
        try:
            _begin(queue, path if is_supported() else None)
        except BaseException:
            # A timeout can interrupt this thread anywhere: those who have come meanwhile must not wait for nobody.
            new.release()
            _take(queue, None)
            raise
    return new


def _begin(queue: _Queue, path: Path | None) -> None:
    """Get the name for this process, at once or in a thread."""
    if path is None:
        _take(queue, None)
        return
    try:
        file = lock_file(path, wait=False)
    except OSError as error:
        _warn(path, error)
        _take(queue, None)
        return
    if file is not None:
        _take(queue, file)
        return
    threading.Thread(target=_wait_for_others, args=(queue, path), name="orch-lock", daemon=True).start()


def _wait_for_others(queue: _Queue, path: Path) -> None:
    try:
        file = lock_file(path, wait=True)
    except OSError as error:
        _warn(path, error)
        file = None
    _take(queue, file)


def _take(queue: _Queue, file: FileLock | None) -> None:
    with _lock:
        if queue.owner is not None or _queues.get(queue.name) is not queue:
            # An interrupt has come between, and the queue went on without the file.
            if file is not None:
                file.release()
            return
        queue.file = file
        following = queue.next()
    _grant(following)


def _grant(following: Claim | None) -> None:
    # Outside of the lock: whoever waits may go on in this very call.
    if following is not None:
        following.granted.set_result(None)


def _warn(path: Path, error: OSError) -> None:
    from orch.logging import get_logger

    get_logger("caching").warning(
        "The lock %s cannot be used (%s). Other processes may compute the same at the same time; results stay right.",
        path,
        error,
    )


def _forget() -> None:
    """After a fork: what the parent holds is the parent's."""
    global _lock
    _lock = threading.Lock()
    for queue in _queues.values():
        if queue.file is not None:
            queue.file.forget()
    _queues.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
