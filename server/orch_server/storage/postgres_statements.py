"""The statements that every call makes, straight through asyncpg: SQLAlchemy compiles each once and is not asked again.

What SQLAlchemy does for a statement costs more time than the trip to Postgres. For the few statements of a run's life
that is too much. They must be values made once (constants, or from cached functions), without lists that expand.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import asyncpg
from sqlalchemy import Connection, Dialect, Executable, Row
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from orch_server.storage.postgres_rows import Batches, Form, forms_of

if TYPE_CHECKING:
    from sqlalchemy.engine import AdaptedConnection

R = TypeVar("R")

_DIALECT: Dialect = dialect()  # type: ignore[no-untyped-call]
_MOST_COMPILED = 1024
"""More than there are; a bound only so that statements made anew by mistake cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    names: tuple[str, ...]
    """Of its parameters, in the order of their numbers."""
    fixed: Mapping[str, object]
    """Values that the statement itself brings."""

    batches: tuple[str, ...]
    """The first column of each batch."""
    cells: frozenset[str]
    """Parameters that are given as columns, and sent as the cell of their only row."""

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        given = {**self.fixed, **parameters} if self.fixed else parameters
        if not self.cells:
            return [given[name] for name in self.names]
        return [given[name][0] if name in self.cells else given[name] for name in self.names]


@lru_cache(_MOST_COMPILED)
def _compiled(statement: Executable, forms: tuple[Form, ...] = ()) -> _Compiled:
    """The statement, its batches in these forms; none given: all in the form for many rows."""
    named = dict(zip(_compiled(statement).batches, forms, strict=True)) if forms else {}
    batches = Batches(named)
    found = statement.compile(dialect=_DIALECT, compile_kwargs={"batches": batches})  # type: ignore[attr-defined]
    if not isinstance(found, SQLCompiler) or found.positiontup is None or found.post_compile_params:
        raise TypeError(f"This statement cannot be made ready once and for all: {found}")
    fixed = {name: each.value for name, each in found.binds.items() if not each.required}
    return _Compiled(found.string, tuple(found.positiontup), fixed, tuple(batches.names), frozenset(batches.cells()))


def _fitting(statement: Executable, parameters: Mapping[str, Any]) -> _Compiled:
    """The statement in the form for as many rows as its batches have."""
    compiled = _compiled(statement)
    if not compiled.batches:
        return compiled
    return _compiled(statement, forms_of([len(parameters[name]) for name in compiled.batches]))


class _Row(asyncpg.Record):  # type: ignore[misc]
    """A row whose cells are found by position and by name, as in SQLAlchemy's."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a cell is whatever its column holds
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"This row has no {name}, but {', '.join(self.keys())}.") from None


def _adapted(connection: Connection) -> "AdaptedConnection":
    return cast("AdaptedConnection", connection.connection.dbapi_connection)


class PostgresStatements:
    """Runs statements on a connection, in the greenlet of the use case that has it.

    Errors of asyncpg come out as SQLAlchemy's DBAPIError, as those of all other statements do.
    """

    def __init__(self, connection: Connection) -> None:
        self._adapted = _adapted(connection)
        while self.is_closed:
            connection.invalidate()
            self._adapted = _adapted(connection)

    @property
    def is_closed(self) -> bool:
        """Whether the connection was lost while nobody used it: Postgres was restarted."""
        closed: bool = self._adapted.driver_connection.is_closed()
        return closed

    def rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows that a statement returns: not SQLAlchemy's, but used in the same way."""
        compiled = _fitting(statement, parameters)
        arguments = compiled.arguments(parameters)
        found = self._run(compiled.text, lambda driver: driver.fetch(compiled.text, *arguments, record_class=_Row))
        return cast("Sequence[Row[Any]]", found)

    def written(self, statement: Executable, parameters: Mapping[str, Any]) -> int:
        """How many rows a statement has written."""
        compiled = _fitting(statement, parameters)
        arguments = compiled.arguments(parameters)
        status: str = self._run(compiled.text, lambda driver: driver.execute(compiled.text, *arguments))
        return int(status.rpartition(" ")[2])

    def say(self, words: str) -> None:
        """BEGIN, COMMIT or ROLLBACK."""
        self._run(words, lambda driver: driver.execute(words))

    def _run(self, text: str, work: Callable[[asyncpg.Connection], Awaitable[R]]) -> R:
        try:
            return self._adapted.run_async(work)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            # The last is what a statement gets that follows one in whose middle the connection was cut.
            broken = not isinstance(error, asyncpg.PostgresError)
            raise DBAPIError(text, None, error, connection_invalidated=broken) from error
