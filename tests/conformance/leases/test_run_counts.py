"""How many flow runs there are: by state, over time, and never more work than is bounded."""

from datetime import datetime, timedelta

import pytest

from orch_server.application import run_counts
from orch_server.application.errors import InvalidArgument
from orch_server.application.pages import PageRequest, encode_token
from orch_server.application.run_counts import FlowRunCounts
from orch_server.domain.flow_runs import FlowRun, FlowRunFilter
from orch_server.domain.states import StateType
from tests.support.plane import Plane

S = StateType
HOUR = timedelta(hours=1)
ALL = FlowRunFilter()


def over_time(found: FlowRunCounts) -> list[dict[StateType, int]]:
    return [dict(span.counts) for span in found.spans]


async def runs_over_hours(plane: Plane, *counts: int) -> datetime:
    """So many runs in each of some hours, of which one of every hour is cancelled; returns when the first began."""
    start = plane.clock.now()
    for count in counts:
        runs = [await plane.create() for _ in range(count)]
        if runs:
            await plane.cancel(runs[0].id)
        plane.clock.advance(HOUR)
    return start


async def test_runs_are_counted_by_state(plane: Plane) -> None:
    held = await plane.running(await plane.open())
    await plane.create_many(3)
    await plane.cancel((await plane.create()).id)

    found = await plane.runs.count(ALL)

    assert found == FlowRunCounts({S.SCHEDULED: 3, S.RUNNING: 1, S.CANCELLED: 1})
    assert found.total == 5
    await plane.report(held, 2, S.COMPLETED)
    assert (await plane.runs.count(ALL)).counts == {S.SCHEDULED: 3, S.COMPLETED: 1, S.CANCELLED: 1}


async def test_without_runs_there_is_nothing_to_count(plane: Plane) -> None:
    assert await plane.runs.count(ALL) == FlowRunCounts({})


async def test_what_is_counted_is_what_is_listed(plane: Plane) -> None:
    await plane.deployment()
    start = await runs_over_hours(plane, 2, 3, 4)
    await plane.create(flow_name="other", tags=("a", "b"), name="named")

    for chosen in (
        FlowRunFilter(flow_names=("etl",)),
        FlowRunFilter(flow_names=("nobody",)),
        FlowRunFilter(state_types=(S.SCHEDULED,)),
        FlowRunFilter(state_names=("Cancelled",)),
        FlowRunFilter(state_types=(S.SCHEDULED,), state_names=("Cancelled",)),
        FlowRunFilter(tags=("a", "b")),
        FlowRunFilter(name_prefix="nam"),
        FlowRunFilter(work_pool_names=("default",)),
        FlowRunFilter(work_pool_names=("nowhere",)),
        FlowRunFilter(create_time_from=start + HOUR, create_time_to=start + 2 * HOUR),
    ):
        listed = await plane.runs.page(PageRequest(100, "", "list"), chosen)
        assert (await plane.runs.count(chosen)).total == len(listed.items), chosen


async def test_types_and_names_of_states_are_one_choice(plane: Plane) -> None:
    await runs_over_hours(plane, 3)

    found = await plane.runs.count(FlowRunFilter(state_types=(S.SCHEDULED,), state_names=("Cancelled", "Late")))

    assert found.counts == {S.SCHEDULED: 2, S.CANCELLED: 1}


async def test_buckets_are_spans_of_create_time(plane: Plane) -> None:
    start = await runs_over_hours(plane, 1, 0, 3)

    found = await plane.runs.count(FlowRunFilter(create_time_from=start), bucket_width=HOUR)

    assert [(span.start, span.end) for span in found.spans] == [
        (start + place * HOUR, start + (place + 1) * HOUR) for place in range(3)
    ]
    assert over_time(found) == [{S.CANCELLED: 1}, {}, {S.SCHEDULED: 2, S.CANCELLED: 1}]
    assert found.counts == {S.SCHEDULED: 2, S.CANCELLED: 2}


async def test_a_bucket_begins_with_its_first_moment_and_ends_before_the_next(plane: Plane) -> None:
    start = await runs_over_hours(plane, 2, 2)

    found = await plane.runs.count(
        FlowRunFilter(create_time_from=start, create_time_to=start + HOUR), bucket_width=HOUR / 2
    )

    assert [sum(counts.values()) for counts in over_time(found)] == [2, 0]


async def test_the_last_bucket_may_be_shorter(plane: Plane) -> None:
    start = await runs_over_hours(plane, 1, 1)
    end = start + 1.5 * HOUR

    found = await plane.runs.count(FlowRunFilter(create_time_from=start, create_time_to=end), bucket_width=HOUR)

    assert [(span.start, span.end) for span in found.spans] == [(start, start + HOUR), (start + HOUR, end)]
    assert over_time(found) == [{S.CANCELLED: 1}, {S.CANCELLED: 1}]


