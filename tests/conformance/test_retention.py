"""What is old goes; what has not ended stays, however old. On Postgres, days are partitions."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from orch_server.application.lease_rows import Session
from orch_server.application.log_appends import LogAppend
from orch_server.application.logs import Logs
from orch_server.application.request_rows import AnsweredRequest
from orch_server.application.task_runs import TaskReports, TaskRuns
from orch_server.background.retention import Retention, RetentionPeriods, RetentionResult, prepare_partitions
from orch_server.clock import TimeOrderedIds
from orch_server.domain.states import State, StateChange, StateType
from orch_server.domain.task_runs import TaskRun, TaskRunReport
from orch_server.storage.postgres import async_url
from orch_server.storage.store import SqlStore
from tests.conformance.conftest import Kind, OpenServer, Server
from tests.support.clock import FakeClock
from tests.support.stored_runs import change_run, store_run

R = TypeVar("R")
DAY = timedelta(days=1)

on_postgres = pytest.mark.parametrize("kind", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
"""For what SQLite does not have."""

BELONGINGS = (
    "flow_run",
    "flow_run_state",
    "task_run",
    "task_run_state",
    "log_stream",
    "log_chunk",
)


@pytest.fixture
def retention(store: SqlStore) -> Retention:
    return Retention(store, RetentionPeriods())


async def on_connection(server: Server, work: Callable[[Connection], R]) -> R:
    """Runs `work` on a connection of the server's."""
    return await server.database.write(lambda tx: work(tx._scope.connection))


async def counts(server: Server) -> dict[str, int]:
    """How many rows each table of a run's belongings has."""

    def work(connection: Connection) -> dict[str, int]:
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in BELONGINGS}

    return await on_connection(server, work)


async def partitions(server: Server, table: str = "log_chunk") -> list[str]:
    """The partitions of a table, but for the default one."""

    def work(connection: Connection) -> list[str]:
        found = connection.execute(
            text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:parent AS regclass)"),
            {"parent": table},
        )
        return sorted(name for name in found.scalars() if not name.endswith("_default"))

    return await on_connection(server, work)


async def a_run_with_all(
    server: Server, ids: TimeOrderedIds, clock: FakeClock, *, state: StateType = StateType.RUNNING
) -> UUID:
    """A run with a task run, its history, and a log line."""
    store, now = server.store, clock.now()
    run_id = await store_run(store, ids, now, token=1)
    await Logs(store, server.wakeups).append(LogAppend(run_id, 1, "run", 0, 1, 20, b"[1]"))
    pending = State(StateType.PENDING, "Pending", now)
    task_run = TaskRun(
        ids.new(now), run_id, "t", "k", "0", pending, 0, (), (), "", None, None, now, None, None, version=1
    )
    report = TaskRunReport(task_run, (StateChange(1, pending, 1),))
    await TaskRuns(store).report(TaskReports(run_id, 1, (report,)))
    if state != StateType.RUNNING:
        await change_run(store, run_id, now, state=state)
    return run_id


