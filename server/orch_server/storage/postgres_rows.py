"""A statement's parameters as a table, in the form that costs Postgres least for as many rows as there are.

`unnest` of many arrays sets up a store for each column, which for one row takes longer than all else that an insert
does: forty columns, 0.15 ms. Few rows are taken out of the arrays by their place instead; but to find the place of a
text Postgres walks through all before it, so that this is for few. One row needs no arrays at all.

`PostgresStatements` picks the form. Statements that SQLAlchemy runs itself take arrays, always.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import BindParameter, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Form(Enum):
    """How the rows are written down."""

    ONE = 1
    """`VALUES ($1, $2)`: each parameter is a cell."""
    FEW = 2
    """`SELECT first, ($2)[place] FROM unnest($1) WITH ORDINALITY`: each is a column."""
    MANY = 3
    """`unnest($1, $2)`: the same."""


_FEW = 100
"""Rows up to which FEW is no slower than MANY: at 32 it takes four fifths of the time, at 8 half of it."""


def form_of(rows: int) -> Form:
    """The form for so many rows, of which no batch of the statement has more; `rows` is 1 only where all have one."""
    if rows == 1:
        return Form.ONE
    return Form.FEW if rows <= _FEW else Form.MANY


@dataclass(slots=True)
class Batches:
    """What a compilation finds out: the parameters of each batch of rows in the statement, by column."""

    form: Form
    names: list[tuple[str, ...]] = field(default_factory=list)


class PostgresRows(FunctionElement[Any]):
    """`unnest` of arrays, one for each column. Compile with `compile_kwargs={"batches": Batches(form)}`."""

    name = "unnest"
    inherit_cache = True

    def __init__(self, arrays: Sequence[BindParameter[Any]]) -> None:
        super().__init__(*arrays)


@compiles(PostgresRows)
def _written(element: PostgresRows, compiler: SQLCompiler, *, batches: Batches | None = None, **kw: Any) -> str:  # noqa: ANN401
    arrays: list[BindParameter[Any]] = list(element.clauses)  # type: ignore[arg-type]
    if batches is not None:
        batches.names.append(tuple(each.key for each in arrays))
    if batches is None or batches.form is Form.MANY:
        return f"unnest({', '.join(compiler.process(each) for each in arrays)})"
    if batches.form is Form.ONE:
        return f"(VALUES ({', '.join(compiler.process(_cell(each)) for each in arrays)}))"
    first, *others = (compiler.process(each) for each in arrays)
    cells = ", ".join(["first", *(f"({each})[place]" for each in others)])
    return f"(SELECT {cells} FROM unnest({first}) WITH ORDINALITY AS cells(first, place))"


def _cell(array: BindParameter[Any]) -> BindParameter[Any]:
    if not isinstance(array.type, ARRAY):
        raise TypeError(f"{array.key} is not a column of rows.")
    return bindparam(array.key, type_=array.type.item_type)
