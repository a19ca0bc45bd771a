"""What statements run in: a connection, the kind of database, and the moment of the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Row, Select, func, select

from orch_server.application.ports import Clock
from orch_server.storage.types import INSTANT

Kind: TypeAlias = Literal["sqlite", "postgresql"]

_DATABASE_NOW = select(func.statement_timestamp(type_=INSTANT).label("database_now"))


def stamped(statement: Select[Any], kind: Kind) -> Select[Any]:
    """A select that brings the database's time along, so that `Scope.now` needs no trip of its own."""
    if kind == "sqlite":
        return statement
    return statement.add_columns(func.statement_timestamp(type_=INSTANT).label("database_now"))


class Scope:
    """Handed to the rows of every resource."""

    def __init__(self, connection: Connection, kind: Kind, clock: Clock | None) -> None:
        self.connection = connection
        self.kind: Kind = kind
        self._clock = clock

    def fetch(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of a `stamped` select."""
        rows = self.connection.execute(statement, parameters).all()
        if rows and self._clock is None and "now" not in self.__dict__:
            self.__dict__["now"] = rows[0].database_now
        return rows

    @cached_property
    def now(self) -> datetime:
        """The moment of this transaction: Postgres' own clock, or, on SQLite and in tests, the clock handed in."""
        if self._clock is not None:
            return self._clock.now()
        return self.connection.execute(_DATABASE_NOW).scalar_one()
