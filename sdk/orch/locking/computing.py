"""The right to compute what belongs under a key."""

import threading
from concurrent.futures import Future
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from orch.locking import claims


class LockManager(Protocol):
    """What a policy's own lock manager must be able to do."""

    def acquire_lock(self, key: str, holder: str) -> bool:
        """Wait until the holder has the key; whether it has."""
        ...

    def release_lock(self, key: str, holder: str) -> None:
        """The holder does not need the key any more."""
        ...


class _Right(Protocol):
    """A claim, or what a lock manager was asked for."""

    granted: "Future[None]"

    @property
    def is_held(self) -> bool: ...

    def wait(self, timeout_seconds: float | None = None) -> bool: ...

    def release(self) -> None: ...


_computing: ContextVar[tuple[tuple[str, _Right], ...]] = ContextVar("orch_computing", default=())
"""What the code around is computing: threads and asyncio tasks that it starts are inside of it as well."""


class Computing:
    """One use of the right. It is asked for as soon as this is made, and had when `granted` is done."""

    def __init__(self, name: str, *, key: str, path: Path | None, lock_manager: LockManager | None) -> None:
        """Made by `Cache.computing`, in the context that is going to compute."""
        self._name = name
        self._right: _Right | None = None
        if any(each == name and right.is_held for each, right in _computing.get()):
            return
        self._right = _Managed(key, lock_manager) if lock_manager is not None else claims.claim(name, path=path)
        _computing.set((*_computing.get(), (name, self._right)))

    @property
    def granted(self) -> "Future[None]":
        """Done when it is this one's turn; fails with what a lock manager raises. To be awaited, not cancelled."""
        if self._right is not None:
            return self._right.granted
        at_once: Future[None] = Future()
        at_once.set_result(None)
        return at_once

    def release(self) -> None:
        """Let others have their turn, or stop waiting. Doing so twice does nothing."""
        if self._right is not None:
            mine = (self._name, self._right)
            _computing.set(tuple(each for each in _computing.get() if each != mine))
            self._right.release()

    def __enter__(self) -> Self:
        """Wait for its turn."""
        try:
            if self._right is not None:
                self._right.wait()
                self._right.granted.result()
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let others have their turn."""
        self.release()

    async def __aenter__(self) -> Self:
        """Wait for its turn, without holding up the event loop."""
        from asyncio import wrap_future

        try:
            if not self.granted.done():
                await wrap_future(self.granted)
            self.granted.result()
        except BaseException:
            self.release()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let others have their turn."""
        self.release()


class NotExclusive(Computing):
    """Had by everybody at once."""

    def __init__(self) -> None:
        """No name, no right."""
        self._right = None


class _Managed:
    """A key that a lock manager was asked for. Managers block, so each is asked in a thread of its own."""

    def __init__(self, key: str, manager: LockManager) -> None:
        from uuid import uuid4

        self._key = key
        self._manager = manager
        self._holder = str(uuid4())
        self._released = False
        self._lock = threading.Lock()
        self.granted: Future[None] = Future()
        self.granted.set_running_or_notify_cancel()
        threading.Thread(target=self._acquire, name="orch-lock", daemon=True).start()

    def _acquire(self) -> None:
        try:
            if not self._manager.acquire_lock(self._key, self._holder):
                raise TimeoutError(f"The lock manager {self._manager!r} did not grant the key {self._key!r}.")
        # The manager is the user's code; whoever waits is told what it raises.
        except Exception as error:
            self.granted.set_exception(error)
            return
        with self._lock:
            if not self._released:
                self.granted.set_result(None)
                return
        # Nobody waits for it any more.
        self._manager.release_lock(self._key, self._holder)
        self.granted.set_result(None)

    @property
    def is_held(self) -> bool:
        return self.granted.done() and self.granted.exception() is None and not self._released

    def wait(self, timeout_seconds: float | None = None) -> bool:
        if not self.granted.done():
            from orch.blocking import Waiter

            waiter = Waiter()
            self.granted.add_done_callback(waiter.wake)
            waiter.wait(timeout_seconds)
        return self.granted.done()

    def release(self) -> None:
        with self._lock:
            held = self.is_held
            self._released = True
        if held:
            self._manager.release_lock(self._key, self._holder)
