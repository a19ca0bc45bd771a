"""The databases that servers under test keep their data in."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, Protocol, TypeAlias
from urllib.parse import parse_qs, urlsplit

import psutil

from tests.support.postgres import DURABLE_SETTINGS, PostgresServer, running_postgres

DatabaseKind: TypeAlias = Literal["postgresql", "sqlite"]

# When a row was committed, and not when its transaction began, is what somebody else can see: pg_xact_commit_timestamp.
POSTGRES_SETTINGS: Mapping[str, str] = {**DURABLE_SETTINGS, "track_commit_timestamp": "on", "max_wal_size": "4GB"}


class Databases(Protocol):
    """Makes databases."""

    kind: DatabaseKind

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of an empty database that lives as long as the block."""
        ...

    def cpu_seconds(self) -> float:
        """Processor time that the database's own processes have used so far; 0 where it has none on this machine."""
        ...


class PostgresDatabases:
    """Databases on one Postgres, whose commits wait for the disk."""

    kind: DatabaseKind = "postgresql"

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """As in `Databases`."""
        with self._server.database() as url:
            yield url

    def cpu_seconds(self) -> float:
        """As in `Databases`. Sessions that have ended count through the process that began them."""
        postmaster = self._postmaster()
        if postmaster is None:
            return 0
        own = postmaster.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for session in postmaster.children():
            with suppress(psutil.NoSuchProcess):
                times = session.cpu_times()
                total += times.user + times.system
        return float(total)

    def _postmaster(self) -> psutil.Process | None:
        """The server's first process, found by the file that it keeps beside its socket."""
        folder = parse_qs(urlsplit(self._server.admin_url).query).get("host", [""])[0]
        try:
            return psutil.Process(int((Path(folder) / "postmaster.pid").read_text().split()[0]))
        except (OSError, psutil.NoSuchProcess):
            return None


class SqliteDatabases:
    """Files in a folder that is gone afterwards."""

    kind: DatabaseKind = "sqlite"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """As in `Databases`."""
        with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'orch.db'}"

    def cpu_seconds(self) -> float:
        """As in `Databases`: SQLite works inside the server."""
        return 0


@contextmanager
def databases(kind: DatabaseKind) -> Iterator[Databases]:
    """Databases of one kind, as long as the block lasts."""
    if kind == "sqlite":
        yield SqliteDatabases()
        return
    with running_postgres(POSTGRES_SETTINGS) as server:
        yield PostgresDatabases(server)
