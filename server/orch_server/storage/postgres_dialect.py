"""What statements for Postgres are made of, loaded when one is made: the dialect takes as long to load as a short
script takes to run, and SQLite has no use for it."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Table
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.dialects.postgresql import ARRAY, Insert

    from orch_server.storage.postgres_rows import PostgresRows


def postgresql_insert(table: Table) -> "Insert":
    """INSERT as Postgres knows it, with ON CONFLICT."""
    from sqlalchemy.dialects.postgresql import insert

    return insert(table)


def rows_of(arrays: "Sequence[BindParameter[Any]]") -> "PostgresRows":
    """Arrays as a table, one for each column."""
    from orch_server.storage.postgres_rows import PostgresRows

    return PostgresRows(arrays)


def array_of(type_: TypeEngine[Any]) -> "ARRAY[Any]":
    """Postgres' array of a type."""
    from sqlalchemy.dialects.postgresql import ARRAY

    return ARRAY(type_)
