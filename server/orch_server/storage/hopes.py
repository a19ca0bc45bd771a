"""What a transaction hopes stays as it was read, instead of locking it: verified in the statement that writes.

On Postgres a transaction with locks costs four trips at least: BEGIN, the read that locks, the write, COMMIT. Where
nothing is locked while it is read, and all that is written is one statement, which first locks what was read and sees
that it is still so, that statement is the whole transaction: two trips. Where others came between, it fails as a whole,
and the use case runs again with locks.

Where what would be read can be told from the call, it need not even be read, and the transaction is one trip: a guess
is a hope like any other, but that whoever was wrong tries again with a look, and does not lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Executable, Insert, Select, Update, bindparam, case, func, literal_column, select
from sqlalchemy.types import TypeEngine

from orch_server.storage.batch import Batch, Cell
from orch_server.storage.types import BIG


class Trust(IntEnum):
    """How much a try takes for granted. Who was raced tries again with less of it."""

    LOCKS = 0
    """Nothing: what is read is locked."""
    HOPES = 1
    """That what is read stays so until the write."""
    GUESSES = 2
    """The same, and that what a call says of what is stored is so."""


class Raced(Exception):
    """What was hoped for is not so. Nothing was written; the use case must run again, more carefully."""

    def __init__(self, *, guessed: bool) -> None:
        """guessed: whether some of it had not been read, but told from the call."""
        super().__init__("what was hoped for is not so")
        self.wrong = Trust.GUESSES if guessed else Trust.HOPES


class Place(IntEnum):
    """The order of locks, as in `tables.py`."""

    RUNS = 0
    QUEUES = 1
    NOTHING = 2
    """What locks no rows, since it hopes that there are none."""


@dataclass(frozen=True, eq=False)
class Hope:
    """A kind of hope. `locked` returns those rows of `batch` that are as was hoped, and no others, and locks what they
    are about, where there is anything."""

    name: str
    place: Place
    batch: Batch
    locked: Select[Any]

    @cached_property
    def expected(self) -> str:
        """The name of the parameter that says how many there must be."""
        return f"{self.name}_expected"

    def parameters(self, rows: Sequence[tuple[Cell, ...]]) -> dict[str, Any]:
        """The parameters of `locked`, and how many rows it must find."""
        return {**self.batch.parameters(rows), self.expected: len(rows)}


def batch_of(name: str, **columns: TypeEngine[Any]) -> Batch:
    """What was read, as a table of parameters whose names nobody else uses. Hopes are for Postgres only."""
    return Batch("postgresql", name, **columns)


@lru_cache(64)
def verified(hopes: tuple[Hope, ...], write: Insert | Update) -> Executable:
    """One statement that locks, compares and writes, or fails with a division by zero and writes nothing.

    The outermost query locks and compares, one hope after the other; what stands beside it, Postgres carries out when
    it is through. Whatever the order, the statement happens as a whole or not at all.
    """
    found = [
        select(func.count()).select_from(hope.locked.cte(f"{hope.name}_locked")).scalar_subquery()
        == bindparam(hope.expected, type_=BIG)
        for hope in hopes
    ]
    verdict = case(*((~each, literal_column("0")) for each in found), else_=literal_column("1"))
    return select((literal_column("1") / verdict).label("verdict")).add_cte(write.cte("written"))
