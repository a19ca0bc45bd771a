"""Rows that a statement is given as a table: they are there as they were given."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Boolean, Select, select

from orch_server.application.ports import Transaction
from orch_server.storage.batch import Batch, Cell
from orch_server.storage.postgres import driver_url
from orch_server.storage.postgres_arrays import send_arrays
from orch_server.storage.scope import Scope
from orch_server.storage.store import SqlStore
from orch_server.storage.transaction import SqlTransaction
from orch_server.storage.types import BIG, ID, INSTANT, TEXT
from tests.conformance.conftest import Kind

THEN = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)

A, B, C = (UUID(int=number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="none"),
        pytest.param([(A, 7, "x", True, THEN)], id="one"),
        pytest.param([(A, None, None, None, None)], id="one of NULLs"),
        pytest.param([(A, 7, "x", True, THEN), (B, 7, "x", True, THEN), (C, 7, "x", True, THEN)], id="all agree"),
        pytest.param([(A, None, None, None, None), (B, None, None, None, None)], id="all agree on NULL"),
        pytest.param([(A, 1, "x", False, THEN), (B, 2, "", True, None), (C, 3, "z", None, THEN)], id="none agrees"),
        pytest.param([(A, 1, "x", True, THEN), (B, None, None, None, None)], id="ends in NULLs"),
        pytest.param([(A, 1, "x", True, THEN), (B, 2, "y", False, None), (C, 1, "x", True, THEN)], id="ends agree"),
        pytest.param([(A, 1, "x", True, THEN), (A, 1, "x", True, THEN)], id="the same twice"),
    ],
)
async def test_rows_arrive_as_they_were_given(store: SqlStore, kind: Kind, rows: list[tuple[Cell, ...]]) -> None:
    assert await _there_and_back(store, kind, rows) == rows


@pytest.mark.parametrize("count", [1, 2, 7, 100, 101, 500])
async def test_so_do_rows_of_all_sorts_however_many(store: SqlStore, kind: Kind, count: int) -> None:
    rows = [_row(number) for number in range(count)]

    assert await _there_and_back(store, kind, rows) == rows


@pytest.mark.parametrize(("few", "many"), [(1, 3), (3, 1), (1, 0), (0, 1), (1, 200), (2, 200)])
async def test_batches_of_different_lengths_go_together(store: SqlStore, kind: Kind, few: int, many: int) -> None:
    first, second = Batch(kind, "first", id=ID, text=TEXT), Batch(kind, "second", id=ID, number=BIG)
    statement = (
        select(first.table.c.text, second.table.c.number)
        .join_from(first.table, second.table, first.table.c.id == second.table.c.id)
        .order_by(first.table.c.text, second.table.c.number)
    )
    texts = [(UUID(int=number), f"{number:03}") for number in range(few)]
    numbers = [(UUID(int=number % 2), number) for number in range(many)]

    found = await _found(store, statement, {**first.parameters(texts), **second.parameters(numbers)})

    assert found == [(text, number) for id_, text in texts for other, number in numbers if other == id_]


async def test_the_same_statement_takes_one_row_and_many_in_turn(store: SqlStore, kind: Kind) -> None:
    batch = _batch(kind)
    statement = _all_of(batch)

    for count in (1, 500, 1, 3, 0, 1):
        rows = [_row(number) for number in range(count)]
        assert await _found(store, statement, batch.parameters(rows)) == rows


def _batch(kind: Kind) -> Batch:
    return Batch(kind, "given", id=ID, number=BIG, text=TEXT, flag=Boolean(), moment=INSTANT)


def _all_of(batch: Batch) -> Select[Any]:
    return select(batch.table).order_by(batch.table.c.id)


async def _there_and_back(store: SqlStore, kind: Kind, rows: list[tuple[Cell, ...]]) -> list[tuple[object, ...]]:
    """What a statement finds that is given these rows: alike whether SQLAlchemy runs it or the shorter way."""
    batch = _batch(kind)
    statement, parameters = _all_of(batch), batch.parameters(rows)
    slow = await store.read(lambda tx: _scope(tx).connection.execute(statement, parameters).all())
    quick = await _found(store, statement, parameters)
    assert [tuple(row) for row in slow] == quick
    return quick


async def _found(store: SqlStore, statement: Select[Any], parameters: dict[str, Any]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await store.read(lambda tx: _scope(tx).rows(statement, parameters))]


def _scope(tx: Transaction) -> Scope:
    assert isinstance(tx, SqlTransaction)
    return tx._scope


def _row(number: int) -> tuple[Cell, ...]:
    """Numbers at the ends of their range, texts to be escaped somewhere, moments before 2000; now and then none."""
    return (
        UUID(int=(number << 96) + number),
        [number, -number, 2**63 - 1, -(2**63), None][number % 5],
        ["", "{}", 'a "quoted", \\ one', "ß€🦉", "NULL", None, "x" * 3000][number % 7],
        [True, False, None][number % 3],
        [THEN, datetime(1970, 1, 1, tzinfo=UTC), datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC), None][number % 4],
    )


@pytest.mark.postgres
async def test_the_installed_asyncpg_takes_our_encoding_of_arrays(postgres_copy: str) -> None:
    connection = await asyncpg.connect(driver_url(postgres_copy))
    try:
        assert send_arrays(connection)
        with pytest.raises(asyncpg.DataError):
            await connection.fetch("SELECT unnest($1::bigint[])", [1, 2**63])
        assert await connection.fetchval("SELECT cardinality($1::bigint[])", [1, 2]) == 2
    finally:
        await connection.close()
