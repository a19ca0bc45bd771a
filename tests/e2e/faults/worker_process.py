"""A worker as a process that may be killed, frozen, and started again under the same name."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_STOP_SECONDS = 60.0


class WorkerProcess:
    """`python -m orch_worker`: one name, one home, one life after another."""

    def __init__(self, home: Path, url: str, name: str, *options: str, pool: str, inside: Sequence[str] = ()) -> None:
        """`inside`: what to put before its command, so that it runs somewhere else."""
        self._home = home
        self._inside = inside
        self._url = url
        self._options = ("--pool", pool, "--name", name, *options)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.name = name
        self.lines: deque[str] = deque(maxlen=5000)
        """What it has said on stderr, newest last."""

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it. It opens its session when it can."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
        self._process = subprocess.Popen(
            [*self._inside, sys.executable, "-m", "orch_worker", *self._options],
            env=kept | {"ORCH_HOME": str(self._home), "ORCH_API_URL": self._url},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.lines.append(line.rstrip())

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    async def kill(self) -> None:
        """SIGKILL, and its end."""
        if self.is_alive():
            self.signal(signal.SIGKILL)
            await self.ended()

    async def stop(self) -> int:
        """SIGTERM: it drains. Returns its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self, seconds: float = _STOP_SECONDS) -> int:
        """Its exit code, when it has ended."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, seconds)

    def runs(self) -> list[psutil.Process]:
        """The processes of its runs, and what they have started."""
        hosts = {each.pid for each in self.others() if "orch_worker.launchers.process.host" in _command_of(each)}
        return [each for each in self.others() if each.pid not in hosts or _parent_of(each) in hosts]

    def others(self) -> list[psutil.Process]:
        """All processes on its home but itself: they inherit the variable."""
        return [each for each in psutil.process_iter() if each.pid != self.pid and _home_of(each) == str(self._home)]

    async def kill_all(self) -> None:
        """The machine dies: SIGKILL to it and to everything that it has started."""
        victims = self.others()
        await self.kill()
        for each in [*victims, *self.others()]:
            with suppress(psutil.NoSuchProcess):
                each.kill()

    async def close(self) -> None:
        """Leave nothing behind."""
        if self._process is not None:
            await self.kill_all()


def _parent_of(process: psutil.Process) -> int | None:
    """None: it has ended."""
    try:
        return process.ppid()
    except psutil.Error:
        return None


def _home_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("ORCH_HOME")
    except psutil.Error:
        return None


def _command_of(process: psutil.Process) -> list[str]:
    """Empty where it has ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []
