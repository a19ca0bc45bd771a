"""Which revision a database is at, told from its tables alone, and what is said where it cannot be told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, make_url

from orch_server.application.errors import Overloaded, Unavailable
from orch_server.errors import StartupError
from orch_server.storage.errors import Translated
from orch_server.storage.migrations import REVISIONS
from orch_server.version import orch_version

HEAD = REVISIONS[-1]
"""The revision that this server works with."""

Query = Callable[[str], list[str]]
"""Runs a statement and returns the first column of its rows."""

_REVISION = "SELECT version_num FROM alembic_version"


class SchemaError(StartupError):
    """The database's schema is not one that this server can work with, or take further."""


def revision_of(query: Query, *, tables: str, shown: str) -> str | None:
    """The revision that the database is at; None where it is empty.

    tables: the statement that lists them. shown: the database as people know it, without its password. Raises
    SchemaError for a database that is newer, or somebody else's.
    """
    found = set(query(tables))
    if not found:
        return None
    if "alembic_version" not in found:
        some = ", ".join(sorted(found)[:3])
        raise SchemaError(
            f"The database {shown} is not empty, and not Orch's: it holds {some} … but no alembic_version. "
            "Give Orch a database, or a Postgres schema, of its own."
        )
    revision = next(iter(query(_REVISION)), None)
    if revision is not None and revision not in REVISIONS:
        raise SchemaError(
            f"The database {shown} is at revision {revision}, which this server (orch {orch_version()}, newest "
            f"revision {HEAD}) does not know. A newer Orch has migrated it, or it is another program's. Start that "
            "newer version, restore a backup from before, or name another database."
        )
    return revision


def connection_revision(connection: Connection, tables: str) -> str | None:
    """The revision that the database of a connection is at; None where it is empty."""
    return revision_of(
        lambda statement: list(connection.exec_driver_sql(statement).scalars()),
        tables=tables,
        shown=connection.engine.url.render_as_string(hide_password=True),
    )


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Says to the person who starts the server what is wrong with the database, not with a call."""
    try:
        with Translated():
            yield
    except (Unavailable, Overloaded) as error:
        raise StartupError(f"The database {shown(url)} cannot be used: {error.message}") from error


def shown(url: str) -> str:
    """The URL without its password."""
    return make_url(url).render_as_string(hide_password=True)
