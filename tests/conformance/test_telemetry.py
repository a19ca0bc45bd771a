"""What a control plane tells its telemetry as runs come, are granted and end: docs/telemetry.md, as a specification."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from orch_server.application.errors import NotFound, Unavailable
from orch_server.application.ports import Transaction
from orch_server.application.telemetry import (
    LEASES_EXPIRED,
    LEASES_GRANTED,
    LEASES_HELD,
    QUEUE_DEPTH,
    RUN_LATENESS,
    RUNS_CREATED,
    RUNS_ENDED,
    SPAN_GRANT,
    SPAN_RETENTION,
    SPAN_SWEEP,
    SPAN_TRANSACTION,
    TRANSACTION_DURATION,
    TRANSACTION_SIZE,
)
from orch_server.background.meters import Meters
from orch_server.background.retention import Retention, RetentionPeriods
from orch_server.domain.states import StateType
from orch_server.storage.store import SqlStore
from tests.conformance.conftest import Server
from tests.support.clock import FakeClock
from tests.support.plane import TTL_SECONDS, Plane, until
from tests.support.seen_telemetry import Seen, attributes, seen

__all__ = ["seen"]

CALLER = "call"


@pytest.fixture
async def watched(server: Server, clock: FakeClock, seen: Seen) -> AsyncIterator[Plane]:
    """A control plane whose telemetry a test looks into; what its start has told is cleared away."""
    store = SqlStore(server.database, seen.telemetry)
    plane = await Plane(Server(store, server.database, server.wakeups), clock, telemetry=seen.telemetry).start()
    seen.spans_exporter.clear()
    yield plane
    await plane.close()


def parent_of(span: ReadableSpan) -> int:
    """The id of a span's parent, 0 for a root."""
    return int(span.parent.span_id) if span.parent else 0


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


def named(spans: Sequence[ReadableSpan], name: str) -> list[ReadableSpan]:
    """Transactions of a use case."""
    return [span for span in spans if attributes(span).get("name") == name]


async def test_a_run_that_is_created_granted_and_reported(watched: Plane, seen: Seen, clock: FakeClock) -> None:
    session = await watched.open()
    await watched.create()
    clock.advance(timedelta(seconds=3))
    [held] = await watched.acquire(session)
    await watched.report(held, 1, StateType.RUNNING)
    await watched.report(held, 2, StateType.COMPLETED)

    assert seen.numbers(RUNS_CREATED) == {(): 1}
    assert seen.numbers(LEASES_GRANTED) == {("default",): 1}
    assert seen.sums(RUN_LATENESS) == {("default",): (1, 3.0)}
    assert seen.numbers(RUNS_ENDED) == {("COMPLETED",): 1}
    [grant] = seen.spans(SPAN_GRANT)
    assert attributes(grant) == {"work_pool": "default", "orch.lease.wishes": 1, "orch.lease.granted": 1}
    assert [parent_of(span) for span in named(seen.spans(SPAN_TRANSACTION), "grant")] == [id_of(grant)]


async def test_every_transaction_is_measured_by_the_use_cases_that_share_it(watched: Plane, seen: Seen) -> None:
    before = seen.sums(TRANSACTION_SIZE)
    session = await watched.open()
    await watched.create()
    await watched.create_many(2)
    await watched.beat(session)

    spans = [attributes(span) for span in seen.spans(SPAN_TRANSACTION)]
    names = ["Workers.open", "FlowRunCreation.create", "FlowRunCreation.create_all", "sync"]
    assert spans == [{"name": name, "orch.transaction.size": 1} for name in names]
    sizes, durations = seen.sums(TRANSACTION_SIZE), seen.sums(TRANSACTION_DURATION)
    assert {(name,) for name in names} == sizes.keys() - before.keys()
    assert sizes.keys() == durations.keys()
    assert all(sizes[name,] == (1, 1) and durations[name,][1] > 0 for name in names)


async def test_a_transaction_of_one_call_is_its_child(watched: Plane, seen: Seen) -> None:
    for call in (watched.create(), watched.pool("gpu")):
        with seen.telemetry.span(CALLER):
            await call

    callers = seen.spans(CALLER)
    transactions = seen.spans(SPAN_TRANSACTION)
    assert [parent_of(span) for span in transactions] == [id_of(span) for span in callers]


async def test_a_transaction_that_calls_share_is_linked_to_them(watched: Plane, seen: Seen) -> None:
    async def call() -> None:
        with seen.telemetry.span(CALLER):
            await watched.create()

    await asyncio.gather(*(call() for _ in range(5)))

    shared = max(seen.spans(SPAN_TRANSACTION), key=lambda span: len(span.links))
    size = attributes(shared)["orch.transaction.size"]
    assert parent_of(shared) == 0
    assert size == len(shared.links) > 1
    assert {link.context.span_id for link in shared.links} <= {id_of(span) for span in seen.spans(CALLER)}
    assert sum(total for _, total in seen.sums(TRANSACTION_SIZE).values()) >= 5
    assert seen.numbers(RUNS_CREATED) == {(): 5}


async def test_a_refusal_is_an_answer_and_a_database_that_is_away_a_failure(watched: Plane, seen: Seen) -> None:
    def unavailable(tx: Transaction) -> None:
        raise Unavailable("Away.", retry_after_seconds=1)

    with pytest.raises(NotFound):
        await watched.create_many(1, work_pool_name="nowhere")
    with pytest.raises(Unavailable):
        await watched.store.write(unavailable)

    refused, failed = seen.spans(SPAN_TRANSACTION)
    assert attributes(refused)["orch.transaction.refused"] == "WORK_POOL_NOT_FOUND"
    assert [span.status.status_code for span in (refused, failed)] == [StatusCode.UNSET, StatusCode.ERROR]
    assert seen.numbers(RUNS_CREATED) == {}


