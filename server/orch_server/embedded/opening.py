"""Opening an embedded control plane. What a short script has no use for is not loaded: its start counts."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from orch_client.errors import FailedPreconditionError, Failure, OrchClientError, UnavailableError
from orch_client.local_server import DATABASE_FILE
from orch_server.application.ports import Clock
from orch_server.application.work_pools import ensure_default_pool
from orch_server.clock import SystemClock, TimeOrderedIds
from orch_server.embedded.background import RETENTION, Background
from orch_server.embedded.plane import EmbeddedPlane
from orch_server.errors import StartupError
from orch_server.storage import sqlite_schema
from orch_server.storage.revisions import SchemaError
from orch_server.storage.sqlite import SqliteDatabase, run_within
from orch_server.storage.store import SqlStore
from orch_server.storage.transaction import SqlTransaction
from orch_server.storage.wakeups import LocalWakeups

_RETENTION_INTERVAL = timedelta(days=1)


async def open_embedded(home: Path | None, *, background: bool = True, clock: Clock | None = None) -> EmbeddedPlane:
    """The control plane on the SQLite file of a home directory, which is made where it is missing.

    home: None keeps everything in memory, for tests. background: lost leases are looked for while it is open, and once
    a day what is old goes. clock: the database's, for tests that move time.

    Raises FailedPreconditionError (SCHEMA_MISMATCH) for a database of a newer Orch or of another program, and
    UnavailableError (DATABASE_UNUSABLE) for one that cannot be read or written.
    """
    clock = clock or SystemClock()
    url = _url(home)
    wakeups = LocalWakeups()
    try:
        retention_due = home is not None and _prepare(url, clock)
        database = SqliteDatabase(url, wakeups, clock=clock)
    except StartupError as error:
        raise _client_error(error) from error
    if home is None:
        await database.change_schema(lambda connection: _make_schema(connection, clock))
    store = SqlStore(database)
    running = Background(store, retention_due=retention_due) if background else None
    return EmbeddedPlane(store, database, wakeups, background=running)


def _url(home: Path | None) -> str:
    return "sqlite://" if home is None else f"sqlite:///{home.expanduser().absolute() / DATABASE_FILE}"


def _prepare(url: str, clock: Clock) -> bool:
    """Make or migrate the schema where that is needed; whether retention is due."""
    if sqlite_schema.upgrade(url, then=lambda connection: _furnish(connection, clock)):
        return False
    last = sqlite_schema.last_round(url, RETENTION)
    return last is None or clock.now() - last >= _RETENTION_INTERVAL


def _make_schema(connection: Connection, clock: Clock) -> None:
    sqlite_schema.upgrade_connection(connection)
    _furnish(connection, clock)


def _furnish(connection: Connection, clock: Clock) -> None:
    """What a database has from its first day: the default pool, and nothing that would be old."""

    def furnish(tx: SqlTransaction) -> None:
        ensure_default_pool(tx, TimeOrderedIds())
        tx.background.begin(RETENTION)

    run_within(connection, clock, furnish)


def _client_error(error: StartupError) -> OrchClientError:
    if isinstance(error, SchemaError):
        failure = Failure(code="FAILED_PRECONDITION", message=error.message, reason="SCHEMA_MISMATCH")
        return FailedPreconditionError(error.message, failure)
    failure = Failure(code="UNAVAILABLE", message=error.message, reason="DATABASE_UNUSABLE")
    return UnavailableError(error.message, failure)
