"""From a fork of the host to an attempt's process."""

import ctypes
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orch_worker.launchers.process.orders import Order

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
_OUT_OF_MEMORY_SCORE = 200
"""Where memory runs out, the kernel takes a run rather than its worker."""
_CPU_GRACE_SECONDS = 5
_PYTHONS_OWN = {signal.SIGPIPE, signal.SIGXFSZ}
"""Python ignores them, and its programs expect that; for commands they are reset as well."""
_HANDLED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP)


class StartError(Exception):
    """A step that failed in the fork; `error` is what the system said."""

    def __init__(self, step: str, error: OSError | ValueError) -> None:
        super().__init__(f"{step}: {error}")
        self.step = step
        self.error = error


def make_process(order: Order, *, host: int, output: tuple[int, int]) -> None:
    """In the fork: make it what the order says, up to its code. `output`: what to write stdout and stderr to.

    Raises StartError.
    """
    os.setsid()
    _end_with(host)
    _prefer_when_memory_is_short()
    nothing = os.open(os.devnull, os.O_RDWR)
    written = output if order.captures else (nothing, nothing)
    for source, target in zip((nothing, *written), (0, 1, 2), strict=True):
        os.dup2(source, target)
    os.close(nothing)
    for name, value in order.limits.items():
        with _step(f"limit {name}"):
            _limit(name, value)
    with _step("folder"):
        os.chdir(order.working_folder)
    _reset_signals()


def replace(order: Order, *, status: int) -> None:
    """In the fork: become the order's command. Of the descriptors, `status` stays until then.

    Raises StartError; does not return.
    """
    for number in _PYTHONS_OWN:
        # Python ignores these; other programs count on them.
        signal.signal(number, signal.SIG_DFL)
    # Those that Python opened close by themselves; libraries may have opened others.
    os.closerange(3, status)
    os.closerange(status + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    with _step("command"):
        os.execvpe(order.command[0], order.command, order.environment)


def refresh(order: Order) -> None:
    """In the fork: what a process that goes on with this interpreter must have of its own."""
    os.environ.clear()
    os.environ.update(order.environment)
    time.tzset()
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    for stream in (sys.stdout, sys.stderr):
        # So that each line is there when it is written, not when some kilobytes are.
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr] # both are TextIOWrapper in the host


def _end_with(host: int) -> None:
    """If the host is killed, so is this process: nobody would hear of its lines and its end."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != host:
            os._exit(1)


def _prefer_when_memory_is_short() -> None:
    with suppress(OSError, ValueError):
        path = Path("/proc/self/oom_score_adj")
        path.write_text(str(max(int(path.read_text()), _OUT_OF_MEMORY_SCORE)))


def _limit(name: str, value: int) -> None:
    which = getattr(resource, name)
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY and value > hard:
        raise ValueError(f"this machine allows at most {hard}")
    # Beyond the soft limit of processor time comes SIGXCPU, which says what it is; beyond the hard one SIGKILL.
    ceiling = value + _CPU_GRACE_SECONDS if name == "RLIMIT_CPU" else value
    resource.setrlimit(which, (value, ceiling if hard == resource.RLIM_INFINITY else min(ceiling, hard)))


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in _HANDLED_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    # Whoever started the worker may have ignored some: shells do that for what they run in the background.
    for number in signal.valid_signals() - _PYTHONS_OWN:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


@contextmanager
def _step(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise StartError(name, error) from error
