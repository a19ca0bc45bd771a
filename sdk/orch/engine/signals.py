"""SIGTERM and Ctrl-C end a flow run in order: its code is interrupted, its end is recorded, then they take effect."""

import signal
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from orch.engine.held_run import HeldRun
from orch.errors import TerminationSignal

# By signal: the handler that it has where nobody handles it, and what the run's code is interrupted with.
_ENDINGS: tuple[tuple[int, object, Callable[[], BaseException]], ...] = (
    (signal.SIGTERM, signal.SIG_DFL, TerminationSignal),
    (signal.SIGINT, signal.default_int_handler, KeyboardInterrupt),
)


@contextmanager
def ended_by_signals(held: HeldRun) -> Iterator[None]:
    """Interrupt the run on SIGTERM and SIGINT. A second SIGINT is Python's own: it strikes wherever the thread is.

    Where somebody else handles a signal (asyncio.run handles SIGINT), or in other threads, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handled = [each for each in _ENDINGS if signal.getsignal(each[0]) == each[1]]
    handlers = {number: _stopper(held, default, error) for number, default, error in handled}
    for number, handler in handlers.items():
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, default, _ in handled:
            # One that the user's code has put there meanwhile stays.
            if signal.getsignal(number) is handlers[number]:
                signal.signal(number, default)  # type: ignore[arg-type]


def _stopper(
    held: HeldRun, default: object, error: Callable[[], BaseException]
) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, _: FrameType | None) -> None:
        signal.signal(number, default)  # type: ignore[arg-type]
        if held.is_beginning:
            # The control plane is waited for, perhaps for long: there is nothing else to stop.
            raise error()
        # In a thread of its own: the one that runs this handler may hold, beneath it, a lock that is needed.
        start_new_thread(held.stop, (error,))

    return stop
