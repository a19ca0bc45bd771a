"""SQLite's statements without SQLAlchemy's own execution: compiled once, run by the driver.

What `orch_server.storage.hot_statements` is for PostgreSQL. A seed makes thousands of statements, and what SQLAlchemy
does around each takes five times as long as SQLite itself.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, Row
from sqlalchemy.dialects.sqlite.pysqlite import dialect
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = dialect(paramstyle="qmark")

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, object]
    binds: tuple[tuple[int, Convert], ...]
    """Parameters that must be converted, by their place."""
    results: tuple[tuple[int, Convert], ...]
    """The same of a row's cells."""
    shape: SimpleResultMetaData
    lists: tuple[str, ...] = ()
    """Parameters that are lists: the text is one for lists of their lengths."""


class Statements:
    """The shortcut of a simulated SQLite (`orch_server.storage.scope.Shortcut`)."""

    def __init__(self, connection: Connection, driver: sqlite3.Connection) -> None:
        self._connection = connection
        self._driver = driver
        self._known: dict[Executable, SQLCompiler | None] = {}
        self._ready: dict[tuple[Executable, tuple[int, ...]], _Compiled] = {}

    def rows(self, statement: Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """The rows that a statement returns."""
        compiled = self._compiled(statement, parameters)
        if compiled is None:
            return self._connection.execute(statement, parameters).all()
        found = self._driver.execute(compiled.text, _arguments(compiled, parameters)).fetchall()
        shape, converts = compiled.shape, compiled.results
        made: list[Row[Any]] = []
        for cells in found:
            if converts:
                row = list(cells)
                for place, convert in converts:
                    row[place] = convert(row[place])
                cells = tuple(row)
            made.append(Row(shape, None, shape._key_to_index, cells))
        return made

    def written(self, statement: Executable, parameters: Mapping[str, Any]) -> int:
        """How many rows a statement has written."""
        compiled = self._compiled(statement, parameters)
        if compiled is None:
            return self._connection.execute(statement, parameters).rowcount
        return self._driver.execute(compiled.text, _arguments(compiled, parameters)).rowcount

    def _compiled(self, statement: Executable, parameters: Mapping[str, Any]) -> _Compiled | None:
        if statement not in self._known:
            self._known[statement] = _compiler(statement)
        compiler = self._known[statement]
        if compiler is None:
            return None
        lists = tuple(sorted(each.key for each in compiler.post_compile_params))
        key = statement, tuple(len(parameters[name]) for name in lists)
        if key not in self._ready:
            self._ready[key] = _compile(compiler, lists, parameters)
        return self._ready[key]


def _arguments(compiled: _Compiled, parameters: Mapping[str, Any]) -> Sequence[Any]:
    given = {**compiled.fixed, **parameters} if compiled.fixed or compiled.lists else parameters
    for name in compiled.lists:
        given |= {f"{name}_{place + 1}": each for place, each in enumerate(parameters[name])}  # type: ignore[operator]
    arguments = [given[name] for name in compiled.names]
    for place, convert in compiled.binds:
        arguments[place] = convert(arguments[place])
    return arguments


def _compiler(statement: Executable) -> SQLCompiler | None:
    """None for statements whose text depends on values in a way that is not known here."""
    found = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
    if not isinstance(found, SQLCompiler) or found.positiontup is None or found.literal_execute_params:
        return None
    known = all(each.expanding and each.required for each in found.post_compile_params)
    return found if known else None


def _compile(compiler: SQLCompiler, lists: tuple[str, ...], parameters: Mapping[str, Any]) -> _Compiled:
    state = compiler.construct_expanded_state(dict(parameters), escape_names=False)
    names = tuple(state.positiontup or ())
    processors = {**compiler._bind_processors, **state.processors}
    found: list[Any] = [processors.get(name) for name in names]
    binds: list[tuple[int, Convert | None]] = list(enumerate(found))
    columns = compiler._result_columns
    results = [(place, each.type._cached_result_processor(_DIALECT, None)) for place, each in enumerate(columns)]
    return _Compiled(
        state.statement,
        names,
        {name: each.value for name, each in compiler.binds.items() if not each.required},
        tuple((place, convert) for place, convert in binds if convert is not None),
        tuple((place, convert) for place, convert in results if convert is not None),
        SimpleResultMetaData([each.keyname for each in columns]),
        lists,
    )
