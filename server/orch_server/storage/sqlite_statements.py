"""The statements that every call makes, straight through sqlite3: SQLAlchemy compiles each once and is not asked again.

What `postgres_statements.py` is for PostgreSQL. What SQLAlchemy does around a statement takes five times as long as
SQLite itself takes for it.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.dialects.sqlite.pysqlite import dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

_DIALECT = dialect(paramstyle="qmark")
_MOST_COMPILED = 256
"""More than there are; a bound only so that statements made anew by mistake cannot fill the memory."""
_MOST_TEXTS = 512
_LONGEST_KEPT = 64
"""A list has a parameter for each of its members, so that there is a text for each length; long ones are made anew."""

_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement's text, and what is done with its parameters before and with its cells after."""

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, object]
    """Values that the statement itself brings."""
    lists: tuple[str, ...]
    binds: tuple[tuple[int, _Convert], ...]
    """By the parameter's place."""
    results: tuple[tuple[int, _Convert], ...]
    row: Callable[[Sequence[Any]], Any]

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        given: dict[str, Any] = {**self.fixed, **parameters}
        for name in self.lists:
            given.update((f"{name}_{place}", each) for place, each in enumerate(parameters[name], 1))
        arguments = [given[name] for name in self.names]
        for place, convert in self.binds:
            arguments[place] = convert(arguments[place])
        return arguments

    def made(self, cells: Sequence[Any]) -> Any:  # noqa: ANN401 - a row of whatever the statement finds
        if self.results:
            cells = list(cells)
            for place, convert in self.results:
                cells[place] = convert(cells[place])
        return self.row(cells)


class SqliteStatements:
    """Runs statements on the connection of one transaction (`Shortcut` in `scope.py`)."""

    def __init__(self, connection: Connection) -> None:
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise TypeError(f"{type(driver)} is not a connection of sqlite3.")
        self._driver = driver

    def rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows that a statement returns: not SQLAlchemy's, but used in the same way."""
        ready = _ready(statement, parameters)
        found = self._driver.execute(ready.text, ready.arguments(parameters)).fetchall()
        return [ready.made(cells) for cells in found]

    def written(self, statement: Executable, parameters: Mapping[str, Any]) -> int:
        """How many rows a statement has written."""
        ready = _ready(statement, parameters)
        return self._driver.execute(ready.text, ready.arguments(parameters)).rowcount


def _ready(statement: Executable, parameters: Mapping[str, Any]) -> _Ready:
    lists = _lists(statement)
    lengths = tuple(len(parameters[name]) for name in lists)
    if sum(lengths) > _LONGEST_KEPT:
        return _expanded(statement, lists, lengths)
    return _kept(statement, lists, lengths)


@lru_cache(_MOST_COMPILED)
def _compiled(statement: Executable) -> SQLCompiler:
    found = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
    if not isinstance(found, SQLCompiler) or found.positiontup is None or found.literal_execute_params:
        raise TypeError(f"This statement cannot be made ready once and for all: {found}")
    return found


@lru_cache(_MOST_COMPILED)
def _lists(statement: Executable) -> tuple[str, ...]:
    """The parameters that are lists."""
    return tuple(sorted(each.key for each in _compiled(statement).post_compile_params))


@lru_cache(_MOST_TEXTS)
def _kept(statement: Executable, lists: tuple[str, ...], lengths: tuple[int, ...]) -> _Ready:
    return _expanded(statement, lists, lengths)


def _expanded(statement: Executable, lists: tuple[str, ...], lengths: tuple[int, ...]) -> _Ready:
    """The statement for lists of these lengths."""
    compiler = _compiled(statement)
    stand_ins: dict[str, Any] = {name: each.value for name, each in compiler.binds.items()}
    stand_ins |= {name: [None] * length for name, length in zip(lists, lengths, strict=True)}
    state = compiler.construct_expanded_state(stand_ins, escape_names=False)
    names = tuple(state.positiontup or ())
    converts = {name: _to_driver(each.type) for name, each in compiler.binds.items()}
    converts |= {part: converts[name] for name, parts in state.parameter_expansion.items() for part in parts}
    columns = compiler._result_columns  # nothing else tells the types of what comes back
    return _Ready(
        text=state.statement,
        names=names,
        fixed={name: each.value for name, each in compiler.binds.items() if not each.required},
        lists=lists,
        binds=_placed([converts[name] for name in names]),
        results=_placed([_from_driver(each.type) for each in columns]),
        row=_row([each.keyname for each in columns]) if columns else tuple,
    )


def _row(names: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    shape: Any = namedtuple("_Row", names, rename=True)  # type: ignore[misc]
    made: Callable[[Sequence[Any]], Any] = shape._make
    return made


def _placed(converts: Sequence[_Convert | None]) -> tuple[tuple[int, _Convert], ...]:
    return tuple((place, convert) for place, convert in enumerate(converts) if convert is not None)


def _to_driver(type_: TypeEngine[Any]) -> _Convert | None:
    return type_.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _from_driver(type_: TypeEngine[Any]) -> _Convert | None:
    return type_.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
