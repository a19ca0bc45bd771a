"""Backfills: times of a schedule that have no run get one, and only those, however often one asks."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from orch_server.application.backfilling import Backfill, Backfilled
from orch_server.application.errors import InvalidArgument, NotFound
from orch_server.application.ports import pool_topic
from orch_server.application.schedules import Schedules
from orch_server.application.telemetry import NoTelemetry
from orch_server.background.scheduler import Scheduler
from orch_server.clock import TimeOrderedIds
from orch_server.domain.deployment_schedules import Schedule
from orch_server.domain.schedules import CatchUpPolicy, IntervalSpec, OverlapPolicy
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.conformance.conftest import OpenServer
from tests.support.catalog import Catalog, minutes
from tests.support.clock import START, FakeClock
from tests.support.replies import plain


@pytest.fixture
def schedules(store: SqlStore, ids: TimeOrderedIds) -> Schedules:
    """The use cases of schedules."""
    return Schedules(store, ids)


@pytest.fixture
async def schedule(catalog: Catalog) -> Schedule:
    """A schedule that fires every minute, from a minute after the start on."""
    return await catalog.schedule((await catalog.deployment()).id, jitter=minutes(1))


async def made_up(
    schedules: Schedules,
    schedule: Schedule,
    since: float = 0,
    until: float | None = None,
    *,
    most: int = 1000,
    overlap: OverlapPolicy | None = None,
    request_id: UUID | None = None,
) -> Backfilled:
    """A backfill of minutes after the start."""
    end = START + minutes(until) if until is not None else None
    wish = Backfill(schedule.id, START + minutes(since), end, most, overlap)
    return await schedules.backfill(wish, plain(request_id))


def in_minutes(times: tuple[datetime, ...]) -> list[float]:
    """Times as minutes after the start."""
    return [(time - START) / minutes(1) for time in times]


async def test_times_before_the_schedule_was_there_get_their_runs(
    schedules: Schedules, schedule: Schedule, catalog: Catalog, clock: FakeClock
) -> None:
    found = await made_up(schedules, schedule, -3, 0)

    assert (in_minutes(found.nominal_times), found.existing_runs, found.following) == ([-3, -2, -1, 0], 0, None)
    runs = await catalog.runs()
    assert tuple(run.id for run in runs) == found.run_ids
    assert tuple(run.nominal_time for run in runs) == found.nominal_times
    assert {run.facts.scheduled_time for run in runs} == {clock.now()}
    assert {(run.schedule_id, run.name[:8], run.waits_for_schedule) for run in runs} == {
        (schedule.id, "nightly-", False)
    }


async def test_a_backfill_that_is_repeated_makes_nothing_twice(
    schedules: Schedules, schedule: Schedule, catalog: Catalog
) -> None:
    request_id = uuid4()
    first = await made_up(schedules, schedule, -3, 0, request_id=request_id)

    again = await made_up(schedules, schedule, -3, 0, request_id=request_id)
    further = await made_up(schedules, schedule, -4, 0)

    assert again == first
    assert (in_minutes(further.nominal_times), further.existing_runs) == ([-4], 4)
    assert len(await catalog.runs()) == 5


async def test_what_the_schedule_has_fired_or_is_about_to_fire_is_not_made_again(
    schedules: Schedules, schedule: Schedule, catalog: Catalog, clock: FakeClock, store: SqlStore, ids: TimeOrderedIds
) -> None:
    scheduler = Scheduler(store, ids, NoTelemetry())
    clock.advance(minutes(1))
    await scheduler.run_once()
    clock.advance(minutes(1))

    found = await made_up(schedules, schedule, 0, 60)
    fired = await scheduler.run_once()

    assert (in_minutes(found.nominal_times), found.existing_runs) == ([0, 2], 1)
    assert (fired.fired, fired.moved) == (0, 1)
    assert len(await catalog.runs()) == 3


async def test_dropped_times_can_be_made_up_for(
    catalog: Catalog, schedules: Schedules, store: SqlStore, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    deployment = await catalog.deployment()
    schedule = await catalog.schedule(deployment.id, catch_up_policy=CatchUpPolicy.SKIP)
    clock.advance(minutes(30))
    await Scheduler(store, ids, NoTelemetry()).run_once()

    found = await made_up(schedules, schedule)

    assert (len(found.run_ids), found.existing_runs) == (29, 2)  # 29 and 30 were on time


async def test_what_is_too_much_for_one_call_goes_on_where_it_says(
    schedules: Schedules, schedule: Schedule, catalog: Catalog
) -> None:
    await made_up(schedules, schedule, -8, -7)

    parts = [await made_up(schedules, schedule, -9, 0, most=4)]
    while (following := parts[-1].following) is not None:
        parts.append(await made_up(schedules, schedule, (following - START) / minutes(1), 0, most=4))

    assert [in_minutes(part.nominal_times) for part in parts] == [[-9, -6, -5, -4], [-3, -2, -1, 0]]
    assert [part.existing_runs for part in parts] == [2, 0]
    assert len(await catalog.runs()) == 10


async def test_a_call_looks_at_a_bounded_number_of_times(catalog: Catalog, schedules: Schedules) -> None:
    deployment = await catalog.deployment()
    every_second = await catalog.schedule(deployment.id, IntervalSpec(timedelta(seconds=1), START - minutes(90), "UTC"))
    first = await made_up(schedules, every_second, -60, 0)

    again = await made_up(schedules, every_second, -60, 0)

    assert (len(first.run_ids), first.existing_runs) == (1000, 0)
    assert first.following == START - minutes(60) + timedelta(seconds=1000)
    assert (len(again.run_ids), again.existing_runs) == (1000, 1000)
    assert again.following == START - minutes(60) + timedelta(seconds=2000)


@pytest.mark.parametrize(
    ("of_schedule", "asked", "waits"),
    [
        (OverlapPolicy.ALLOW, None, False),
        (OverlapPolicy.QUEUE, None, True),
        (OverlapPolicy.SKIP, None, True),
        (OverlapPolicy.CANCEL_OLD, None, True),
        (OverlapPolicy.ALLOW, OverlapPolicy.QUEUE, True),
        (OverlapPolicy.CANCEL_OLD, OverlapPolicy.ALLOW, False),
    ],
)
async def test_the_runs_wait_for_each_other_where_the_schedule_s_would(
    catalog: Catalog, schedules: Schedules, of_schedule: OverlapPolicy, asked: OverlapPolicy | None, *, waits: bool
) -> None:
    schedule = await catalog.schedule((await catalog.deployment()).id, overlap_policy=of_schedule)

    await made_up(schedules, schedule, -2, 0, overlap=asked)

    assert [run.waits_for_schedule for run in await catalog.runs()] == [waits] * 3


async def test_a_paused_schedule_of_a_paused_deployment_can_be_made_up_for(
    catalog: Catalog, schedules: Schedules
) -> None:
    schedule = await catalog.schedule((await catalog.deployment(paused=True)).id, paused=True)

    assert len((await made_up(schedules, schedule, -2, 0)).run_ids) == 3


async def test_workers_hear_of_it(
    schedules: Schedules, schedule: Schedule, store: SqlStore, wakeups: LocalWakeups
) -> None:
    pool = await store.read(lambda tx: tx.work_pools.get("default"))
    assert pool is not None
    rings: list[str] = []
    wakeups.listen(pool_topic(pool.id), lambda: rings.append("ring"))

    await made_up(schedules, schedule, -1, 0)

    assert rings == ["ring"]


async def test_a_range_that_is_none_is_refused(schedules: Schedules, schedule: Schedule) -> None:
    with pytest.raises(InvalidArgument, match="until_time: lies before from_time"):
        await made_up(schedules, schedule, 0, -1)
    with pytest.raises(InvalidArgument, match="from_time: lies in the future"):
        await made_up(schedules, schedule, 1)
    with pytest.raises(NotFound):
        await schedules.backfill(Backfill(uuid4(), START, None, 1, None), plain())


async def test_two_servers_and_the_scheduler_make_each_time_s_run_once(
    open_server: OpenServer, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    stores = [open_server().store for _ in range(2)]
    catalog = Catalog(stores[0], ids)
    schedule = await catalog.schedule((await catalog.deployment()).id, catch_up_policy=CatchUpPolicy.ALL)
    clock.advance(minutes(20))

    await asyncio.gather(
        *(made_up(Schedules(store, TimeOrderedIds()), schedule) for store in stores),
        *(Scheduler(store, TimeOrderedIds(), NoTelemetry()).run_once() for store in stores),
    )
    await Scheduler(stores[0], ids, NoTelemetry()).run_once()

    times = [run.nominal_time for run in await catalog.runs()]
    assert sorted(time for time in times if time) == [START + minutes(number) for number in range(21)]
