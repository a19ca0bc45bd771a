"""Log lines in the store: contiguous offsets, guarded by the newest token, merged by time (invariants 2 and 15).

Lines are opaque to the store; here a line is a number, its time in seconds, and a chunk is their JSON.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from orch_server.application.errors import FailedPrecondition, InvalidArgument, NotFound
from orch_server.application.log_appends import LogAppend, LogAppended
from orch_server.application.log_pages import LogFilter
from orch_server.application.log_rows import LogChunk, StreamMove
from orch_server.application.logs import LogAnswer, Logs
from orch_server.application.ports import Transaction, log_topic
from orch_server.clock import TimeOrderedIds
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.conformance.conftest import OpenServer
from tests.support.clock import FakeClock
from tests.support.stored_runs import change_run, store_run

ALL = LogFilter()
LATE = timedelta(minutes=1)


class NumberCodec:
    """Lines that are numbers: each its own time and, for filters, its own level."""

    def decode(self, records: bytes) -> Sequence[int]:
        numbers: list[int] = json.loads(records)
        return numbers

    def time_ns(self, record: int, /) -> int:
        return record * 1_000_000_000

    def size(self, record: int, /) -> int:
        return 8

    def matcher(self, log_filter: LogFilter) -> Callable[[int], bool]:
        first, end = log_filter.from_ns or 0, log_filter.to_ns or 1 << 62
        return lambda record: record >= log_filter.min_level and first <= self.time_ns(record) < end


CODEC = NumberCodec()


@pytest.fixture
def logs(store: SqlStore, wakeups: LocalWakeups) -> Logs:
    return Logs(store, wakeups)


@pytest.fixture
async def run_id(store: SqlStore, ids: TimeOrderedIds, clock: FakeClock) -> UUID:
    return await store_run(store, ids, clock.now(), token=7)


def lines(run_id: UUID, numbers: Sequence[int], *, offset: int, stream: str = "run", token: int = 7) -> LogAppend:
    seconds = (min(numbers), max(numbers)) if numbers else None
    records = json.dumps(numbers).encode()
    return LogAppend(run_id, token, stream, offset, len(numbers), max(numbers, default=0), records, seconds)


def accepted(committed: int) -> LogAppended:
    return LogAppended(committed, ReportVerdict.ACCEPTED)


async def read(
    logs: Logs, run_id: UUID, log_filter: LogFilter = ALL, *, size: int = 1000
) -> list[tuple[str, int, int]]:
    """All lines, page by page: (stream, offset, number)."""
    found: list[tuple[str, int, int]] = []
    token = ""
    while True:
        answer = await logs.page(run_id, log_filter, CODEC, token=token, size=size)
        found.extend(answer.page.lines)
        if not (token := answer.next_token):
            return found


async def read_back(
    logs: Logs, run_id: UUID, log_filter: LogFilter = ALL, *, size: int = 1000
) -> list[tuple[str, int, int]]:
    """All lines from the last to the first, page by page: (stream, offset, number)."""
    found: list[tuple[str, int, int]] = []
    token = ""
    while True:
        answer = await logs.page_back(run_id, log_filter, CODEC, token=token, size=size)
        found.extend(answer.page.lines)
        if not (token := answer.next_token):
            return found


async def numbers(logs: Logs, run_id: UUID, log_filter: LogFilter = ALL, *, size: int = 1000) -> list[int]:
    return [number for _, _, number in await read(logs, run_id, log_filter, size=size)]


async def test_appended_lines_come_back_in_order(logs: Logs, run_id: UUID) -> None:
    assert await logs.append(lines(run_id, [1, 2, 3], offset=0)) == accepted(3)
    assert await logs.append(lines(run_id, [4, 5], offset=3)) == accepted(5)

    assert await read(logs, run_id) == [("run", place, place + 1) for place in range(5)]
    assert await logs.offset(run_id, "run") == 5
    assert await logs.offset(run_id, "worker") == 0


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
        tx.logs.add([LogChunk(run_id, "run", 2, 1, 0, b"[3]")])
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


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_streams_are_merged_by_time_whatever_the_page_size(logs: Logs, run_id: UUID, size: int) -> None:
    for offset in range(0, 30, 3):
        odd = [2 * (offset + place) + 1 for place in range(3)]
        await logs.append(lines(run_id, odd, offset=offset, stream="run"))
    await logs.append(lines(run_id, [2 * place for place in range(30)], offset=0, stream="worker"))

    assert await numbers(logs, run_id, size=size) == list(range(60))


async def test_a_stream_keeps_its_own_order_whatever_its_clock_says(logs: Logs, run_id: UUID) -> None:
    await logs.append(lines(run_id, [5, 3, 9], offset=0))
    await logs.append(lines(run_id, [4, 6], offset=0, stream="worker"))

    assert await numbers(logs, run_id, size=2) == [4, 5, 3, 6, 9]


async def test_a_filter_passes_over_what_does_not_match(logs: Logs, run_id: UUID) -> None:
    for offset in range(0, 50, 10):
        await logs.append(lines(run_id, list(range(offset, offset + 10)), offset=offset))

    assert await numbers(logs, run_id, LogFilter(min_level=38), size=3) == list(range(38, 50))
    assert await numbers(logs, run_id, LogFilter(stream="worker")) == []


async def test_a_page_with_a_filter_does_a_bounded_piece_of_work(logs: Logs, run_id: UUID) -> None:
    for offset in range(0, 30_000, 10_000):
        # Of a chunk it is known how grave its gravest line is, or might be.
        await logs.append(replace(lines(run_id, [1] * 10_000, offset=offset), max_level=50))
    await logs.append(lines(run_id, [50], offset=30_000))
    errors = LogFilter(min_level=50)

    first = await logs.page(run_id, errors, CODEC, token="", size=10)

    assert first.page.lines == []
    assert first.next_token
    second = await logs.page(run_id, errors, CODEC, token=first.next_token, size=10)
    assert [line.offset for line in second.page.lines] == [30_000]


async def test_chunks_without_a_grave_line_are_no_work(logs: Logs, run_id: UUID) -> None:
    for offset in range(0, 60_000, 10_000):
        await logs.append(lines(run_id, [1] * 10_000, offset=offset))
    await logs.append(lines(run_id, [50], offset=60_000))

    answer = await logs.page(run_id, LogFilter(min_level=50), CODEC, token="", size=10)

    assert [line.offset for line in answer.page.lines] == [60_000]
    assert answer.next_token == ""


async def test_a_token_belongs_to_one_run_and_filter(
    store: SqlStore, logs: Logs, run_id: UUID, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    await logs.append(lines(run_id, [1, 2], offset=0))
    token = (await logs.page(run_id, ALL, CODEC, token="", size=1)).next_token
    other = await store_run(store, ids, clock.now())

    for wrong_run, wrong_filter, wrong_token in (
        (other, ALL, token),
        (run_id, LogFilter(min_level=1), token),
        (run_id, ALL, "nonsense"),
    ):
        with pytest.raises(InvalidArgument) as refused:
            await logs.page(wrong_run, wrong_filter, CODEC, token=wrong_token, size=1)
        assert refused.value.reason == "FOREIGN_PAGE_TOKEN"


async def test_a_watch_sends_what_is_there_and_what_comes_and_ends_with_the_run(
    store: SqlStore, logs: Logs, wakeups: LocalWakeups, run_id: UUID, clock: FakeClock
) -> None:
    await logs.append(lines(run_id, [1, 2], offset=0))
    watch = logs.watch(run_id, ALL, CODEC, resume_token="")

    page, _ = await anext(watch)
    assert [line.record for line in page.lines] == [1, 2]

    coming = asyncio.ensure_future(anext(watch))
    await logs.append(lines(run_id, [3], offset=2))
    page, _ = await coming
    assert [line.record for line in page.lines] == [3]

    await change_run(store, run_id, clock.now(), state=StateType.COMPLETED)
    await logs.append(lines(run_id, [4], offset=3))
    clock.advance(LATE)
    rest = [line.record async for page, _ in watch for line in page.lines]
    assert rest == [4]


async def test_a_watch_resumes_after_what_was_sent(store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock) -> None:
    await logs.append(lines(run_id, [1, 2, 3], offset=0))
    await logs.append(lines(run_id, [0, 4], offset=0, stream="worker"))
    page_token = (await logs.page(run_id, ALL, CODEC, token="", size=2)).next_token
    await change_run(store, run_id, clock.now(), state=StateType.COMPLETED)
    clock.advance(LATE)

    pages = [entry async for entry in logs.watch(run_id, ALL, CODEC, resume_token=page_token)]
    assert [line.record for page, _ in pages for line in page.lines] == [2, 3, 4]

    assert [entry async for entry in logs.watch(run_id, ALL, CODEC, resume_token=pages[-1][1])] == []


async def test_late_lines_are_let_in_for_a_moment(store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock) -> None:
    """The run has just ended: whatever the clock says, the watch lingers until nothing has come for a second."""
    await change_run(store, run_id, clock.now(), state=StateType.COMPLETED)
    watch = logs.watch(run_id, ALL, CODEC, resume_token="")
    coming = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)

    await logs.append(lines(run_id, [1], offset=0))

    assert [line.record for line in (await coming)[0].lines] == [1]
    assert [entry async for entry in watch] == []


async def test_chunks_that_retention_has_taken_are_passed_over(
    store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock
) -> None:
    await logs.append(lines(run_id, [1, 2], offset=0))
    clock.advance(timedelta(days=2))
    await logs.append(lines(run_id, [3], offset=2))
    await store.write(lambda tx: tx.retention.delete_rows("log_chunk", clock.now() - timedelta(days=1), limit=10))

    assert await read(logs, run_id) == [("run", 2, 3)]
    assert await logs.append(lines(run_id, [4], offset=3)) == accepted(4)


async def test_many_small_chunks_are_read_in_bounded_pieces(logs: Logs, run_id: UUID) -> None:
    await asyncio.gather(*(logs.append(lines(run_id, [place], offset=place)) for place in range(1200)))

    assert await numbers(logs, run_id, size=1000) == list(range(1200))


# From the end


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_from_the_end_lines_come_in_reverse_whatever_the_page_size(logs: Logs, run_id: UUID, size: int) -> None:
    for offset in range(0, 30, 3):
        odd = [2 * (offset + place) + 1 for place in range(3)]
        await logs.append(lines(run_id, odd, offset=offset, stream="run"))
    await logs.append(lines(run_id, [2 * place for place in range(30)], offset=0, stream="worker"))
    await logs.append(lines(run_id, [7, 7, 7], offset=0, stream="other"))

    assert await read_back(logs, run_id, size=size) == (await read(logs, run_id))[::-1]


async def test_from_the_end_a_stream_keeps_its_own_order_whatever_its_clock_says(logs: Logs, run_id: UUID) -> None:
    await logs.append(lines(run_id, [5, 3, 9], offset=0))
    await logs.append(lines(run_id, [4, 6], offset=0, stream="worker"))

    assert [number for _, _, number in await read_back(logs, run_id, size=2)] == [9, 6, 4, 3, 5]


async def test_from_the_end_what_was_stored_before_is_cut_off(logs: Logs, run_id: UUID) -> None:
    """A chunk may hold more lines than count: those at its front had been stored before."""
    await logs.append(lines(run_id, [1, 2, 3], offset=0))
    await logs.append(lines(run_id, [2, 3, 4, 5], offset=1))

    assert await read_back(logs, run_id, size=2) == [("run", place, place + 1) for place in range(4, -1, -1)]


async def test_pages_from_the_end_leave_out_what_comes_meanwhile(logs: Logs, run_id: UUID) -> None:
    await logs.append(lines(run_id, [1, 2, 3, 4], offset=0))
    first = await logs.page_back(run_id, ALL, CODEC, token="", size=2)

    await logs.append(lines(run_id, [5], offset=4))
    await logs.append(lines(run_id, [0], offset=0, stream="worker"))
    second = await logs.page_back(run_id, ALL, CODEC, token=first.next_token, size=9)

    assert [line.record for line in (*first.page.lines, *second.page.lines)] == [4, 3, 2, 1]
    assert (second.next_token, second.resume_token) == ("", "")


async def test_a_watch_goes_on_after_the_first_page_from_the_end(
    store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock
) -> None:
    await logs.append(lines(run_id, [1, 2, 3], offset=0))
    last = await logs.page_back(run_id, ALL, CODEC, token="", size=1)
    await logs.append(lines(run_id, [4], offset=3))
    await logs.append(lines(run_id, [5], offset=0, stream="worker"))
    await change_run(store, run_id, clock.now(), state=StateType.COMPLETED)
    clock.advance(LATE)

    pages = [entry async for entry in logs.watch(run_id, ALL, CODEC, resume_token=last.resume_token)]

    assert [line.record for page, _ in pages for line in page.lines] == [4, 5]


async def test_every_page_says_how_to_go_on(logs: Logs, run_id: UUID) -> None:
    """Also the last one, and the only one of a log without lines."""
    empty = await logs.page(run_id, ALL, CODEC, token="", size=10)
    empty_back = await logs.page_back(run_id, ALL, CODEC, token="", size=10)
    await logs.append(lines(run_id, [1, 2], offset=0))

    for resume_token in (empty.resume_token, empty_back.resume_token):
        found = await logs.page(run_id, ALL, CODEC, token=resume_token, size=10)
        assert [line.record for line in found.page.lines] == [1, 2]

    assert found.next_token == ""
    await logs.append(lines(run_id, [3], offset=2))
    assert await recorded(logs.page(run_id, ALL, CODEC, token=found.resume_token, size=10)) == [3]


async def recorded(answer: Awaitable[LogAnswer[int]]) -> list[int]:
    return [line.record for line in (await answer).page.lines]


async def test_a_token_belongs_to_one_direction(logs: Logs, run_id: UUID) -> None:
    await logs.append(lines(run_id, [1, 2], offset=0))
    forth = (await logs.page(run_id, ALL, CODEC, token="", size=1)).next_token
    back = (await logs.page_back(run_id, ALL, CODEC, token="", size=1)).next_token

    for look, token in ((logs.page, back), (logs.page_back, forth)):
        with pytest.raises(InvalidArgument) as refused:
            await look(run_id, ALL, CODEC, token=token, size=1)
        assert refused.value.reason == "FOREIGN_PAGE_TOKEN"


async def test_from_the_end_a_filter_passes_over_what_does_not_match(logs: Logs, run_id: UUID) -> None:
    for offset in range(0, 50, 10):
        await logs.append(lines(run_id, list(range(offset, offset + 10)), offset=offset))

    found = await read_back(logs, run_id, LogFilter(min_level=38), size=3)

    assert [number for _, _, number in found] == list(range(49, 37, -1))
    assert await read_back(logs, run_id, LogFilter(stream="worker")) == []


async def test_from_the_end_chunks_that_retention_has_taken_are_passed_over(
    store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock
) -> None:
    await logs.append(lines(run_id, [1, 2], offset=0))
    clock.advance(timedelta(days=2))
    await logs.append(lines(run_id, [3], offset=2))
    await store.write(lambda tx: tx.retention.delete_rows("log_chunk", clock.now() - timedelta(days=1), limit=10))

    assert await read_back(logs, run_id, size=1) == [("run", 2, 3)]


async def test_from_the_end_many_small_chunks_are_read_in_bounded_pieces(logs: Logs, run_id: UUID) -> None:
    await asyncio.gather(*(logs.append(lines(run_id, [place], offset=place)) for place in range(1200)))

    found = await read_back(logs, run_id, size=1000)

    assert [number for _, _, number in found] == list(range(1199, -1, -1))


# By time


SECOND = 1_000_000_000


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("first", "end"), [(33, None), (None, 33), (12, 47), (33, 34), (70, None), (None, 0), (47, 12)]
)
async def test_lines_are_found_by_their_time(
    logs: Logs, run_id: UUID, first: int | None, end: int | None, size: int
) -> None:
    for offset in range(0, 50, 10):
        await logs.append(lines(run_id, list(range(offset, offset + 10)), offset=offset))
    await logs.append(lines(run_id, [40, 41, 45], offset=0, stream="worker"))
    chosen = LogFilter(from_ns=None if first is None else first * SECOND, to_ns=None if end is None else end * SECOND)

    found = await numbers(logs, run_id, chosen, size=size)

    said = sorted([*range(50), 40, 41, 45])
    assert found == [each for each in said if each >= (first or 0) and each < (100 if end is None else end)]
    assert [number for _, _, number in await read_back(logs, run_id, chosen, size=size)] == found[::-1]


async def test_a_page_begins_where_its_lines_do(logs: Logs, run_id: UUID) -> None:
    """However many lines there are before: they are not looked at."""
    for offset in range(0, 60_000, 10_000):
        await logs.append(lines(run_id, [offset // 10_000] * 10_000, offset=offset))

    first = await logs.page(run_id, LogFilter(from_ns=5 * SECOND), CODEC, token="", size=1)
    last = await logs.page_back(run_id, LogFilter(to_ns=1 * SECOND), CODEC, token="", size=1)

    assert [line.offset for line in first.page.lines] == [50_000]
    assert [line.offset for line in last.page.lines] == [9_999]


async def test_lines_of_which_nobody_noted_the_time_are_found(logs: Logs, run_id: UUID) -> None:
    """Chunks that an earlier version has stored."""
    for place in range(3):
        await logs.append(replace(lines(run_id, [place], offset=place), seconds=None))

    assert await numbers(logs, run_id, LogFilter(from_ns=1 * SECOND, to_ns=2 * SECOND)) == [1]


async def test_a_watch_looks_at_the_time_of_what_comes(
    store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock
) -> None:
    await logs.append(lines(run_id, [1, 2], offset=0))
    chosen = LogFilter(from_ns=2 * SECOND, to_ns=5 * SECOND)
    watch = logs.watch(run_id, chosen, CODEC, resume_token="")
    assert [line.record for line in (await anext(watch))[0].lines] == [2]

    await logs.append(lines(run_id, [6, 3], offset=2))
    await logs.append(lines(run_id, [1, 4], offset=0, stream="worker"))
    await change_run(store, run_id, clock.now(), state=StateType.COMPLETED)
    clock.advance(LATE)

    assert [line.record async for page, _ in watch for line in page.lines] == [3, 4]
