"""What statements for Postgres are made of, loaded when one is made: the dialect takes as long to load as a short
script takes to run, and SQLite has no use for it."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Table
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import ARRAY, Insert


def postgresql_insert(table: Table) -> "Insert":
    """INSERT as Postgres knows it, with ON CONFLICT."""
    from sqlalchemy.dialects.postgresql import insert

    return insert(table)


def array_of(type_: TypeEngine[Any]) -> "ARRAY[Any]":
    """Postgres' array of a type."""
    from sqlalchemy.dialects.postgresql import ARRAY

    return ARRAY(type_)
