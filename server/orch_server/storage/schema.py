"""The database's schema: whether it is this server's, and how it becomes that.

A server looks at one row when it starts; only one whose database is empty or older loads Alembic. Of several that start
at once one migrates and the others wait. All steps run in one transaction: a server killed half-way leaves the schema
as it was.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from orch_server.application.errors import Overloaded, Unavailable
from orch_server.errors import StartupError
from orch_server.storage.errors import translated
from orch_server.storage.migrations import REVISIONS
from orch_server.storage.postgres import async_url
from orch_server.storage.scope import Kind
from orch_server.storage.sqlite import sqlite_engine
from orch_server.version import orch_version

R = TypeVar("R")

HEAD = REVISIONS[-1]
"""The revision that this server works with."""

_CONNECT_SECONDS = 10.0
_LOCK = text("SELECT pg_advisory_xact_lock(7165935034174902639)")
"""Any number will do that nothing else in the database locks: the letters "orch", twice."""
_TABLES: dict[Kind, str] = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    # Those of extensions do not count: PostGIS puts its own beside everybody's.
    "postgresql": """
        SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    """,
}


class SchemaError(StartupError):
    """The database's schema is not one that this server can work with, or take further."""


async def upgrade(url: str) -> bool:
    """Take the database to this server's schema; False where it is there already.

    Raises SchemaError for a database that is newer, or somebody else's, and StartupError for one out of reach.
    """
    if await _look(url) == HEAD:
        return False
    if _kind(url) == "sqlite":
        return await asyncio.to_thread(_upgrade_sqlite, url)
    return await _on_postgres(url, upgrade_connection)


async def plan(url: str) -> list[str]:
    """What `upgrade` would do, line by line in words and SQL, without doing it; empty where there is nothing to do.

    Raises like `upgrade`.
    """
    revision = await _look(url)
    if revision == HEAD:
        return []
    found = f"The database is at revision {revision}." if revision else "The database is empty."
    from orch_server.storage.migrating import describe  # loads Alembic

    return [found, *describe(_kind(url), revision)]


async def check(url: str) -> None:
    """Raises SchemaError where the database is not at this server's schema, and says what to do."""
    revision = await _look(url)
    if revision != HEAD:
        found = f"is at revision {revision}" if revision else "is empty"
        raise SchemaError(
            f"The database {_shown(url)} {found}; this server (orch {orch_version()}) works with revision {HEAD}. "
            "Run `orch server migrate` once, or let the server migrate when it starts."
        )


def upgrade_connection(connection: Connection) -> bool:
    """`upgrade` inside a transaction that has begun, for databases that only its owner reaches (SQLite in memory)."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    if _revision(connection) == HEAD:  # somebody else did it while we waited
        return False
    from orch_server.storage.migrating import migrate  # loads Alembic

    migrate(connection)
    return True


def _upgrade_sqlite(url: str) -> bool:
    with _reached(url):
        engine = sqlite_engine(url, begin="BEGIN IMMEDIATE")
        try:
            with engine.connect() as connection:
                return _upgrade_unchecked(connection)
        finally:
            engine.dispose()


def _upgrade_unchecked(connection: Connection) -> bool:
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
        return changed


async def _look(url: str) -> str | None:
    """The database's revision, without writing anything; None where it is empty."""
    if _kind(url) == "sqlite":
        return await asyncio.to_thread(_look_sqlite, url)
    return await _on_postgres(url, _revision)


def _look_sqlite(url: str) -> str | None:
    path = make_url(url).database
    if not path:
        raise SchemaError("A database in memory has no file to look at. Name one: sqlite:///path/to/file.")
    if not Path(path).exists():
        return None
    address = f"{Path(path).absolute().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
    with _reached(url), closing(engine.connect()) as connection:
        return _revision(connection)


async def _on_postgres(url: str, work: Callable[[Connection], R]) -> R:
    """Run `work` in a transaction on a connection of its own, which may take its time."""
    settings = {"application_name": "orch-schema", "statement_timeout": "0", "jit": "off"}
    engine = create_async_engine(
        async_url(url), poolclass=NullPool, connect_args={"timeout": _CONNECT_SECONDS, "server_settings": settings}
    )
    with _reached(url):
        async with engine.begin() as connection:
            return await connection.run_sync(work)


def _revision(connection: Connection) -> str | None:
    """The revision that the database is at; None where it is empty."""
    tables = set(connection.exec_driver_sql(_TABLES[_kind(connection.dialect.name)]).scalars())
    if not tables:
        return None
    shown = connection.engine.url.render_as_string(hide_password=True)
    if "alembic_version" not in tables:
        some = ", ".join(sorted(tables)[:3])
        raise SchemaError(
            f"The database {shown} is not empty, and not Orch's: it holds {some} … but no alembic_version. "
            "Give Orch a database, or a Postgres schema, of its own."
        )
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision is not None and revision not in REVISIONS:
        raise SchemaError(
            f"The database {shown} is at revision {revision}, which this server (orch {orch_version()}, newest "
            f"revision {HEAD}) does not know. A newer Orch has migrated it, or it is another program's. Start that "
            "newer version, restore a backup from before, or name another database."
        )
    return revision


@contextmanager
def _reached(url: str) -> Iterator[None]:
    """Says to the person who starts the server what is wrong with the database, not with a call."""
    try:
        with translated():
            yield
    except (Unavailable, Overloaded) as error:
        raise StartupError(f"The database {_shown(url)} cannot be used: {error.message}") from error


def _kind(url: str) -> Kind:
    return "sqlite" if url.startswith("sqlite") else "postgresql"


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