async def test_runs_go_when_they_ended_long_ago_with_all_that_is_theirs(
    server: Server, retention: Retention, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    for state in (StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED):
        await a_run_with_all(server, ids, clock, state=state)
    clock.advance(89 * DAY)
    assert (await retention.run_once()).flow_runs == 0
    kept = await a_run_with_all(server, ids, clock, state=StateType.COMPLETED)
    clock.advance(2 * DAY)

    result = await retention.run_once()

    assert result.flow_runs == 4
    assert not result.more
    left = await counts(server)
    assert left == dict.fromkeys(BELONGINGS, 1) | {"flow_run_state": 2}
    assert await server.store.read(lambda tx: tx.flow_runs.get([kept]))
    assert await retention.run_once() == RetentionResult()


@pytest.mark.parametrize(
    "state",
    [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING],
)
async def test_what_has_not_ended_stays_for_good(
    server: Server, retention: Retention, ids: TimeOrderedIds, clock: FakeClock, state: StateType
) -> None:
    run_id = await store_run(server.store, ids, clock.now(), state=state)
    clock.advance(5000 * DAY)

    await retention.run_once()

    assert await server.store.read(lambda tx: tx.flow_runs.get([run_id]))


async def test_a_run_counts_from_its_end_not_from_its_creation(
    server: Server, retention: Retention, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    run_id = await store_run(server.store, ids, clock.now())
    clock.advance(200 * DAY)
    await change_run(server.store, run_id, clock.now(), state=StateType.COMPLETED)

    assert (await retention.run_once()).flow_runs == 0


async def test_logs_and_histories_go_before_their_run(
    server: Server, retention: Retention, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    await a_run_with_all(server, ids, clock, state=StateType.COMPLETED)
    clock.advance(31 * DAY)

    await retention.run_once()

    left = await counts(server)
    assert left == dict.fromkeys(BELONGINGS, 1) | {"flow_run_state": 0, "task_run_state": 0, "log_chunk": 0}


async def test_a_run_takes_along_what_has_no_time_of_its_own(
    server: Server, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    """Where logs and histories are kept as long as their run, nothing of them is left behind by it."""
    await a_run_with_all(server, ids, clock, state=StateType.COMPLETED)
    clock.advance(91 * DAY)

    await Retention(server.store, RetentionPeriods.of_days(runs=90, logs=0)).run_once()

    assert set((await counts(server)).values()) == {0}


async def test_zero_days_keep_for_good(server: Server, ids: TimeOrderedIds, clock: FakeClock) -> None:
    await a_run_with_all(server, ids, clock, state=StateType.COMPLETED)
    clock.advance(5000 * DAY)

    result = await Retention(server.store, RetentionPeriods.of_days(runs=0, logs=0)).run_once()

    assert (result.flow_runs, result.rows) == (0, 0)
    assert await counts(server) == dict.fromkeys(BELONGINGS, 1) | {"flow_run_state": 2}


async def test_a_round_is_bounded_and_says_that_there_is_more(
    server: Server, retention: Retention, clock: FakeClock, ids: TimeOrderedIds
) -> None:
    answered = [AnsweredRequest(ids.new(clock.now()), "CreateFlowRun", b"f", b"r") for _ in range(10_700)]
    await server.store.write(lambda tx: tx.requests.add(answered))
    clock.advance(timedelta(hours=25))

    first, second = await retention.run_once(), await retention.run_once()

    assert (first.requests, first.more) == (10_000, True)
    assert (second.requests, second.more) == (700, False)


async def test_answers_of_the_last_day_stay(
    server: Server, retention: Retention, clock: FakeClock, ids: TimeOrderedIds
) -> None:
    answered = AnsweredRequest(ids.new(clock.now()), "CreateFlowRun", b"f", b"r")
    await server.store.write(lambda tx: tx.requests.add([answered]))
    clock.advance(timedelta(hours=23))

    assert (await retention.run_once()).requests == 0


async def test_silent_sessions_go_unless_they_hold_a_lease(
    server: Server, retention: Retention, ids: TimeOrderedIds, clock: FakeClock, kind: Kind
) -> None:
    pool_id, now = ids.new(clock.now()), clock.now()
    silent, holding = ids.new(now), ids.new(now)
    run_id = await store_run(server.store, ids, now)

    def work(connection: Connection) -> None:
        moment = "now()" if kind == "postgresql" else "0"
        ident = {name: value if kind == "postgresql" else value.hex for name, value in values.items()}
        connection.execute(
            text(
                "INSERT INTO work_pool (id, name, type, description, paused, lease_ttl_ms, job_template, create_time,"
                f" update_time, version) VALUES (:pool, 'p', 'process', '', false, 15000, '', {moment}, {moment}, 1)"
            ),
            {"pool": ident["pool"]},
        )

    values = {"pool": pool_id}
    await on_connection(server, work)
    for session_id in (silent, holding):
        session = Session(
            session_id, pool_id, "p", "w", (), 1, (), (), "1", False, False, now, now, timedelta(seconds=15)
        )
        await server.store.write(lambda tx, session=session: tx.sessions.add(session))  # type: ignore[misc]
    await on_connection(server, lambda connection: _lease(connection, kind, run_id, holding, pool_id))
    clock.advance(8 * DAY)

    assert (await retention.run_once()).sessions == 1
    assert await server.store.read(lambda tx: tx.sessions.get(silent)) is None
    assert await server.store.read(lambda tx: tx.sessions.get(holding)) is not None


def _lease(connection: Connection, kind: Kind, run_id: UUID, session_id: UUID, pool_id: UUID) -> None:
    moment = "now()" if kind == "postgresql" else "0"
    cells = {"run": run_id, "session": session_id, "pool": pool_id}
    connection.execute(
        text(
            "INSERT INTO lease (flow_run_id, token, session_id, work_pool_id, work_queue_id, phase, ttl_ms, grant_time,"
            f" expire_time) VALUES (:run, 1, :session, :pool, :pool, 1, 15000, {moment}, {moment})"
        ),
        cells if kind == "postgresql" else {name: cell.hex for name, cell in cells.items()},
    )


@on_postgres
async def test_partitions_are_made_ahead_and_dropped_behind(
    server: Server, retention: Retention, clock: FakeClock, ids: TimeOrderedIds
) -> None:
    assert await prepare_partitions(server.store) == 12
    assert await prepare_partitions(server.store) == 0
    assert await partitions(server) == [f"log_chunk_p202603{day:02}" for day in (2, 3, 4, 5)]
    await a_run_with_all(server, ids, clock)
    clock.advance(timedelta(days=32))

    result = await retention.run_once()

    # At noon of 3 April, all of 2 and 3 March is more than 30 days old, of 4 March only the morning.
    assert result.partitions == 2 * 3
    assert await partitions(server) == [
        *(f"log_chunk_p202603{day:02}" for day in (4, 5)),
        *(f"log_chunk_p202604{day:02}" for day in (3, 4, 5, 6)),
    ]
    assert (await counts(server))["log_chunk"] == 0


@on_postgres
async def test_what_lies_in_the_default_partition_moves_when_its_day_gets_one(
    server: Server, clock: FakeClock, ids: TimeOrderedIds
) -> None:
    await a_run_with_all(server, ids, clock)

    await prepare_partitions(server.store)

    def where(connection: Connection) -> list[str]:
        found: list[str] = list(connection.execute(text("SELECT tableoid::regclass::text FROM log_chunk")).scalars())
        return found

    assert await on_connection(server, where) == ["log_chunk_p20260302"]


async def test_several_servers_may_prepare_and_retain_at_once(
    open_server: OpenServer, clock: FakeClock, ids: TimeOrderedIds
) -> None:
    servers = [open_server() for _ in range(3)]
    for _ in range(20):
        await a_run_with_all(servers[0], ids, clock, state=StateType.COMPLETED)
    await asyncio.gather(*(prepare_partitions(each.store) for each in servers))
    clock.advance(91 * DAY)

    results = await asyncio.gather(*(Retention(each.store, RetentionPeriods()).run_once() for each in servers))

    assert sum(result.flow_runs for result in results) == 20
    assert set((await counts(servers[0])).values()) == {0}


@on_postgres
async def test_a_busy_table_is_left_for_the_next_round(server: Server, database_url: str) -> None:
    """Making and dropping partitions never makes writers wait for long: it gives up instead."""
    engine = create_async_engine(async_url(database_url))
    async with engine.begin() as reader:
        await reader.execute(text("SELECT * FROM log_chunk"))
        assert await prepare_partitions(server.store) == 8
    await engine.dispose()

    assert await prepare_partitions(server.store) == 4


async def test_only_postgres_has_partitions(server: Server, kind: Kind) -> None:
    made = await prepare_partitions(server.store)

    assert made == (0 if kind == "sqlite" else 12)
