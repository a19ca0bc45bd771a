"""SQLite: one thread with one connection writes, a few others read. WAL, so that they do not wait for each other.

Several processes may share the file: each writer begins with BEGIN IMMEDIATE and waits its turn patiently.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from orch_server.application.ports import Clock, Wakeups
from orch_server.storage.database import Channel
from orch_server.storage.errors import translated
from orch_server.storage.scope import Scope
from orch_server.storage.transaction import SqlTransaction

R = TypeVar("R")

_READERS = 2
_BUSY_TIMEOUT_SECONDS = 30


class SqliteDatabase:
    """A SQLite database in a file, or in memory (`sqlite://`) for tests. `clock` is the only clock there is."""

    kind: Final[Literal["sqlite"]] = "sqlite"

    def __init__(self, url: str, wakeups: Wakeups, *, clock: Clock) -> None:
        self._wakeups = wakeups
        self._clock = clock
        in_memory = not make_url(url).database
        self._write_engine = sqlite_engine(url, begin="BEGIN IMMEDIATE")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="orch-sqlite-writer")
        # Memory has one connection, so its readers queue behind the writer.
        self._read_engine = self._write_engine if in_memory else sqlite_engine(url, begin="BEGIN")
        self._reader = (
            self._writer if in_memory else ThreadPoolExecutor(_READERS, thread_name_prefix="orch-sqlite-reader")
        )

    async def write(self, work: Callable[[SqlTransaction], R], *, channel: Channel = "main") -> R:
        """Run `work` in one transaction, after those that came before it."""
        return await self._run(self._writer, self._write_engine, work)

    async def read(self, work: Callable[[SqlTransaction], R]) -> R:
        """Run `work` on one snapshot."""
        return await self._run(self._reader, self._read_engine, work)

    async def _run(self, executor: ThreadPoolExecutor, engine: Engine, work: Callable[[SqlTransaction], R]) -> R:
        loop = asyncio.get_running_loop()
        with translated():
            transaction, result = await loop.run_in_executor(executor, self._once, engine, work)
        self._wakeups.announce(transaction.topics)
        return result

    def _once(self, engine: Engine, work: Callable[[SqlTransaction], R]) -> tuple[SqlTransaction, R]:
        with engine.begin() as connection:
            transaction = SqlTransaction(Scope(connection, self.kind, self._clock))
            return transaction, work(transaction)

    async def close(self) -> None:
        """Finish what runs, then close the connections."""
        loop = asyncio.get_running_loop()
        for executor in {self._writer, self._reader}:
            await loop.run_in_executor(None, executor.shutdown)
        for engine in {self._write_engine, self._read_engine}:
            engine.dispose()


def sqlite_engine(url: str, *, begin: str) -> Engine:
    """An engine whose transactions begin with the words given, and whose connections are set up for Orch."""
    database = make_url(url).database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"check_same_thread": False})
    else:
        engine = create_engine(url, connect_args={"check_same_thread": False}, poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        _configure(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _configure(connection: DBAPIConnection) -> None:
    """Transactions by our own BEGIN; WAL; a commit is on the disk when it is answered."""
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
