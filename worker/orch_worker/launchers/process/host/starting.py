"""Forking an attempt's process off the host."""

import errno
import json
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import NoReturn

from orch_worker.launchers.process.host.becoming import StartError, make_process, refresh, replace
from orch_worker.launchers.process.orders import FORK, Order, StartFailure


class BecameRunError(BaseException):
    """Raised in the fork, through the host's loop, so that nothing of the host is left on its stack."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.attempt)
        self.order = order


@dataclass(frozen=True, slots=True)
class Started:
    """A process that was forked, and may not be what its order says yet."""

    pid: int
    status: int
    """To be read until its end: nothing where the start succeeds, else a StartFailure (`failure_in`)."""
    outputs: tuple[int, int]
    """The reading ends of its stdout and stderr."""


def start(order: Order, *, abandon: Callable[[], None]) -> Started:
    """Fork. `abandon` is called in a fork that goes on with this interpreter, to let go of what is the host's.

    In that fork, raises BecameRunError. In the host, raises OSError.
    """
    host = os.getpid()
    pipes = _pipes(3)
    status, stdout, stderr = pipes
    # Until the fork has handlers of its own, a signal must wait.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    try:
        pid = os.fork()
        if pid == 0:
            _become(order, host=host, status=status[1], outputs=(stdout[1], stderr[1]), abandon=abandon)
            for descriptors in pipes:
                _close(descriptors)
            raise BecameRunError(order)
    except OSError:
        for descriptors in pipes:
            _close(descriptors)
        raise
    finally:
        if os.getpid() == host:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    for descriptors in pipes:
        os.close(descriptors[1])
    return Started(pid, status[0], (stdout[0], stderr[0]))


def failure_in(report: bytes) -> StartFailure | None:
    """What a start has reported; None: it succeeded."""
    return StartFailure(**json.loads(report)) if report else None


def _become(order: Order, *, host: int, status: int, outputs: tuple[int, int], abandon: Callable[[], None]) -> None:
    try:
        if order.command:
            make_process(order, host=host, output=outputs)
            replace(order, status=status)
        abandon()
        make_process(order, host=host, output=outputs)
        refresh(order)
    except StartError as failure:
        _give_up(status, failure.step, failure.error)
    except BaseException as error:
        _give_up(status, FORK, error)


def _give_up(status: int, step: str, error: BaseException) -> NoReturn:
    number = (error.errno if isinstance(error, OSError) else None) or errno.EINVAL
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    os.write(status, json.dumps(asdict(StartFailure(step, number, reason))).encode())
    os._exit(127)


def _pipes(count: int) -> list[tuple[int, int]]:
    with ExitStack() as on_failure:
        made = []
        for _ in range(count):
            made.append(os.pipe())
            on_failure.callback(_close, made[-1])
        on_failure.pop_all()
    return made


def _close(descriptors: tuple[int, int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
