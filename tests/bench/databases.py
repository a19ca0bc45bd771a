"""The databases that servers under test keep their data in."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

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


class SqliteDatabases:
    """Files in a folder that is gone afterwards."""

    kind: DatabaseKind = "sqlite"

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """As in `Databases`."""
        with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'orch.db'}"


@contextmanager
def databases(kind: DatabaseKind) -> Iterator[Databases]:
    """Databases of one kind, as long as the block lasts."""
    if kind == "sqlite":
        yield SqliteDatabases()
        return
    with running_postgres(POSTGRES_SETTINGS) as server:
        yield PostgresDatabases(server)
