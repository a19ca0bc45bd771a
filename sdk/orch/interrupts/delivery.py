"""How an error gets into code that runs in a thread.

    it waits inside the SDK      the wait raises it (`orch.blocking`)
    the main thread              a signal, whose handler raises it: system calls are interrupted as well
    any other thread             an asynchronous exception, raised at the next line of Python

None of them strikes while the SDK's own code is at work in the thread, called by the user's code: locks and counters
there stay whole. The attempt is made again a few milliseconds later. What tells user code from the SDK's is the stack:
the innermost frame of the SDK must be the one that calls user code, marked with `runs_user_code`.

SIGURG is the signal: it is ignored unless somebody handles it, so that a late one does no harm, and a handler of the
user's own is put back when the code has ended. Where there are no signals, the main thread is as any other.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from orch import blocking

if TYPE_CHECKING:
    from orch.interrupts.targets import Stoppable

F = TypeVar("F", bound=Callable[..., Any])

_user_code_runners: set[CodeType] = set()


def runs_user_code(function: F) -> F:
    """Marks a function that calls user code, and does nothing else. Its first argument is the Stoppable, `stop`."""
    _user_code_runners.add(function.__code__)
    return function


def by_exception(stop: "Stoppable") -> None:
    """Into any thread. Code that does not get to its next line of Python does not notice."""
    frame = sys._current_frames().get(stop.thread_id)
    if _waits_in(frame, stop):
        return
    if _interruptible(frame, stop) and not _reserved(stop):
        _sent[stop.thread_id] = stop
        _set_exception(stop.thread_id, _raising(stop))


def by_signal(stop: "Stoppable") -> None:
    """Into the main thread, while it listens."""
    frame = sys._current_frames().get(stop.thread_id)
    if _waits_in(frame, stop):
        return
    if _interruptible(frame, stop):
        _main.expected.append(stop)
        signal.pthread_kill(stop.thread_id, signal.SIGURG)


def withdraw(stop: "Stoppable") -> None:
    """In the thread itself, when its code has ended: an exception that has been sent and not raised is taken back."""
    if _sent.get(stop.thread_id) is stop:
        _set_exception(stop.thread_id, None)
        del _sent[stop.thread_id]


def listen() -> bool:
    """In the main thread: have `by_signal` work until `unlisten`. False in another thread, or where there is no way."""
    if threading.get_ident() != _main.thread_id or not _has_signals:
        return False
    return _main.listen()


def unlisten() -> None:
    """Undoes one `listen`."""
    _main.unlisten()


# The functions of `signal` without the enums that it makes of numbers: five times as fast, and called for every flow.
_get_handler: Callable[[int], Any] = getattr(signal.getsignal, "__wrapped__", signal.getsignal)
_set_handler: Callable[[int, Any], Any] = getattr(signal.signal, "__wrapped__", signal.signal)
_has_signals = hasattr(signal, "pthread_kill") and hasattr(signal, "SIGURG")


class _MainThread:
    """Listens for the signal while code runs that it may interrupt."""

    def __init__(self) -> None:
        self.thread_id = threading.main_thread().ident
        self.expected: list[Stoppable] = []
        self._listeners = 0
        self._previous: Any = None

    def listen(self) -> bool:
        if self._listeners == 0:
            current = _get_handler(signal.SIGURG)
            if current is None:
                # Handled by native code: not ours to replace.
                return False
            if current != self._arrived:
                self._previous = current
                _set_handler(signal.SIGURG, self._arrived)
        self._listeners += 1
        return True

    def unlisten(self) -> None:
        self._listeners -= 1
        if self._listeners == 0:
            self.expected.clear()
            # One that the user's code has put there in the meantime stays. Where there was none, ours stays: it does
            # nothing now, as if there were none, and the next call needs no system call.
            if self._previous != signal.SIG_DFL and _get_handler(signal.SIGURG) == self._arrived:
                _set_handler(signal.SIGURG, self._previous)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        expected, self.expected = self.expected, []
        for stop in expected:
            if stop.error is not None and not (stop.closed or stop.delivered) and _interruptible(frame, stop):
                stop.delivered = True
                raise stop.error
        if not expected and callable(self._previous):
            self._previous(number, frame)


_main = _MainThread()


def _after_fork() -> None:
    """The thread that forked is the child's main thread, and nothing has been sent in the child."""
    _main.thread_id = threading.get_ident()
    _sent.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


def _interruptible(frame: FrameType | None, stop: "Stoppable") -> bool:
    """Whether user code runs innermost, and belongs to this call, or to one that this call has made."""
    while frame is not None and frame.f_code not in _user_code_runners:
        if _is_ours(frame):
            return False
        frame = frame.f_back
    return _contains(frame, stop)


def _contains(frame: FrameType | None, stop: "Stoppable") -> bool:
    while frame is not None:
        if frame.f_code in _user_code_runners and frame.f_locals.get("stop") is stop:
            return True
        frame = frame.f_back
    return False


def _is_ours(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and (name == "orch" or name.startswith("orch."))


def _waits_in(frame: FrameType | None, stop: "Stoppable") -> bool:
    """Whether the call's code waited inside the SDK, and its wait was ended with the error."""
    if stop.error is None or not _contains(frame, stop) or not blocking.interrupt(stop.thread_id, stop.error):
        return False
    stop.delivered = True
    return True


_sent: "dict[int, Stoppable]" = {}
"""By thread: the call for which an exception is under way."""


def _reserved(stop: "Stoppable") -> bool:
    """Whether another call's exception is under way to the thread; it would be lost."""
    other = _sent.get(stop.thread_id)
    return other is not None and other is not stop and not (other.delivered or other.closed)


def _raising(stop: "Stoppable") -> type[BaseException]:
    """A class which, raised, raises the very error of the call: only classes can be sent to threads."""

    def arrive(_: type) -> BaseException | None:
        stop.delivered = True
        return stop.error

    return type("Arriving", (BaseException,), {"__new__": arrive})


def _set_exception(thread_id: int, kind: type[BaseException] | None) -> None:
    # ctypes is slow to import, and seldom needed.
    import ctypes

    exception = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), exception)
