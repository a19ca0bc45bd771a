"""Log lines that are appended: contiguous offsets, guarded by the newest token (invariants 2 and 15)."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.application.log_appends import LogAppended
from orch_server.application.log_rows import LogChunk, StreamMove
from orch_server.application.logs import Logs
from orch_server.application.ports import Transaction, log_topic
from orch_server.clock import TimeOrderedIds
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.conformance.conftest import OpenServer
from tests.conformance.logs.lines import ALL, CODEC, accepted, lines, numbers, read
from tests.support.clock import FakeClock
from tests.support.stored_runs import change_run, store_run


async def test_appended_lines_come_back_in_order(logs: Logs, run_id: UUID) -> None:
    assert await logs.append(lines(run_id, [1, 2, 3], offset=0)) == accepted(3)
    assert await logs.append(lines(run_id, [4, 5], offset=3)) == accepted(5)

    assert await read(logs, run_id) == [("run", place, place + 1) for place in range(5)]
    assert await logs.offset(run_id, "run") == 5
    assert await logs.offset(run_id, "worker") == 0


async def test_lines_are_found_though_the_clock_was_set_back(logs: Logs, run_id: UUID, clock: FakeClock) -> None:
    clock.set_back(timedelta(minutes=10))

    assert await logs.append(lines(run_id, [1, 2], offset=0)) == accepted(2)

    assert await numbers(logs, run_id) == [1, 2]


async def test_offsets_are_contiguous_no_line_lost_none_stored_twice(logs: Logs, run_id: UUID) -> None:
    """Invariant 15. Guards: `_Ledger.take` cuts off what lies before the committed offset and refuses what lies behind
    it; `extend` moves a stream's end only from where it is. Without the first, the repeat below is stored twice;
    without the second, see the next test."""
    await logs.append(lines(run_id, [1, 2, 3], offset=0))

    repeated = await logs.append(lines(run_id, [1, 2, 3], offset=0))
    overlapping = await logs.append(lines(run_id, [2, 3, 4, 5], offset=1))
    behind_a_gap = await logs.append(lines(run_id, [9], offset=6))

    assert repeated == LogAppended(3, ReportVerdict.DUPLICATE)
    assert overlapping == accepted(5)
    assert behind_a_gap == LogAppended(5, ReportVerdict.INVALID)
    assert await read(logs, run_id) == [("run", place, place + 1) for place in range(5)]


async def test_a_stream_grows_only_from_its_end(store: SqlStore, logs: Logs, run_id: UUID) -> None:
    """Invariant 15, the guard in the statement: a writer that decided on a stale end writes nothing at all."""
    await logs.append(lines(run_id, [1, 2, 3], offset=0))

    def on_a_stale_end(tx: Transaction) -> None:
        tx.logs.add([LogChunk(run_id, "run", 2, 1, 0, b"[3]")], not_before={})
        tx.logs.extend([StreamMove(run_id, "run", 2, 3)])

    with pytest.raises(RuntimeError, match="1 of 1 log streams moved"):
        await store.write(on_a_stale_end)

    assert await numbers(logs, run_id) == [1, 2, 3]


async def test_two_servers_that_append_at_once_store_each_line_once(
    open_server: OpenServer, logs: Logs, run_id: UUID
) -> None:
    """A worker whose answer was lost repeats its lines at another server."""
    servers = [Logs(each.store, each.wakeups) for each in (open_server(), open_server())]

    for first in range(0, 100, 10):
        batch = lines(run_id, list(range(first, first + 10)), offset=first)
        answers = await asyncio.gather(*(server.append(batch) for server in servers))
        assert sorted(answer.verdict for answer in answers) == [ReportVerdict.ACCEPTED, ReportVerdict.DUPLICATE]
        assert {answer.committed_offset for answer in answers} == {first + 10}

    assert await numbers(logs, run_id) == list(range(100))


async def test_appends_of_one_stream_may_share_a_transaction(logs: Logs, run_id: UUID) -> None:
    batches = [lines(run_id, [first, first + 1], offset=first) for first in range(0, 40, 2)]

    answers = await asyncio.gather(*(logs.append(each) for each in batches))

    assert answers == [accepted(each.offset + 2) for each in batches]
    assert await numbers(logs, run_id) == list(range(40))


@pytest.mark.parametrize("token", [6, 8, 0])
async def test_any_token_but_the_newest_is_lost(logs: Logs, run_id: UUID, token: int) -> None:
    await logs.append(lines(run_id, [1], offset=0))

    assert await logs.append(lines(run_id, [2], offset=1, token=token)) == LogAppended(1, ReportVerdict.LOST)
    assert await numbers(logs, run_id) == [1]


async def test_a_run_that_was_never_granted_takes_no_lines(
    store: SqlStore, logs: Logs, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    run_id = await store_run(store, ids, clock.now(), state=StateType.SCHEDULED, token=0)

    assert await logs.append(lines(run_id, [1], offset=0, token=0)) == LogAppended(0, ReportVerdict.LOST)


async def test_a_new_grant_locks_the_old_holder_out(
    store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock
) -> None:
    await logs.append(lines(run_id, [1], offset=0))
    await change_run(store, run_id, clock.now(), token=8)

    assert (await logs.append(lines(run_id, [2], offset=1))).verdict == ReportVerdict.LOST
    assert await logs.append(lines(run_id, [2], offset=1, token=8)) == accepted(2)


async def test_the_newest_token_stays_good_after_the_end(
    store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock
) -> None:
    await change_run(store, run_id, clock.now(), state=StateType.FAILED)

    assert await logs.append(lines(run_id, [1], offset=0)) == accepted(1)


async def test_an_unknown_run_is_not_found_and_disturbs_nobody(
    logs: Logs, run_id: UUID, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    unknown = lines(ids.new(clock.now()), [1], offset=0)

    answers = await asyncio.gather(
        logs.append(lines(run_id, [1], offset=0)), logs.append(unknown), return_exceptions=True
    )

    assert answers[0] == accepted(1)
    assert isinstance(answers[1], NotFound)
    with pytest.raises(NotFound):
        await logs.offset(unknown.flow_run_id, "run")
    with pytest.raises(NotFound):
        await logs.page(unknown.flow_run_id, ALL, CODEC, token="", size=10)


async def test_a_run_has_at_most_64_streams(logs: Logs, run_id: UUID) -> None:
    for place in range(64):
        await logs.append(lines(run_id, [place], offset=0, stream=f"s{place:02}"))

    with pytest.raises(FailedPrecondition) as refused:
        await logs.append(lines(run_id, [64], offset=0, stream="s64"))

    assert refused.value.reason == "TOO_MANY_LOG_STREAMS"
    assert await logs.append(lines(run_id, [100], offset=1, stream="s63")) == accepted(2)
    assert await numbers(logs, run_id, size=10) == [*range(64), 100]


async def test_appending_wakes_those_who_follow(logs: Logs, wakeups: LocalWakeups, run_id: UUID) -> None:
    rung: list[bool] = []
    wakeups.listen(log_topic(run_id), lambda: rung.append(True))

    await logs.append(lines(run_id, [1], offset=0))
    await logs.append(lines(run_id, [1], offset=0))

    assert rung == [True]
