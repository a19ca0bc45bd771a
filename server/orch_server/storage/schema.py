"""The database's schema: whether it is this server's, and how it becomes that.

A server looks at one row when it starts; only one whose database is empty or older loads Alembic. Of several that start
at once one migrates and the others wait. All steps run in one transaction: a server killed half-way leaves the schema
as it was. What SQLite needs for that is in `sqlite_schema.py`.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.util import greenlet_spawn

from orch_server.storage import sqlite_schema
from orch_server.storage.postgres import async_url
from orch_server.storage.revisions import HEAD, SchemaError, connection_revision, reached, shown
from orch_server.storage.scope import Kind
from orch_server.version import orch_version

__all__ = ["HEAD", "SchemaError", "check", "plan", "upgrade", "upgrade_connection"]

R = TypeVar("R")

_CONNECT_SECONDS = 10.0
_LOCK = text("SELECT pg_advisory_xact_lock(7165935034174902639)")
"""Any number will do that nothing else in the database locks: the letters "orch", twice."""
# Those of extensions do not count: PostGIS puts its own beside everybody's.
_TABLES = """
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
"""


async def upgrade(url: str) -> bool:
    """Take the database to this server's schema; False where it is there already.

    Raises SchemaError for a database that is newer, or somebody else's, and StartupError for one out of reach.
    """
    if _kind(url) == "sqlite":
        return await asyncio.to_thread(sqlite_schema.upgrade, url)
    if await _look(url) == HEAD:
        return False
    return await _on_postgres(url, upgrade_connection)


async def plan(url: str) -> list[str]:
    """What `upgrade` would do, line by line in words and SQL, without doing it; empty where there is nothing to do.

    Raises like `upgrade`.
    """
    at = await _look(url)
    if at == HEAD:
        return []
    found = f"The database is at revision {at}." if at else "The database is empty."
    from orch_server.storage.migrating import describe  # loads Alembic

    return [found, *describe(_kind(url), at)]


async def check(url: str) -> None:
    """Raises SchemaError where the database is not at this server's schema, and says what to do."""
    revision = await _look(url)
    if revision != HEAD:
        found = f"is at revision {revision}" if revision else "is empty"
        raise SchemaError(
            f"The database {shown(url)} {found}; this server (orch {orch_version()}) works with revision {HEAD}. "
            "Run `orch server migrate` once, or let the server migrate when it starts."
        )


def upgrade_connection(connection: Connection) -> bool:
    """`upgrade` inside a transaction that has begun."""
    if connection.dialect.name == "sqlite":
        return sqlite_schema.upgrade_connection(connection)
    connection.execute(_LOCK)
    if _revision(connection) == HEAD:  # somebody else did it while we waited
        return False
    from orch_server.storage.migrating import migrate  # loads Alembic

    migrate(connection)
    return True


async def _look(url: str) -> str | None:
    """The database's revision, without writing anything; None where it is empty."""
    if _kind(url) == "sqlite":
        return await asyncio.to_thread(sqlite_schema.look, url)
    return await _on_postgres(url, _revision)


async def _on_postgres(url: str, work: Callable[[Connection], R]) -> R:
    """Run `work` in a transaction on a connection of its own, which may take its time."""
    settings = {"application_name": "orch-schema", "statement_timeout": "0", "jit": "off"}
    engine = create_engine(
        async_url(url), poolclass=NullPool, connect_args={"timeout": _CONNECT_SECONDS, "server_settings": settings}
    )
    with reached(url):
        return await greenlet_spawn(_in_transaction, engine, work)


def _in_transaction(engine: Engine, work: Callable[[Connection], R]) -> R:
    with engine.begin() as connection:
        return work(connection)


def _revision(connection: Connection) -> str | None:
    return connection_revision(connection, _TABLES)


def _kind(url: str) -> Kind:
    return "sqlite" if url.startswith("sqlite") else "postgresql"
