"""The real SQL at the bottom of a simulation: SQLite in memory, or PostgreSQL. One transaction runs at a time, and the
simulated loop stands still meanwhile, so that a seed replays.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, Protocol, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from orch_server.application.ports import Clock, Topic
from orch_server.storage import schema
from orch_server.storage.errors import Translated
from orch_server.storage.postgres import PostgresDatabase
from orch_server.storage.sqlite import run_within
from orch_server.storage.tables import metadata
from orch_server.storage.transaction import SqlTransaction
from orch_server.storage.wakeups import LocalWakeups

R = TypeVar("R")
Work = Callable[[SqlTransaction], R]


class RolledBackError(Exception):
    """The transaction was undone because the seed has it so."""


class Engine(Protocol):
    """A database that one simulation after another is given, empty but for the schema."""

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        ...

    def begin(self) -> None:
        """Empty it for the next simulation."""
        ...

    def run(self, work: Work[R], clock: Clock, *, undo: bool = False) -> tuple[set[Topic], R]:
        """Run a transaction and return its topics and its result; raises RolledBackError where it is to be undone."""
        ...

    def rows(self, sql: str, arguments: Sequence[object] = ()) -> Sequence[tuple[Any, ...]]:
        """What a statement of the checker's own finds; its parameters are written `?`."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...


class SqliteEngine:
    """SQLite in memory, one connection, in the caller's own thread."""

    kind: Literal["sqlite", "postgresql"] = "sqlite"

    def __init__(self) -> None:
        self._engine = create_engine("sqlite://", poolclass=StaticPool, isolation_level="AUTOCOMMIT")
        self._connection = self._engine.connect()
        driver = self._connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError(f"{type(driver)} is not a connection of sqlite3.")
        self._driver = driver
        driver.execute("BEGIN")
        schema.upgrade_connection(self._connection)
        driver.execute("COMMIT")
        self._empty = sqlite3.connect(":memory:")
        driver.backup(self._empty)

    def begin(self) -> None:
        """Empty it for the next simulation."""
        self._empty.backup(self._driver)
        self._driver.execute("PRAGMA foreign_keys = ON")

    def run(self, work: Work[R], clock: Clock, *, undo: bool = False) -> tuple[set[Topic], R]:
        """Run a transaction, as `orch_server.storage.sqlite` does, but in this thread."""
        with Translated():
            self._driver.execute("BEGIN IMMEDIATE")
            try:
                transaction, result = run_within(self._connection, clock, work)
                if undo:
                    raise RolledBackError
            except BaseException:
                self._driver.execute("ROLLBACK")
                raise
            self._driver.execute("COMMIT")
        return transaction.topics, result

    def rows(self, sql: str, arguments: Sequence[object] = ()) -> Sequence[tuple[Any, ...]]:
        """What a statement of the checker's own finds."""
        return self._driver.execute(sql, arguments).fetchall()

    def close(self) -> None:
        """Let the connection go."""
        self._empty.close()
        self._connection.close()
        self._engine.dispose()


class PostgresEngine:
    """PostgreSQL by the server's own adapter, on an event loop of its own, for which the simulation waits."""

    kind: Literal["sqlite", "postgresql"] = "postgresql"

    def __init__(self, url: str) -> None:
        """`url`: of an empty database, or of one that simulations have used before."""
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated-postgres", daemon=True)
        self._thread.start()
        self._clock = _Settable()
        self._heard = _Heard()
        self._wait(schema.upgrade(url))
        self._database = PostgresDatabase(url, self._heard, clock=self._clock, statement_timeout_seconds=60)

    def _wait(self, work: Coroutine[Any, Any, R]) -> R:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def begin(self) -> None:
        """Empty it for the next simulation."""
        kept = {"control_plane"}
        names = ", ".join(f'"{name}"' for name in metadata.tables if name not in kept)
        self._wait(self._database.write(lambda tx: tx.connection.exec_driver_sql(f"TRUNCATE {names} CASCADE")))

    def run(self, work: Work[R], clock: Clock, *, undo: bool = False) -> tuple[set[Topic], R]:
        """Run a transaction."""
        self._clock.inner = clock
        self._heard.topics = set()

        def done(tx: SqlTransaction) -> R:
            result = work(tx)
            if undo:
                raise RolledBackError
            return result

        result = self._wait(self._database.write(done))
        return self._heard.topics, result

    def rows(self, sql: str, arguments: Sequence[object] = ()) -> Sequence[tuple[Any, ...]]:
        """What a statement of the checker's own finds."""
        text = sql
        for place in range(len(arguments)):
            text = text.replace("?", f"${place + 1}", 1)
        return self._wait(
            self._database.read(
                lambda tx: [tuple(row) for row in tx.connection.exec_driver_sql(text, tuple(arguments)).all()]
            )
        )

    def close(self) -> None:
        """Let the connections go, and end the thread."""
        self._wait(self._database.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Settable:
    """The clock of whoever runs a transaction now."""

    inner: Clock

    def now(self) -> Any:  # noqa: ANN401 - the inner clock says
        return self.inner.now()


class _Heard(LocalWakeups):
    """Keeps what a transaction announced."""

    def __init__(self) -> None:
        super().__init__()
        self.topics: set[Topic] = set()

    def announce(self, topics: Any) -> None:  # noqa: ANN401 - any iterable of topics
        self.topics = set(topics)
