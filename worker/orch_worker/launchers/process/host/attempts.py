"""One attempt's process, from its start to its end."""

import math
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orch_worker.launchers.process.folders import EndingFacts
from orch_worker.launchers.process.host.capture import Capture
from orch_worker.launchers.process.host.evidence import out_of_memory_kills, session_members
from orch_worker.launchers.process.host.loop import Loop, Timer
from orch_worker.launchers.process.orders import Order
from orch_worker.launchers.process.spool import SpoolWriter

if TYPE_CHECKING:
    from resource import struct_rusage

_LINGER_SECONDS = 0.5
"""How long processes that an attempt has left behind may hold its pipes before they are killed."""
_MAXRSS_BYTES = 1024 if sys.platform == "linux" else 1
_CAN_PEEK = hasattr(os, "waitid")
"""Not on macOS."""
_LOOK_SECONDS = 0.05
"""How often a stopped attempt is looked at for processes that still end themselves."""


class Attempt:
    """A process with its pipes; its group of processes ends with it.

    Who has left its session on purpose, as daemons do, outlives it.
    """

    def __init__(
        self,
        *,
        pid: int,
        order: Order,
        spool: SpoolWriter,
        captures: list[Capture],
        loop: Loop,
        on_output: Callable[[str], None],
        on_end: Callable[["Attempt", EndingFacts], None],
    ) -> None:
        """Begins to read; `on_output` and `on_end` are called with what concerns them."""
        self.name = order.attempt
        self.folder = Path(order.folder)
        self.pid = pid
        self.exclusive = order.exclusive
        self._memory_limit = order.limits.get("RLIMIT_DATA", 0)
        self._spool = spool
        self._captures = captures
        self._loop = loop
        self._on_output = on_output
        self._on_end = on_end
        self._kills_before = out_of_memory_kills()
        self._has_exited = False
        self._is_stopped = False
        self._is_forced = False
        self._is_orphaned = False
        self._end_by = math.inf
        self._timer: Timer | None = None
        self._reaped: tuple[int, int, struct_rusage] | None = None
        for capture in captures:
            loop.watch(capture.descriptor, partial(self._read, capture))

    def stop(self, grace_seconds: float) -> None:
        """Ask its processes to end; kill them after the grace. May be repeated, to shorten the grace."""
        deadline = time.monotonic() + grace_seconds
        if deadline >= self._end_by:
            return
        self._end_by = deadline
        if not self._is_stopped and not self._has_exited:
            self._is_stopped = True
            self._signal(signal.SIGTERM)
            # One that was halted (SIGSTOP) could not even hear of it.
            self._signal(signal.SIGCONT)
        self._proceed()

    def orphan(self) -> None:
        """Kill it: nobody vouches for it any more."""
        self._is_orphaned = True
        self.stop(0)

    def look(self) -> None:
        """Whether the process has ended: to be called when some child of the host has."""
        if not self._has_exited and self._notices_exit():
            self._has_exited = True
            if not self._is_stopped:
                self._end_by = time.monotonic() + _LINGER_SECONDS
            self._proceed()

    def abandon(self) -> None:
        """In a fork of the host: let go of everything."""
        for capture in self._captures:
            if capture.is_open:
                os.close(capture.descriptor)
        self._spool.close()

    def _read(self, capture: Capture) -> None:
        if capture.read():
            self._on_output(self.name)
        if not capture.is_open:
            self._loop.unwatch(capture.descriptor)
            if self._has_exited:
                self._proceed()

    def _proceed(self) -> None:
        """Towards the end: by itself, or by force when the time has come."""
        remaining = self._end_by - time.monotonic()
        if self._has_exited and (remaining <= 0 or self._is_settled()):
            self._end()
        elif remaining > 0:
            self._wake_after(min(remaining, _LOOK_SECONDS) if self._has_exited and self._is_stopped else remaining)
        elif not self._is_forced:
            self._is_forced = True
            self._signal(signal.SIGKILL)

    def _is_settled(self) -> bool:
        """Whether nobody is left to wait for."""
        if self._is_stopped:
            return not session_members(self.pid)
        return not any(capture.is_open for capture in self._captures)

    def _wake_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.after(seconds, self._proceed)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # The process is not reaped yet, so that its number, and its group's, are still its own.
        self._signal(signal.SIGKILL)
        for capture in self._captures:
            if capture.is_open:
                self._loop.unwatch(capture.descriptor)
                capture.drain()
        self._spool.close()
        self._on_end(self, self._facts())

    def _facts(self) -> EndingFacts:
        _, status, usage = self._reaped or os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return EndingFacts(
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            stopped=self._is_stopped,
            forced=self._is_forced,
            orphaned=self._is_orphaned,
            out_of_memory=out_of_memory_kills() > self._kills_before,
            peak_memory_bytes=usage.ru_maxrss * _MAXRSS_BYTES,
            memory_limit_bytes=self._memory_limit,
            lost_lines=self._spool.lost_lines,
        )

    def _notices_exit(self) -> bool:
        """Whether the process has exited. Where the system can, it is not reaped by that."""
        if _CAN_PEEK:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        reaped = os.wait4(self.pid, os.WNOHANG)
        self._reaped = reaped if reaped[0] else None
        return self._reaped is not None

    def _signal(self, number: signal.Signals) -> None:
        """To its group; where it is stopped, also to the groups that a shell made for its jobs."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
        if self._is_stopped:
            for pid in session_members(self.pid):
                with suppress(ProcessLookupError, PermissionError):
                    if os.getpgid(pid) != self.pid:
                        os.kill(pid, number)
