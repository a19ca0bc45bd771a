"""What statements run in: a connection, the kind of database, and the moment of the transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import Connection, Executable, Insert, Row, Select, Update, func, select

from orch_server.application.ports import Clock
from orch_server.storage.batch import Cell
from orch_server.storage.hopes import Hope, Raced, Trust, verified
from orch_server.storage.types import INSTANT

Kind: TypeAlias = Literal["sqlite", "postgresql"]

_DATABASE_NOW = select(func.statement_timestamp(type_=INSTANT).label("database_now"))


def stamped(statement: Select[Any], kind: Kind) -> Select[Any]:
    """A select that brings the database's time along as its last cell, so that `Scope.now` needs no trip of its own."""
    if kind == "sqlite":
        return statement
    return statement.add_columns(func.statement_timestamp(type_=INSTANT).label("database_now"))


class Shortcut(Protocol):
    """A shorter way to the database than SQLAlchemy's, for statements that every call makes; see `Scope.rows`."""

    def rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows that a statement returns."""
        ...

    def written(self, statement: Executable, parameters: Mapping[str, Any]) -> int:
        """How many rows a statement has written."""
        ...


Write: TypeAlias = Insert | Update


@lru_cache(64)
def _both(first: Write, second: Write) -> Write:
    """Two writes, whose parameters have names of their own, as one statement."""
    return first.add_cte(second.cte())


def _only_reads(statement: Executable) -> bool:
    return isinstance(statement, Select) and statement._for_update_arg is None


class Scope:
    """Handed to the rows of every resource."""

    def __init__(
        self,
        connection: Connection,
        kind: Kind,
        clock: Clock | None,
        shortcut: Shortcut,
        *,
        begin: Callable[[], None] | None = None,
        trust: Trust = Trust.LOCKS,
    ) -> None:
        """begin: begins the transaction, where that is put off until a statement needs one. None: it has begun, or
        nothing is written. trust: what this try may hope instead of locking."""
        self._connection = connection
        self.kind: Kind = kind
        self._clock = clock
        self._shortcut = shortcut
        self._begin = begin
        self._trust = trust
        self._hopes: dict[Hope, dict[tuple[Cell, ...], None]] = {}
        self.guessed = False
        """Whether something was hoped for that had not been read."""
        self._held_back: tuple[Write, Mapping[str, Any]] | None = None

    @property
    def hopeful(self) -> bool:
        """Whether what would be locked may only be read, and named to `hope`: nothing has been written or locked."""
        return self._trust >= Trust.HOPES and self._begin is not None

    @property
    def guesses(self) -> bool:
        """Whether what can be told from a call need not even be read, but only be named to `hope`."""
        return self._trust >= Trust.GUESSES and self._begin is not None

    def hope(self, hope: Hope, rows: Sequence[tuple[Cell, ...]]) -> None:
        """Whatever is written, is written only where these rows are so."""
        if self._begin is None:
            self._lock(hope, rows)
        elif rows:
            self._hopes.setdefault(hope, {}).update(dict.fromkeys(rows))

    def guess(self, hope: Hope, rows: Sequence[tuple[Cell, ...]]) -> None:
        """The same, of rows that were not read. Only where `guesses` says so."""
        self.guessed = True
        self.hope(hope, rows)

    def begin(self) -> None:
        """Begin the transaction, unless it has begun: now what is locked stays so until its end. Raises Raced."""
        if self._begin is None:
            return
        begin, self._begin = self._begin, None
        begin()
        if self._held_back is not None:
            self._write_verified()
            return
        for hope in self._in_order():
            self._lock(hope, list(self._hopes[hope]))

    def _in_order(self) -> tuple[Hope, ...]:
        return tuple(sorted(self._hopes, key=lambda hope: (hope.place, hope.name)))

    def _lock(self, hope: Hope, rows: Sequence[tuple[Cell, ...]]) -> None:
        if rows:
            parameters = hope.batch.parameters(rows)
            if len(self._shortcut.rows(hope.locked, parameters)) != len(rows):
                raise Raced(guessed=self.guessed)

    def _write_verified(self) -> None:
        """Write what was held back, where all that was hoped for is so."""
        if self._held_back is None:
            return
        statement, parameters = self._held_back
        self._held_back, hopes = None, self._in_order()
        hoped: dict[str, Any] = {}
        for hope in hopes:
            hoped |= hope.parameters(list(self._hopes[hope]))
        self._shortcut.written(verified(hopes, statement) if hopes else statement, {**parameters, **hoped})

    @property
    def connection(self) -> Connection:
        """For statements of SQLAlchemy's own way."""
        self.begin()
        self.flush()
        return self._connection

    def rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows of a statement that many calls make: by the shortest way there is.

        The statement must be made once and, on Postgres, have no lists that expand.
        """
        if not _only_reads(statement):
            self.begin()
        self.flush()
        return self._shortcut.rows(statement, parameters)

    def written(self, statement: Executable, parameters: Mapping[str, Any]) -> int:
        """How many rows such a statement has written."""
        self.begin()
        self.flush()
        return self._shortcut.written(statement, parameters)

    def write_soon(self, statement: Write, parameters: Mapping[str, Any]) -> None:
        """Write before the next statement, or the commit; in one trip with what was to be written before."""
        if self._held_back is not None:
            earlier, its_parameters = self._held_back
            if its_parameters.keys().isdisjoint(parameters):
                statement, parameters = _both(earlier, statement), {**its_parameters, **parameters}
            else:
                self.flush()
        self._held_back = statement, parameters

    def flush(self) -> None:
        """Write what was held back, in the transaction, which begins with it at the latest."""
        if self._held_back is not None and self._begin is not None:
            self.begin()
        elif self._held_back is not None:
            statement, parameters = self._held_back
            self._held_back = None
            self.written(statement, parameters)

    def finish(self) -> bool:
        """Write what was held back; whether there is a transaction to commit. Where none was begun, the statement is
        one by itself. Raises Raced, or the driver's division by zero, where a hope was in vain."""
        if self._begin is None:
            self.flush()
            return True
        self._write_verified()
        return False

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
