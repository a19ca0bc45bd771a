"""How a process with records ends: whatever ends it in order, they are delivered, or kept on disk for the next one."""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from orch.errors import TerminationSignal

_registered_by = 0
"""The process that has registered what it does at its end; 0 for none."""


def close_at_exit() -> None:
    """Close this process's recorder when the process ends. Again it does nothing."""
    global _registered_by
    inherited, mine = _registered_by != 0, _registered_by == os.getpid()
    if mine:
        return
    _registered_by = os.getpid()
    if not inherited:
        # A forked child has its parent's.
        atexit.register(_close)
    if _is_multiprocessing_child():
        # One that was forked ends without atexit.
        util: Any = sys.modules["multiprocessing.util"]
        util.Finalize(None, _close, exitpriority=0)


def may_end_any_moment() -> bool:
    """Whether nobody may be asked before this process ends, so that each run is delivered when it ends.

    So are the processes of `multiprocessing`, whose pools end them by SIGTERM when the work is done; and a process that
    is ending already, where a handler of the program's own for that runs a flow.
    """
    return _is_multiprocessing_child() or not threading.main_thread().is_alive()


def _is_multiprocessing_child() -> bool:
    process = sys.modules.get("multiprocessing.process")
    return (
        process is not None
        and "multiprocessing.util" in sys.modules
        and getattr(process, "parent_process", _none)() is not None
    )


@contextmanager
def heeding_termination() -> Iterator[None]:
    """Inside, SIGTERM raises TerminationSignal where it would end the process on the spot."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise TerminationSignal


def _close() -> None:
    from orch.recording.recorder import close_recorder

    try:
        close_recorder()
    except KeyboardInterrupt:
        # Enough of waiting. What could not be delivered is on disk, and that was said.
        return
    except TerminationSignal:
        os.kill(os.getpid(), signal.SIGTERM)


def _none() -> None:
    """It is being imported."""