async def test_a_claim_is_of_no_single_waiting_call(watched: Plane, seen: Seen) -> None:
    session = await watched.open()
    with seen.telemetry.span(CALLER):
        waiting = asyncio.create_task(watched.acquire(session, wait=30))
    await watched.waiting(1)
    await until(lambda: len(seen.spans(SPAN_GRANT)) == 1)
    await watched.create()
    assert len(await waiting) == 1

    empty, granted = seen.spans(SPAN_GRANT)
    assert attributes(empty) == {"orch.lease.wishes": 1, "orch.lease.granted": 0}
    assert attributes(granted)["orch.lease.granted"] == 1
    assert {parent_of(empty), parent_of(granted)} == {0}


async def test_leases_that_expire_by_pool_and_the_runs_that_end_by_it(watched: Plane, seen: Seen) -> None:
    await watched.pool("gpu")
    await watched.running(await watched.open(), work_pool_name="default")
    await watched.granted(await watched.open(pool="gpu"), work_pool_name="gpu")

    swept = await watched.pass_time(TTL_SECONDS)

    assert swept.expired == 2
    assert seen.numbers(LEASES_EXPIRED) == {("default",): 1, ("gpu",): 1}
    assert seen.numbers(RUNS_ENDED) == {("CRASHED",): 1}
    last = seen.spans(SPAN_SWEEP)[-1]
    assert attributes(last) == {"orch.lease.expired": 2, "orch.lease.extended": 0}
    [*_, transaction] = named(seen.spans(SPAN_TRANSACTION), "LeaseSweeper.sweep")
    assert parent_of(transaction) == id_of(last)


async def test_a_run_that_its_own_process_starts_has_no_pool(watched: Plane, seen: Seen) -> None:
    new = watched.new_process_run()
    held = await watched.begun(flow_run_id=new.flow_run_id, holder=new.holder)
    await watched.begin(new)
    await Meters(watched.store, seen.telemetry).run_once()

    assert seen.numbers(RUNS_CREATED) == {(): 1}
    assert seen.numbers(LEASES_GRANTED) == {("",): 1}
    assert seen.numbers(LEASES_HELD) == {("",): 1, ("default",): 0}
    assert seen.numbers(QUEUE_DEPTH) == {("default", "default"): 0}

    await watched.pass_time(TTL_SECONDS)
    await watched.resume(held)

    assert seen.numbers(LEASES_EXPIRED) == {("",): 1}
    assert seen.numbers(RUNS_ENDED) == {("CRASHED",): 1}
    assert seen.numbers(LEASES_GRANTED) == {("",): 2}
    assert [attributes(span)["name"] for span in seen.spans(SPAN_TRANSACTION)].count("ProcessRuns.start") == 2


async def test_a_round_of_retention_says_what_went(watched: Plane, seen: Seen, clock: FakeClock) -> None:
    session = await watched.open()
    held = await watched.running(session)
    await watched.report(held, 2, StateType.COMPLETED)
    clock.advance(timedelta(days=100))

    await Retention(watched.store, RetentionPeriods(), seen.telemetry).run_once()

    [span] = seen.spans(SPAN_RETENTION)
    assert attributes(span)["orch.retention.flow_runs"] == 1
    assert attributes(span)["orch.retention.more"] is False


async def test_gauges_show_what_is_due_and_what_is_held(watched: Plane, seen: Seen, clock: FakeClock) -> None:
    await watched.pool("gpu")
    await watched.queue("urgent")
    meters = Meters(watched.store, seen.telemetry)
    await watched.running(await watched.open())
    await watched.create_many(3)
    await watched.create_many(2, work_queue_name="urgent")
    await watched.create(work_pool_name="gpu", scheduled_time=clock.now() + timedelta(hours=1))
    assert (seen.numbers(QUEUE_DEPTH), seen.numbers(LEASES_HELD)) == ({}, {})

    await meters.run_once()

    assert seen.numbers(QUEUE_DEPTH) == {("default", "default"): 3, ("default", "urgent"): 2, ("gpu", "default"): 0}
    assert seen.numbers(LEASES_HELD) == {("default",): 1, ("gpu",): 0}
    clock.advance(timedelta(hours=1))
    await meters.run_once()
    assert seen.numbers(QUEUE_DEPTH)["gpu", "default"] == 1


async def test_gauges_count_up_to_a_bound(watched: Plane, seen: Seen) -> None:
    meters = Meters(watched.store, seen.telemetry, most=2)
    await watched.create_many(3)

    await meters.run_once()

    assert seen.numbers(QUEUE_DEPTH) == {("default", "default"): 2}


async def test_gauges_show_nothing_rather_than_old_numbers(
    watched: Plane, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(work: object) -> None:
        raise Unavailable("Away.", retry_after_seconds=1)

    meters = Meters(watched.store, seen.telemetry)
    await meters.run_once()
    monkeypatch.setattr(watched.store, "read", away)
    with pytest.raises(Unavailable):
        await meters.run_once()

    assert (seen.numbers(QUEUE_DEPTH), seen.numbers(LEASES_HELD)) == ({}, {})
