"""A connection that was cut in the middle of a statement: the database is away, and nothing else is wrong."""

import asyncpg
import pytest

from orch_server.application.errors import Unavailable
from orch_server.application.ports import Transaction
from orch_server.clock import SystemClock
from orch_server.storage import schema
from orch_server.storage.opening import open_store


def _cut(*_: object) -> None:
    raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")


def _once_more(tx: Transaction) -> int:
    return len(tx.flow_runs.get([]))


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["read", "write"])
async def test_what_the_driver_says_then_is_that_the_database_is_away(how: str, postgres_url: str) -> None:
    await schema.upgrade(postgres_url)
    opened = open_store(postgres_url, SystemClock())
    try:
        run = opened.store.read if how == "read" else opened.store.write
        with pytest.raises(Unavailable, match="cannot be reached"):
            await run(_cut)
        assert await run(_once_more) == 0
    finally:
        await opened.close()
