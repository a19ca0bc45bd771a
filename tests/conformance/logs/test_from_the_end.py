"""Log lines that are read from the last one on."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import pytest

from orch_server.application.errors import InvalidArgument
from orch_server.application.log_pages import LogFilter
from orch_server.application.logs import LogAnswer, Logs
from orch_server.domain.states import StateType
from orch_server.storage.store import SqlStore
from tests.conformance.logs.lines import ALL, CODEC, LATE, lines, read, read_back
from tests.support.clock import FakeClock
from tests.support.stored_runs import change_run


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
