"""Log lines that are read and followed: merged by time, filtered, page by page."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from orch_server.application.errors import InvalidArgument
from orch_server.application.log_pages import LogFilter
from orch_server.application.logs import Logs
from orch_server.clock import TimeOrderedIds
from orch_server.domain.states import StateType
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.conformance.logs.lines import ALL, CODEC, LATE, SECOND, accepted, lines, numbers, read, read_back
from tests.support.clock import FakeClock
from tests.support.stored_runs import change_run, store_run


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


async def test_late_lines_are_let_in_for_a_moment(
    store: SqlStore, logs: Logs, run_id: UUID, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has just ended: whatever the clock says, the watch lingers until nothing has come for a while."""
    monkeypatch.setattr("orch_server.application.logs.RELOOK_SECONDS", 30.0)
    await change_run(store, run_id, clock.now(), state=StateType.COMPLETED)
    watch = logs.watch(run_id, ALL, CODEC, resume_token="")
    coming = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)

    await logs.append(lines(run_id, [1], offset=0))

    assert [line.record for line in (await coming)[0].lines] == [1]
    monkeypatch.setattr("orch_server.application.logs.RELOOK_SECONDS", 0.01)
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
