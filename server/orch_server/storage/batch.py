"""Many rows for one statement: `UPDATE … FROM batch`, `INSERT … SELECT … FROM batch`.

Postgres takes an array a column (see `postgres_rows.py`), SQLite one JSON text (`json_each`). To a statement both look
like a table. Columns may be ids, numbers, booleans, texts and instants; bytes only on Postgres.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    Select,
    TableValuedAlias,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

from orch_server.storage.postgres_dialect import array_of, rows_of
from orch_server.storage.types import to_micros

Cell: TypeAlias = UUID | int | float | bool | str | bytes | datetime | None


class Batch:
    """A table made of a statement's parameters. Build statements on `table.c`, execute them with `parameters(rows)`."""

    def __init__(self, kind: str, name: str = "batch", /, **columns: TypeEngine[Any]) -> None:
        self._on_postgres = kind == "postgresql"
        self._parameters = tuple(f"{name}_{each}" for each in columns) if self._on_postgres else (f"{name}_rows",)
        self.table: FromClause = self._unnest(name, columns) if self._on_postgres else self._json_each(name, columns)

    def _unnest(self, name: str, columns: dict[str, TypeEngine[Any]]) -> TableValuedAlias:
        types = zip(self._parameters, columns.values(), strict=True)
        arrays = [bindparam(parameter, type_=array_of(type_)) for parameter, type_ in types]
        shapes = [column(each, type_) for each, type_ in columns.items()]
        return rows_of(arrays).table_valued(*shapes, name=name).render_derived()

    def _json_each(self, name: str, columns: dict[str, TypeEngine[Any]]) -> FromClause:
        each = func.json_each(bindparam(self._parameters[0])).table_valued("value", name=f"{name}_each")
        cells = [
            cast(func.json_extract(each.c.value, f"$[{place}]"), type_).label(label)
            if isinstance(type_, Boolean)
            else func.json_extract(each.c.value, f"$[{place}]", type_=type_).label(label)
            for place, (label, type_) in enumerate(columns.items())
        ]
        return select(*cells).subquery(name)

    def parameters(self, rows: Sequence[Sequence[Cell]]) -> dict[str, Any]:
        """The statement's parameters for these rows, each in the order of the columns."""
        if self._on_postgres:
            columns = map(list, zip(*rows, strict=True)) if rows else ([] for _ in self._parameters)
            return dict(zip(self._parameters, columns, strict=True))
        return {self._parameters[0]: json.dumps([[_json_cell(cell) for cell in row] for row in rows])}


def one_of(column_: ColumnElement[Any], name: str, kind: str) -> ColumnElement[bool]:
    """`column IN (…)` for a list of any length.

    On Postgres it is one array, so that the statement's text, and with it its plan, stays the same.
    """
    if kind == "postgresql":
        return column_ == func.any(bindparam(name, type_=array_of(column_.type)))
    return column_.in_(bindparam(name, expanding=True))


def once_locked(ordered: Select[Any]) -> ColumnElement[bool]:
    """A condition that is always true, once the rows of an ordered select are locked.

    It does not depend on the row at hand, so Postgres sees to it before it looks at any; and since everybody locks in
    the same order, transactions cannot wait for each other in a circle. Joining the locked rows instead would make the
    planner, who knows nothing of their number, compare each with each.
    """
    locked = ordered.with_for_update().cte("locked")
    return select(func.count()).select_from(locked).scalar_subquery() >= 0


def _json_cell(cell: Cell) -> str | float | None:
    if isinstance(cell, UUID):
        return cell.hex
    if isinstance(cell, datetime):
        return to_micros(cell)
    if isinstance(cell, bytes):
        raise TypeError("JSON holds no bytes: on SQLite they go through plain inserts.")
    return cell
