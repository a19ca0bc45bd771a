"""The schema of a SQLite file: a look at it costs a millisecond, and only an empty or older one loads Alembic.

Any number of processes may do so at once: one migrates, in one transaction, and the others wait.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, make_url

from orch_server.storage.revisions import HEAD, SchemaError, connection_revision, reached, revision_of, shown
from orch_server.storage.sqlite import BUSY_TIMEOUT_SECONDS, sqlite_engine
from orch_server.storage.types import from_micros

TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def look(url: str) -> str | None:
    """The file's revision, without changing it; None where it is empty or not there. Raises like `upgrade`."""
    path = make_url(url).database
    if not path:
        raise SchemaError("A database in memory has no file to look at. Name one: sqlite:///path/to/file.")
    if not Path(path).exists():
        return None
    # Not read-only: whoever looks first after a crash has to put the file right.
    address = f"{Path(path).absolute().as_uri()}?mode=rw"
    with reached(url), closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
        return revision_of(
            lambda statement: [str(cell) for (cell,) in connection.execute(statement)], tables=TABLES, shown=shown(url)
        )


def last_round(url: str, service: str) -> datetime | None:
    """When a background service last ran on a file that has this server's schema; None where it never did."""
    path = make_url(url).database
    with reached(url), closing(sqlite3.connect(str(path), timeout=BUSY_TIMEOUT_SECONDS)) as connection:
        row = connection.execute("SELECT last_run_time FROM background_service WHERE name = ?", (service,)).fetchone()
    return from_micros(row[0]) if row is not None else None


def upgrade(url: str, *, then: Callable[[Connection], object] = lambda _: None) -> bool:
    """Take the file to this server's schema; False where it is there already.

    `then` runs in the transaction that has taken it there. Raises SchemaError for a database that is newer, or somebody
    else's, and StartupError for one that cannot be used.
    """
    if look(url) == HEAD:
        return False
    with reached(url):
        engine = sqlite_engine(url, begin="BEGIN IMMEDIATE")
        try:
            with engine.connect() as connection:
                return _upgrade_unchecked(connection, then)
        finally:
            engine.dispose()


def upgrade_connection(connection: Connection) -> bool:
    """`upgrade` inside a transaction that has begun, for databases that only its owner reaches (SQLite in memory)."""
    if connection_revision(connection, TABLES) == HEAD:  # somebody else did it while we waited
        return False
    from orch_server.storage.migrating import migrate  # loads Alembic

    migrate(connection)
    return True


def _upgrade_unchecked(connection: Connection, then: Callable[[Connection], object]) -> bool:
    """Without foreign keys, which are looked at afterwards: SQLite changes a table by copying and dropping it, and that
    must not drop the rows that refer to it."""
    # Not possible inside a transaction, and SQLAlchemy would begin one.
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"{type(driver)} is not a connection of sqlite3.")
    driver.execute("PRAGMA foreign_keys = OFF")
    with connection.begin():
        changed = upgrade_connection(connection)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise SchemaError(f"The migration was undone: it left rows in table {broken[0]} that refer to nothing.")
        if changed:
            then(connection)
        return changed
