"""Signals to end: the first drains, the second stops the runs, the third is the operating system's."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from orch_worker.lifecycle import Lifecycle

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def end_signals(lifecycle: Lifecycle) -> Iterator[None]:
    """Listens for SIGTERM and SIGINT. To be entered in the running loop of the main thread.

    After the second signal the system's own handlers are in place, so that a third ends even a process that hangs.
    """
    loop = asyncio.get_running_loop()
    heard = 0

    def unlisten() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)

    def hear(number: signal.Signals) -> None:
        nonlocal heard
        heard += 1
        if heard == 1:
            lifecycle.drain(why=f"{number.name}; once more stops the runs")
        else:
            lifecycle.stop_runs(why=f"{number.name} again; once more ends the worker at once")
            unlisten()
            # Not Python's, which asks the program to end: it would take its time, and its exit code would not say why.
            signal.signal(signal.SIGINT, signal.SIG_DFL)

    for number in _SIGNALS:
        loop.add_signal_handler(number, hear, number)
    try:
        yield
    finally:
        unlisten()
