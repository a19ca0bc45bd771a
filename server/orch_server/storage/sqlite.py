"""SQLite: one thread with one connection writes, a few others read. WAL, so that they do not wait for each other.

Several processes may share the file: each writer begins with BEGIN IMMEDIATE and waits its turn patiently.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from orch_server.application.ports import Clock, Wakeups
from orch_server.errors import StartupError
from orch_server.storage.database import Channel
from orch_server.storage.errors import Translated
from orch_server.storage.scope import Scope
from orch_server.storage.sqlite_statements import SqliteStatements
from orch_server.storage.transaction import SqlTransaction
from orch_server.storage.worker_threads import WorkerThreads

R = TypeVar("R")

Begin = Literal["BEGIN", "BEGIN IMMEDIATE"]

_READERS = 2
_LOOK_AGAIN_SECONDS = 0.005
"""The longest time between two looks of a writer that waits for its turn."""
BUSY_TIMEOUT_SECONDS = 30
"""How long a writer waits for its turn. Transactions are short, so that this is for a machine that hardly moves."""


class SqliteDatabase:
    """A SQLite database in a file, or in memory (`sqlite://`) for tests. `clock` is the only clock there is."""

    kind: Final[Literal["sqlite"]] = "sqlite"
    most_beside: Final = 1

    def __init__(self, url: str, wakeups: Wakeups, *, clock: Clock) -> None:
        self._wakeups = wakeups
        self._clock = clock
        in_memory = not make_url(url).database
        self._write_engine = sqlite_engine(url, begin="BEGIN IMMEDIATE")
        self._writer = WorkerThreads(1, name="orch-sqlite-writer")
        # Memory has one connection, so its readers queue behind the writer.
        self._read_engine = self._write_engine if in_memory else sqlite_engine(url, begin="BEGIN")
        self._reader = self._writer if in_memory else WorkerThreads(_READERS, name="orch-sqlite-reader")

    async def write(self, work: Callable[[SqlTransaction], R], *, channel: Channel = "main") -> R:
        """Run `work` in one transaction, after those that came before it."""
        return await self._run(self._writer, self._write_engine, work)

    async def read(self, work: Callable[[SqlTransaction], R]) -> R:
        """Run `work` on one snapshot."""
        return await self._run(self._reader, self._read_engine, work)

    async def _run(self, threads: WorkerThreads, engine: Engine, work: Callable[[SqlTransaction], R]) -> R:
        with Translated():
            transaction, result = await threads.run(partial(self._once, engine, work))
        self._wakeups.announce(transaction.topics)
        return result

    def _once(self, engine: Engine, work: Callable[[SqlTransaction], R]) -> tuple[SqlTransaction, R]:
        with engine.begin() as connection:
            return run_within(connection, self._clock, work)

    async def change_schema(self, change: Callable[[Connection], object]) -> None:
        """Run `change` in one transaction: a database in memory gets its tables from nobody else."""
        await self.write(lambda tx: change(tx.connection))

    async def close(self) -> None:
        """Finish what runs, then close the connections."""
        for threads in {self._writer, self._reader}:
            await threads.close()
        for engine in {self._write_engine, self._read_engine}:
            engine.dispose()


def run_within(connection: Connection, clock: Clock, work: Callable[[SqlTransaction], R]) -> tuple[SqlTransaction, R]:
    """Run `work` in a transaction that has begun on a connection."""
    scope = Scope(connection, "sqlite", clock, SqliteStatements(connection))
    transaction = SqlTransaction(scope)
    result = work(transaction)
    scope.flush()
    return transaction, result


def sqlite_engine(url: str, *, begin: Begin) -> Engine:
    """An engine whose transactions begin with the words given, and whose connections are set up for Orch."""
    database = make_url(url).database
    if database:
        _make_directory_of(Path(database))
        engine = create_engine(url, connect_args={"check_same_thread": False})
    else:
        engine = create_engine(url, connect_args={"check_same_thread": False}, poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        _configure(connection, writes=begin == "BEGIN IMMEDIATE")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if begin == "BEGIN IMMEDIATE":
            _patiently(lambda: connection.connection.cursor().execute(begin))
        else:
            connection.exec_driver_sql(begin)

    return engine


def _make_directory_of(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupError(
            f"The database {file} cannot be used: its directory cannot be made ({error.strerror or error}). Set "
            "ORCH_HOME to a directory that this user may write."
        ) from error


def _configure(connection: DBAPIConnection, *, writes: bool) -> None:
    """Transactions by our own BEGIN; WAL; a commit is on the disk when it is answered."""
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    # SQLite does this only once in a file's life, and then without patience.
    _patiently(lambda: cursor.execute("PRAGMA journal_mode = WAL"))
    mode = cursor.fetchone()
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    if writes and mode == ("wal",):  # who has begun to write there waits for nobody
        cursor.execute("PRAGMA busy_timeout = 0")
    cursor.close()


def _patiently(execute: Callable[[], object]) -> None:
    """Execute what has to wait for other processes' transactions.

    SQLite itself soon looks but ten times a second, so that a process which writes without a pause starves the others.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            execute()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0, _LOOK_AGAIN_SECONDS))
        else:
            return
