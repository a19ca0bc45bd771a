"""Processes that were forked and are on their way to what they were ordered to be."""

import os
import signal
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path

from orch_client.processes import process_mark
from orch_worker.launchers.process.folders import SPOOL, ProcessFacts, begin
from orch_worker.launchers.process.host.loop import Loop
from orch_worker.launchers.process.host.starting import Started, failure_in, start
from orch_worker.launchers.process.orders import FORK, KEEP, Order, StartFailure
from orch_worker.launchers.process.spool import SpoolWriter

_STATUS_BYTES = 64 * 1024

OnStart = Callable[[Order, Started, SpoolWriter], None]
OnFailure = Callable[[StartFailure], None]


class PendingStarts:
    """Starts processes, and waits until it is known whether they have become what they should."""

    def __init__(self, host: str, loop: Loop, *, abandon: Callable[[], None]) -> None:
        """`abandon` is called in forks that go on with this interpreter, to let go of what is the host's."""
        self._host = host
        self._loop = loop
        self._abandon = abandon
        self._pending: dict[str, Started] = {}

    @property
    def names(self) -> Collection[str]:
        """The attempts that are on their way."""
        return self._pending.keys()

    def start(self, order: Order, *, on_start: OnStart, on_failure: OnFailure) -> None:
        """Start a process; one of the two is called when it is known how that went."""
        try:
            if order.command:
                begin(Path(order.folder))
        except OSError as error:
            on_failure(_failure(KEEP, error))
            return
        try:
            started = start(order, abandon=self._abandon)
        except OSError as error:
            on_failure(_failure(FORK, error))
            return
        self._pending[order.attempt] = started
        heard = partial(self._hear, order, started, bytearray(), on_start=on_start, on_failure=on_failure)
        self._loop.watch(started.status, heard)

    def stop(self, name: str) -> None:
        """End one, where it is on its way: it will have been started, and killed."""
        if name in self._pending:
            os.kill(self._pending[name].pid, signal.SIGKILL)

    def abandon(self) -> None:
        """In a fork of the host: let go of everything."""
        for started in self._pending.values():
            for descriptor in (started.status, *started.outputs):
                os.close(descriptor)

    def _hear(
        self, order: Order, started: Started, report: bytearray, *, on_start: OnStart, on_failure: OnFailure
    ) -> None:
        data = os.read(started.status, _STATUS_BYTES)
        report += data
        if data:
            return
        self._loop.unwatch(started.status)
        os.close(started.status)
        del self._pending[order.attempt]
        failure = failure_in(bytes(report))
        kept = failure or self._keep(order, started)
        if isinstance(kept, StartFailure):
            _discard(started)
            on_failure(kept)
        else:
            on_start(order, started, kept)

    def _keep(self, order: Order, started: Started) -> SpoolWriter | StartFailure:
        """Write down who runs the attempt, and begin its spool: without these it must not run."""
        folder = Path(order.folder)
        try:
            ProcessFacts(started.pid, process_mark(started.pid), self._host).write(folder)
            return SpoolWriter(folder / SPOOL)
        except OSError as error:
            return _failure(KEEP, error)


def _failure(step: str, error: OSError) -> StartFailure:
    return StartFailure(step, error.errno or 0, error.strerror or str(error))


def _discard(started: Started) -> None:
    """End a process that must not be kept."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            kill(started.pid, signal.SIGKILL)
    os.waitpid(started.pid, 0)
    for descriptor in started.outputs:
        os.close(descriptor)
