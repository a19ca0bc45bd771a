"""The store as each database has it: every test of this folder that asks for `store` runs on SQLite and on PostgreSQL.

kind          "sqlite" or "postgresql"
database_url  a new database with Orch's schema
clock         its clock, which only the test moves
ids wakeups   what use cases need besides
store         one server's store
catalog       makes deployments and schedules in it
open_server   opens the stores of further servers on the same database
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from orch_server.clock import TimeOrderedIds
from orch_server.storage import schema
from orch_server.storage.database import Database
from orch_server.storage.postgres import PostgresDatabase
from orch_server.storage.sqlite import SqliteDatabase, sqlite_engine
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.support.catalog import Catalog
from tests.support.clock import FakeClock
from tests.support.postgres import PostgresServer

Kind = Literal["sqlite", "postgresql"]


@dataclass(frozen=True)
class Server:
    """One server's way to the database. Wake-ups reach only those who listen to this server's own."""

    store: SqlStore
    database: Database
    wakeups: LocalWakeups


OpenServer = Callable[[], Server]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> Kind:
    """The kind of database that the test runs on."""
    found: Kind = request.param
    return found


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with Orch's schema, to be copied."""
    file = tmp_path_factory.mktemp("schema") / "orch.db"
    engine = sqlite_engine(f"sqlite:///{file}", begin="BEGIN IMMEDIATE")
    with engine.begin() as connection:
        schema.upgrade_connection(connection)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database with Orch's schema, to be copied."""
    with postgres_server.database() as url, ThreadPoolExecutor(1) as outside_any_loop:
        outside_any_loop.submit(lambda: asyncio.run(schema.upgrade(url))).result()
        yield url


@pytest.fixture
def postgres_copy(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The URL of a new database with Orch's schema, dropped after the test."""
    with postgres_server.database(like=postgres_template) as url:
        yield url


@pytest.fixture
def database_url(kind: Kind, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database with Orch's schema."""
    if kind == "sqlite":
        file = tmp_path / "orch.db"
        shutil.copyfile(request.getfixturevalue("sqlite_file"), file)
        return f"sqlite:///{file}"
    url: str = request.getfixturevalue("postgres_copy")
    return url


@pytest.fixture
def clock() -> FakeClock:
    """The database's clock, and everybody else's."""
    return FakeClock()


@pytest.fixture
def ids() -> TimeOrderedIds:
    """Where new ids come from."""
    return TimeOrderedIds()


@pytest.fixture
async def open_server(kind: Kind, database_url: str, clock: FakeClock) -> AsyncIterator[OpenServer]:
    """Opens stores on the test's database, each with connections of its own, and closes them after the test."""
    opened: list[Database] = []

    def open_one() -> Server:
        wakeups = LocalWakeups()
        database: Database = (
            SqliteDatabase(database_url, wakeups, clock=clock)
            if kind == "sqlite"
            else PostgresDatabase(database_url, wakeups, clock=clock)
        )
        opened.append(database)
        return Server(SqlStore(database), database, wakeups)

    yield open_one
    for database in opened:
        await database.close()


@pytest.fixture
def server(open_server: OpenServer) -> Server:
    """The server that most tests need only one of."""
    return open_server()


@pytest.fixture
def store(server: Server) -> SqlStore:
    """Its store."""
    return server.store


@pytest.fixture
def wakeups(server: Server) -> LocalWakeups:
    """Its wake-ups."""
    return server.wakeups


@pytest.fixture
def catalog(store: SqlStore, ids: TimeOrderedIds) -> Catalog:
    """Makes deployments and schedules in the store."""
    return Catalog(store, ids)
