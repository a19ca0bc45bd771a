"""Transactions on PostgreSQL whose statements go two ways to the database, and wake-ups of servers that come later."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from orch_server.application.errors import Unavailable
from orch_server.application.ports import Transaction
from orch_server.application.request_rows import AnsweredRequest
from orch_server.domain.flows import Flow
from orch_server.storage.postgres import PostgresDatabase, driver_url
from orch_server.storage.postgres_wakeups import PostgresWakeups
from orch_server.storage.store import SqlStore
from orch_server.storage.transaction import SqlTransaction
from orch_server.storage.wakeups import LocalWakeups
from tests.conformance.conftest import Kind

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("kind", ["postgresql"], indirect=True)]


def _answer() -> AnsweredRequest:
    return AnsweredRequest(uuid4(), "CreateFlowRun", b"digest", b"answer")


async def test_statements_of_both_ways_are_undone_together(store: SqlStore, kind: Kind) -> None:
    answer, flow = _answer(), Flow(uuid4(), "undone", datetime.now(UTC))

    def work(tx: Transaction) -> None:
        tx.requests.add([answer])
        tx.flows.add_missing([flow])
        assert tx.requests.find([answer.id])
        raise ValueError("as if a rule had been broken")

    with pytest.raises(ValueError, match="as if a rule"):
        await store.write(work)

    assert await store.read(lambda tx: tx.requests.find([answer.id])) == {}
    assert await store.read(lambda tx: tx.flows.ids_by_name(["undone"])) == {}


async def test_what_is_inserted_last_is_committed(store: SqlStore, kind: Kind) -> None:
    answer = _answer()

    await store.write(lambda tx: tx.requests.add([answer]))

    assert await store.read(lambda tx: tx.requests.find([answer.id])) == {answer.id: answer}


async def test_inserts_of_the_same_kind_are_both_made(store: SqlStore, kind: Kind) -> None:
    first, second = _answer(), _answer()

    def work(tx: Transaction) -> None:
        tx.requests.add([first])
        tx.requests.add([second])

    await store.write(work)

    assert await store.read(lambda tx: tx.requests.find([first.id, second.id])) == {
        first.id: first,
        second.id: second,
    }


async def _lose_connections(url: str) -> None:
    """All that others have to this database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()


async def test_a_lost_connection_fails_its_transaction_alone(store: SqlStore, kind: Kind, database_url: str) -> None:
    answer = _answer()

    def lose(tx: Transaction) -> None:
        tx.requests.add([_answer()])
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(lambda: asyncio.run(_lose_connections(database_url))).result()
        tx.requests.find([answer.id])

    await store.write(lambda tx: tx.requests.add([_answer()]))
    with pytest.raises(Unavailable):
        await store.write(lose)

    await store.write(lambda tx: tx.requests.add([answer]))
    assert await store.read(lambda tx: tx.requests.find([answer.id])) == {answer.id: answer}


async def test_connections_that_were_lost_between_transactions_are_replaced(
    store: SqlStore, kind: Kind, database_url: str
) -> None:
    async def use_all() -> None:
        moments = [store.write(lambda tx: tx.now) for _ in range(8)] + [store.read(lambda tx: tx.now) for _ in range(8)]
        assert len(await asyncio.gather(*moments)) == 16

    await use_all()
    await _lose_connections(database_url)

    await use_all()


@pytest.fixture
async def narrow(kind: Kind, database_url: str) -> AsyncIterator[PostgresDatabase]:
    """A database with one connection to write on, and one to read on."""
    database = PostgresDatabase(database_url, LocalWakeups(), pool_size=2)
    yield database
    await database.close()


async def test_callers_in_excess_of_connections_all_have_their_turn(kind: Kind, narrow: PostgresDatabase) -> None:
    def answered(tx: SqlTransaction) -> int:
        tx.requests.add([_answer()])
        return 1

    def counted(tx: SqlTransaction) -> int:
        return int(tx.connection.execute(text("SELECT count(*) FROM flow")).scalar_one()) + 1

    both = (answered, counted)
    async with asyncio.timeout(60):
        done = await asyncio.gather(
            *(narrow.write(both[number % 2]) for number in range(40)),
            *(narrow.read(counted) for _ in range(40)),
        )

    assert done == [1] * 80


async def test_who_leaves_in_the_middle_of_a_transaction_gives_its_connection_back(
    kind: Kind, narrow: PostgresDatabase, database_url: str
) -> None:
    flow = Flow(uuid4(), "left", datetime.now(UTC))

    def work(tx: SqlTransaction) -> None:
        tx.flows.add_missing([flow])
        tx.connection.execute(text("SELECT pg_sleep(60)"))

    async with asyncio.timeout(60):
        leaving = asyncio.create_task(narrow.write(work))
        await _until_asleep(database_url)
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving

        assert await narrow.write(lambda tx: tx.flows.ids_by_name(["left"])) == {}


async def test_a_transaction_that_outlives_its_database_leaves_no_connection(
    kind: Kind, narrow: PostgresDatabase, database_url: str
) -> None:
    async with asyncio.timeout(60):
        under_way = asyncio.create_task(narrow.write(lambda tx: tx.connection.execute(text("SELECT pg_sleep(1)"))))
        await _until_asleep(database_url)
        await narrow.close()
        await under_way

        await _until(database_url, "application_name = 'orch'", 0)


async def _until_asleep(url: str) -> None:
    await _until(url, "wait_event = 'PgSleep'", 1)


async def _until(url: str, condition: str, count: int) -> None:
    """Wait until so many of this database's connections are so."""
    connection = await asyncpg.connect(url)
    counted = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {condition}"
    try:
        while await connection.fetchval(counted) != count:
            pass
    finally:
        await connection.close()


async def test_a_server_that_was_alone_is_heard_by_one_that_comes_later(kind: Kind, database_url: str) -> None:
    first, second = PostgresWakeups(driver_url(database_url)), PostgresWakeups(driver_url(database_url))
    heard, met = asyncio.Event(), asyncio.Event()
    first.listen("met", met.set)
    second.listen("news", heard.set)
    try:
        await first.start()
        first.announce(["nobody hears this"])
        await second.start()
        while not met.is_set():  # until the first has heard of the second, it need not tell it anything
            second.announce(["met"])
            await _soon(met)
        heard.clear()  # who starts looks at everything
        first.announce(["news"])

        async with asyncio.timeout(30):
            await heard.wait()
    finally:
        await first.stop()
        await second.stop()


async def _soon(event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await event.wait()
