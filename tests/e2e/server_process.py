"""The server as a process that may be killed and started again on the same port."""

import asyncio
import errno
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_START_SECONDS = 60.0
_STOP_SECONDS = 40.0
_PORTS = range(20_000, 30_000)
"""None that systems give out by themselves: while a server is away, nobody gets its port by chance."""


class ServerProcess:
    """`python -m orch_server` on one port of this machine, the same at every start."""

    def __init__(self, home: Path, *options: str, host: str = "127.0.0.1") -> None:
        self._home = home
        self._host = host
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.port = 0
        """Chosen at the first start."""
        self.lines: deque[str] = deque(maxlen=2000)
        """What it has said on stderr, newest last."""

    @property
    def address(self) -> str:
        """host:port, as grpc takes it."""
        return f"{self._host}:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        assert self._process is not None
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start it, and wait until it answers calls."""
        await asyncio.to_thread(self._start)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL: it has no time for anything."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> int:
        """SIGTERM; returns its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for its end; returns its exit code."""
        return await asyncio.to_thread(self._wait)

    def _start(self) -> None:
        started = threading.Event()
        self.port = self.port or _free_port(self._host)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "orch_server", "--host", self._host, "--port", str(self.port)),
                *("--http-port", "0", "--log-format", "json", *self._options),
            ],
            env=_environment(self._home),
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process, started), daemon=True)
        self._reader.start()
        assert started.wait(_START_SECONDS), f"the server has not started: {list(self.lines)[-20:]}"
        assert self._process.poll() is None, f"the server ended: {list(self.lines)[-20:]}"

    def _read(self, process: subprocess.Popen[str], started: threading.Event) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.lines.append(line.rstrip())
            if _event(line).get("event") == "server started":
                started.set()
        started.set()

    def _wait(self) -> int:
        assert self._process is not None
        assert self._reader is not None
        code = self._process.wait(_STOP_SECONDS)
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code

    async def close(self) -> None:
        """Leave nothing behind."""
        if self.is_alive():
            await self.kill()


def _free_port(host: str) -> int:
    """Found by chance of this process's own: a test's seed would give the same ones to all."""
    while True:
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port


def _event(line: str) -> dict[str, object]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
    return kept | {"ORCH_HOME": str(home)}


@asynccontextmanager
async def running_server(home: Path, *options: str, host: str = "127.0.0.1") -> AsyncIterator[ServerProcess]:
    """A server that runs at first, and certainly not afterwards."""
    server = ServerProcess(home, *options, host=host)
    try:
        await server.start()
        yield server
    finally:
        await server.close()
