"""A statement's parameters as a table, in the form that costs Postgres least for as many rows as there are.

`unnest` of many arrays sets up a store for each column, which for one row takes longer than all else that an insert
does: forty columns, 0.15 ms. Few rows are taken out of the arrays by their place instead; but to find the place of a
text Postgres walks through all before it, so that this is for few. One row needs no arrays at all.

`PostgresStatements` picks the form of each batch. Statements that SQLAlchemy runs itself take arrays, always.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from sqlalchemy import BindParameter, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Form(IntEnum):
    """How the rows are written down."""

    ONE = 1
    """`VALUES ($1, $2)`: each parameter is a cell."""
    FEW = 2
    """`SELECT first, ($2)[place] FROM unnest($1) WITH ORDINALITY`: each is a column."""
    MANY = 3
    """`unnest($1, $2)`: the same."""


_FEW = 100
"""Rows up to which FEW is no slower than MANY: at 32 it takes four fifths of the time, at 8 half of it."""


def forms_of(counts: Sequence[int]) -> tuple[Form, ...]:
    """The forms for batches of so many rows. All that are not of one row have the same."""
    others = Form.FEW if max(counts) <= _FEW else Form.MANY
    return tuple([Form.ONE if count == 1 else others for count in counts])


@dataclass(slots=True)
class Batches:
    """Told to a compilation: the form of each batch, by its first parameter; the others are MANY. It finds out the
    parameters of each batch in the statement, by column."""

    forms: Mapping[str, Form]
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def cells(self) -> Iterator[str]:
        """The parameters that stand for a cell, not for a column."""
        for first, names in self.names.items():
            if self.forms.get(first) is Form.ONE:
                yield from names


class PostgresRows(FunctionElement[Any]):
    """`unnest` of arrays, one for each column. Compile with `compile_kwargs={"batches": Batches(forms)}`."""

    name = "unnest"
    inherit_cache = True

    def __init__(self, arrays: Sequence[BindParameter[Any]]) -> None:
        super().__init__(*arrays)


@compiles(PostgresRows)
def _written(element: PostgresRows, compiler: SQLCompiler, *, batches: Batches | None = None, **kw: Any) -> str:  # noqa: ANN401
    arrays: list[BindParameter[Any]] = list(element.clauses)  # type: ignore[arg-type]
    form = Form.MANY
    if batches is not None:
        names = tuple(each.key for each in arrays)
        batches.names[names[0]] = names
        form = batches.forms.get(names[0], Form.MANY)
    if form is Form.MANY:
        return f"unnest({', '.join(compiler.process(each) for each in arrays)})"
    if form is Form.ONE:
        return f"(VALUES ({', '.join(compiler.process(_cell(each)) for each in arrays)}))"
    first, *others = (compiler.process(each) for each in arrays)
    cells = ", ".join(["first", *(f"({each})[place]" for each in others)])
    return f"(SELECT {cells} FROM unnest({first}) WITH ORDINALITY AS cells(first, place))"


def _cell(array: BindParameter[Any]) -> BindParameter[Any]:
    if not isinstance(array.type, ARRAY):
        raise TypeError(f"{array.key} is not a column of rows.")
    return bindparam(array.key, type_=array.type.item_type)
