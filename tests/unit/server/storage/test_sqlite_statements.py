"""Statements that go straight to sqlite3 find and write what SQLAlchemy's own way would."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, bindparam, create_engine, insert, select, update

from orch_server.storage.batch import one_of
from orch_server.storage.sqlite_statements import SqliteStatements
from orch_server.storage.types import ID, INSTANT, SMALL

THING = Table("thing", MetaData(), Column("id", ID), Column("seen", INSTANT), Column("count", SMALL))
NOON = datetime(2027, 3, 28, 12, 0, 0, 250_000, tzinfo=UTC)
NAMED = select(THING).where(one_of(THING.c.id, "ids", "sqlite")).order_by(THING.c.id)


@pytest.fixture
def connection() -> Iterator[Connection]:
    """300 things, the odd ones of which were seen."""
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        THING.metadata.create_all(opened)
        rows = [{"id": UUID(int=n), "seen": NOON if n % 2 else None, "count": n % 2} for n in range(300)]
        opened.execute(insert(THING), rows)
        yield opened
    engine.dispose()


def test_cells_are_found_by_name_and_by_position(connection: Connection) -> None:
    (row,) = SqliteStatements(connection).rows(NAMED, {"ids": [UUID(int=7)]})

    assert (row.id, row.seen, row.count) == tuple(row) == (UUID(int=7), NOON, 1)


@pytest.mark.parametrize("length", [0, 1, 2, 64, 65, 300])
def test_lists_of_any_length(connection: Connection, length: int) -> None:
    ids = [UUID(int=n) for n in range(length)]

    assert [row.id for row in SqliteStatements(connection).rows(NAMED, {"ids": ids})] == ids


def test_values_of_the_statements_own_stand_beside_those_that_are_given(connection: Connection) -> None:
    unseen = select(THING.c.id).where(THING.c.count == 0, THING.c.id < bindparam("below", type_=ID))

    assert len(SqliteStatements(connection).rows(unseen, {"below": UUID(int=10)})) == 5


def test_writes_say_how_many(connection: Connection) -> None:
    statements = SqliteStatements(connection)
    moved = update(THING).where(one_of(THING.c.id, "ids", "sqlite")).values(seen=bindparam("moment", type_=INSTANT))

    assert statements.written(moved, {"ids": [UUID(int=2), UUID(int=4), UUID(int=999)], "moment": NOON}) == 2
    assert {row.seen for row in statements.rows(NAMED, {"ids": [UUID(int=2), UUID(int=4)]})} == {NOON}
