"""Inserts that leave alone, or replace, what is there already."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Insert, Select, Table
from sqlalchemy.dialects import sqlite

from orch_server.storage.postgres_dialect import postgresql_insert
from orch_server.storage.scope import Kind


def insert_or_skip(kind: Kind, table: Table, unique: Sequence[str]) -> Insert:
    """INSERT … ON CONFLICT (unique) DO NOTHING: waits for another's insert of the same, then skips the row."""
    if kind == "postgresql":
        return postgresql_insert(table).on_conflict_do_nothing(index_elements=unique)
    return sqlite.insert(table).on_conflict_do_nothing(index_elements=unique)


def insert_or_replace(kind: Kind, table: Table, unique: Sequence[str], rows: Select[Any] | None = None) -> Insert:
    """INSERT … ON CONFLICT (unique) DO UPDATE of all other columns. rows: of a batch, in the table's order of columns;
    None: those given with the statement."""
    others = [column.name for column in table.columns if column.name not in unique]
    if kind == "postgresql":
        on_postgres = postgresql_insert(table)
        if rows is not None:
            on_postgres = on_postgres.from_select([column.name for column in table.columns], rows)
        return on_postgres.on_conflict_do_update(
            index_elements=unique, set_={name: on_postgres.excluded[name] for name in others}
        )
    on_sqlite = sqlite.insert(table)
    return on_sqlite.on_conflict_do_update(
        index_elements=unique, set_={name: on_sqlite.excluded[name] for name in others}
    )
