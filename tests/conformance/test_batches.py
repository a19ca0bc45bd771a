"""Rows that a statement is given as a table: they are there as they were given."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Boolean, select

from orch_server.application.ports import Transaction
from orch_server.storage.batch import Batch, Cell
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
    batch = Batch(kind, "given", id=ID, number=BIG, text=TEXT, flag=Boolean(), moment=INSTANT)
    statement, parameters = select(batch.table).order_by(batch.table.c.id), batch.parameters(rows)

    def work(tx: Transaction) -> list[tuple[object, ...]]:
        assert isinstance(tx, SqlTransaction)
        return [tuple(row) for row in tx.connection.execute(statement, parameters)]

    found = await store.read(work)

    assert found == rows
