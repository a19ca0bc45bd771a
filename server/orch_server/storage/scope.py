"""What statements run in: a connection, the kind of database, and the moment of the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import Connection, Executable, Insert, Row, Select, func, select

from orch_server.application.ports import Clock
from orch_server.storage.types import INSTANT

Kind: TypeAlias = Literal["sqlite", "postgresql"]

_DATABASE_NOW = select(func.statement_timestamp(type_=INSTANT).label("database_now"))


def stamped(statement: Select[Any], kind: Kind) -> Select[Any]:
    """A select that brings the database's time along as its last cell, so that `Scope.now` needs no trip of its own."""
    if kind == "sqlite":
        return statement
    return statement.add_columns(func.statement_timestamp(type_=INSTANT).label("database_now"))


class Shortcut(Protocol):
    """A shorter way to the database for statements that every call makes; see `Scope.rows`."""

    def rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows that a statement returns."""
        ...

    def written(self, statement: Executable, parameters: Mapping[str, Any]) -> int:
        """How many rows a statement has written."""
        ...


@lru_cache(64)
def _both(first: Insert, second: Insert) -> Insert:
    """Two inserts, whose parameters have names of their own, as one statement."""
    return first.add_cte(second.cte())


class Scope:
    """Handed to the rows of every resource."""

    def __init__(
        self, connection: Connection, kind: Kind, clock: Clock | None, shortcut: Shortcut | None = None
    ) -> None:
        self._connection = connection
        self.kind: Kind = kind
        self._clock = clock
        self._shortcut = shortcut
        self._held_back: tuple[Insert, Mapping[str, Any]] | None = None

    @property
    def connection(self) -> Connection:
        """For statements of SQLAlchemy's own way."""
        self.flush()
        return self._connection

    def rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of a statement that many calls make: by the shortest way there is.

        The statement must be made once, and have no lists that expand.
        """
        if self._shortcut is None:
            return self._connection.execute(statement, parameters).all()
        self.flush()
        return self._shortcut.rows(statement, parameters)

    def written(self, statement: Executable, parameters: Mapping[str, Any]) -> int:
        """How many rows such a statement has written."""
        if self._shortcut is None:
            return self._connection.execute(statement, parameters).rowcount
        self.flush()
        return self._shortcut.written(statement, parameters)

    def insert_soon(self, statement: Insert, parameters: Mapping[str, Any]) -> None:
        """Insert before the next statement, or the commit; in one trip with what was to be inserted before."""
        if self._held_back is not None:
            earlier, its_parameters = self._held_back
            if its_parameters.keys().isdisjoint(parameters):
                statement, parameters = _both(earlier, statement), {**its_parameters, **parameters}
            else:
                self.flush()
        self._held_back = statement, parameters

    def flush(self) -> None:
        """Insert what was held back."""
        if self._held_back is not None:
            statement, parameters = self._held_back
            self._held_back = None
            self.written(statement, parameters)

    def fetch(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of a `stamped` select. On Postgres their last cell is the time."""
        rows = self.rows(statement, parameters)
        if rows and self._clock is None and "now" not in self.__dict__:
            self.__dict__["now"] = rows[0][-1]
        return rows

    @cached_property
    def now(self) -> datetime:
        """The moment of this transaction: Postgres' own clock, or, on SQLite and in tests, the clock handed in."""
        if self._clock is not None:
            return self._clock.now()
        now: datetime = self.rows(_DATABASE_NOW, {})[0][-1]
        return now