async def test_the_last_bucket_ends_now(plane: Plane) -> None:
    start = plane.clock.now()
    await plane.create()
    plane.clock.advance(timedelta(microseconds=1))

    found = await plane.runs.count(FlowRunFilter(create_time_from=start), bucket_width=HOUR)

    assert [(span.start, span.end) for span in found.spans] == [(start, plane.clock.now())]
    assert over_time(found) == [{S.SCHEDULED: 1}]


async def test_a_span_that_ends_before_it_begins_has_no_buckets(plane: Plane) -> None:
    start = await runs_over_hours(plane, 1)

    found = await plane.runs.count(FlowRunFilter(create_time_from=start, create_time_to=start), bucket_width=HOUR)

    assert found == FlowRunCounts({}, [])


@pytest.mark.parametrize(
    ("start", "width", "field"),
    [
        (None, HOUR, "filter.create_time_from"),
        (timedelta(), timedelta(), "bucket_width"),
        (timedelta(), timedelta(microseconds=999), "bucket_width"),
        (timedelta(hours=1001), HOUR, "bucket_width"),
    ],
)
async def test_buckets_that_cannot_be_are_refused(
    plane: Plane, start: timedelta | None, width: timedelta, field: str
) -> None:
    begin = None if start is None else plane.clock.now() - start

    with pytest.raises(InvalidArgument) as refused:
        await plane.runs.count(FlowRunFilter(create_time_from=begin), bucket_width=width)

    assert refused.value.violations[0].field == field


async def test_a_thousand_buckets_are_not_too_many(plane: Plane) -> None:
    start = plane.clock.now() - timedelta(seconds=1)

    found = await plane.runs.count(FlowRunFilter(create_time_from=start), bucket_width=timedelta(milliseconds=1))

    assert len(found.spans) == 1000


async def test_beyond_a_bound_only_the_newest_are_counted(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_counts, "MOST_COUNTED", 4)
    start = await runs_over_hours(plane, 2, 2)
    over_hours = FlowRunFilter(create_time_from=start)
    assert not (await plane.runs.count(over_hours, bucket_width=HOUR)).truncated
    assert not (await plane.runs.count(ALL)).truncated

    await runs_over_hours(plane, 2)
    found = await plane.runs.count(over_hours, bucket_width=HOUR)
    in_all = await plane.runs.count(ALL)

    assert (found.truncated, found.complete_from, found.total) == (True, start + HOUR, 5)
    assert over_time(found)[1:] == [{S.SCHEDULED: 1, S.CANCELLED: 1}] * 2
    assert (in_all.truncated, in_all.complete_from, in_all.total) == (True, None, 5)


async def test_what_is_dear_to_count_has_a_lower_bound(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_counts, "MOST_COUNTED_BY_TEXT", 1)
    for _ in range(3):
        await plane.create(tags=("a",), name="named")

    assert [
        (await plane.runs.count(chosen)).truncated
        for chosen in (FlowRunFilter(tags=("a",)), FlowRunFilter(name_prefix="n"), ALL)
    ] == [True, True, False]


async def test_scheduled_runs_can_be_listed_in_the_order_of_their_times(plane: Plane) -> None:
    now = plane.clock.now()
    scheduled = FlowRunFilter(state_types=(S.SCHEDULED,))
    later = [await plane.create(scheduled_time=now + place * HOUR) for place in (3, 1, 2, 1)]
    await plane.cancel((await plane.create(scheduled_time=now + HOUR)).id)

    found: list[FlowRun] = []
    token = ""
    while True:
        page = await plane.runs.upcoming(PageRequest(1, token, "upcoming"), scheduled)
        found.extend(page.items)
        if not (token := page.next_token):
            break

    assert [run.id for run in found] == [later[place].id for place in (1, 3, 2, 0)]


@pytest.mark.parametrize("key", [[], [1], ["a"], [1, "x"], [2**62, "0" * 32], ["1", "2"]])
async def test_a_forged_place_in_that_order_is_refused(plane: Plane, key: list[str | int]) -> None:
    request = PageRequest(1, encode_token("upcoming", key), "upcoming")

    with pytest.raises(InvalidArgument) as refused:
        await plane.runs.upcoming(request, FlowRunFilter(state_types=(S.SCHEDULED,)))

    assert refused.value.reason == "FOREIGN_PAGE_TOKEN"


async def test_runs_are_found_by_their_ids(plane: Plane) -> None:
    runs = await plane.create_many(5)
    wanted = tuple(run.id for run in runs[1:4])

    page = await plane.runs.page(
        PageRequest(100, "", "list"), FlowRunFilter(ids=(*wanted, plane.ids.new(plane.clock.now())))
    )
    mixed = await plane.runs.page(PageRequest(100, "", "list"), FlowRunFilter(ids=wanted, state_types=(S.RUNNING,)))

    assert [run.id for run in page.items] == sorted(wanted, reverse=True)
    assert mixed.items == []
