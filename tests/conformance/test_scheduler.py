"""The scheduler: a schedule fires once per nominal time, whatever happens to servers, schedules and clocks."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orch_server.application.deployments import Deployments
from orch_server.application.errors import Unavailable
from orch_server.application.firing import fire_due
from orch_server.application.ports import Transaction, pool_topic
from orch_server.application.schedules import Schedules
from orch_server.application.telemetry import NoTelemetry
from orch_server.background.scheduler import Scheduler
from orch_server.clock import TimeOrderedIds
from orch_server.domain.flow_runs import FlowRun
from orch_server.domain.policies import RetryPolicy
from orch_server.domain.schedules import CatchUpPolicy, CronSpec, OverlapPolicy
from orch_server.domain.states import StateType
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.conformance.conftest import OpenServer
from tests.support.catalog import MINUTELY, Catalog, minutes, seconds
from tests.support.clock import START, FakeClock
from tests.support.replies import plain

if TYPE_CHECKING:
    from uuid import UUID


@pytest.fixture
def scheduler(store: SqlStore, ids: TimeOrderedIds) -> Scheduler:
    """The server's scheduler."""
    return Scheduler(store, ids, NoTelemetry())


async def nominal_times(catalog: Catalog) -> list[datetime]:
    """When runs were due, oldest run first."""
    return [run.nominal_time for run in await catalog.runs() if run.nominal_time is not None]


async def test_a_due_schedule_becomes_a_run_of_its_deployment(
    catalog: Catalog, scheduler: Scheduler, clock: FakeClock
) -> None:
    deployment = await catalog.deployment(
        parameters='{"day": 1, "region": "eu"}', tags=("b", "a"), retry_policy=RetryPolicy(2)
    )
    schedule = await catalog.schedule(deployment.id, parameters='{"day": 2}')
    clock.advance(minutes(1))

    fired = await scheduler.run_once()

    assert (fired.fired, fired.skipped, fired.next_due) == (1, 0, START + minutes(2))
    (run,) = await catalog.runs()
    assert (run.deployment_id, run.deployment_version, run.flow_name) == (deployment.id, 1, "etl")
    assert (run.schedule_id, run.nominal_time) == (schedule.id, START + minutes(1))
    assert run.name == "nightly-2026-03-02T12:01:00Z"
    assert json.loads(run.parameters) == {"day": 2, "region": "eu"}
    assert (run.tags, run.facts.retry_policy) == (("a", "b"), RetryPolicy(2))
    assert (run.facts.state.type, run.facts.scheduled_time) == (StateType.SCHEDULED, START + minutes(1))
    assert (run.work_pool_name, run.work_queue_name) == ("default", "default")
    assert not run.waits_for_schedule


async def test_parameters_that_only_json_can_hold_do_not_stop_the_scheduler(
    catalog: Catalog, scheduler: Scheduler, clock: FakeClock
) -> None:
    deployment = await catalog.deployment(parameters='{"half": "\\ud800", "nul": "\\u0000"}')
    await catalog.schedule(deployment.id, parameters='{"day": 2}')
    clock.advance(minutes(1))

    await scheduler.run_once()

    (run,) = await catalog.runs()
    assert json.loads(run.parameters) == {"half": "\ud800", "nul": "\x00", "day": 2}


async def test_nothing_fires_before_its_time(catalog: Catalog, scheduler: Scheduler, clock: FakeClock) -> None:
    await catalog.schedule((await catalog.deployment()).id)
    clock.advance(minutes(1) - timedelta(microseconds=1))

    fired = await scheduler.run_once()

    assert (fired.fired, fired.wait) == (0, timedelta(microseconds=1))


async def test_a_schedule_fires_once_a_time_however_often_one_looks(
    catalog: Catalog, scheduler: Scheduler, store: SqlStore, clock: FakeClock
) -> None:
    schedule = await catalog.schedule((await catalog.deployment()).id)

    for _ in range(3):
        clock.advance(minutes(1))
        await scheduler.run_once()
        await scheduler.run_once()

    assert await nominal_times(catalog) == [START + minutes(number) for number in (1, 2, 3)]
    stored = await store.read(lambda tx: tx.schedules.get(schedule.id))
    assert stored is not None
    assert (stored.last_time, stored.next_time) == (START + minutes(3), START + minutes(4))
    assert stored.version == 1


async def test_a_schedule_fires_once_a_time_on_two_servers(
    open_server: OpenServer, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    servers = [open_server().store for _ in range(2)]
    catalog = Catalog(servers[0], ids)
    deployment = await catalog.deployment()
    for number in range(30):
        await catalog.schedule(deployment.id, name=f"s{number}")
    schedulers = [Scheduler(store, TimeOrderedIds(), NoTelemetry(), max_schedules=4) for store in servers]

    for _ in range(3):
        clock.advance(minutes(1))
        while any(fired.moved for fired in await asyncio.gather(*(each.run_once() for each in schedulers * 2))):
            pass

    fired = [(run.schedule_id, run.nominal_time) for run in await catalog.runs()]
    assert len(fired) == len(set(fired)) == 90


async def test_a_schedule_made_anew_under_its_name_does_not_fire_a_time_again(
    catalog: Catalog, scheduler: Scheduler, store: SqlStore, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    """A redeploy deletes and creates; clocks of servers differ, so that a time that fired may lie ahead once more."""
    deployment = await catalog.deployment()
    first = await catalog.schedule(deployment.id, name="nightly")
    clock.advance(minutes(1))
    await scheduler.run_once()
    await Schedules(store, ids).delete(first.id, "", reply=plain())
    again = await catalog.schedule(deployment.id, name="nightly")
    behind = replace(again, next_time=START + minutes(1))
    await store.write(lambda tx: tx.schedules.change(behind, old_version=1))

    fired = await scheduler.run_once()

    assert (fired.fired, fired.moved) == (0, 1)
    assert await nominal_times(catalog) == [START + minutes(1)]


async def test_a_rolled_back_round_loses_nothing(
    catalog: Catalog, scheduler: Scheduler, store: SqlStore, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    await catalog.schedule((await catalog.deployment()).id)
    clock.advance(minutes(1))

    def fire_and_die(tx: Transaction) -> None:
        fire_due(tx, ids)
        raise ConnectionAbortedError

    with pytest.raises(Unavailable):
        await store.write(fire_and_die)
    fired = await scheduler.run_once()

    assert fired.fired == 1
    assert await nominal_times(catalog) == [START + minutes(1)]


@pytest.mark.parametrize(
    ("expression", "zone", "begin", "expected"),
    [
        # Clocks go from 02:00 to 03:00 on 29 March 2026 in Berlin: 02:30 never comes, and fires right after the gap.
        ("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC), [(29, 1, 0), (30, 0, 30)]),
        # And from 03:00 back to 02:00 on 25 October: 02:30 comes twice, and fires the first time only.
        ("30 2 * * *", "Europe/Berlin", datetime(2026, 10, 24, 20, tzinfo=UTC), [(25, 0, 30), (26, 1, 30)]),
    ],
    ids=["forward", "back"],
)
async def test_daylight_saving_neither_loses_nor_repeats_a_day(
    *,
    catalog: Catalog,
    scheduler: Scheduler,
    clock: FakeClock,
    expression: str,
    zone: str,
    begin: datetime,
    expected: list[tuple[int, int, int]],
) -> None:
    clock.set(begin)
    await catalog.schedule((await catalog.deployment()).id, CronSpec(expression, zone))

    for _ in range(31 * 4):
        clock.advance(minutes(15))
        await scheduler.run_once()

    assert [(time.day, time.hour, time.minute) for time in await nominal_times(catalog)] == expected


@pytest.mark.parametrize(
    ("policy", "window", "fired_minutes"),
    [
        # The tenth is 30 s late, which is on time; of the nine before it, the policy decides.
        (CatchUpPolicy.SKIP, None, [10]),
        (CatchUpPolicy.LATEST, None, [9, 10]),
        (CatchUpPolicy.LATEST, timedelta(0), [10]),
        (CatchUpPolicy.ALL, None, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (CatchUpPolicy.ALL, minutes(4), [7, 8, 9, 10]),
    ],
)
async def test_after_a_gap_the_policy_says_which_times_fire(
    *,
    catalog: Catalog,
    scheduler: Scheduler,
    clock: FakeClock,
    policy: CatchUpPolicy,
    window: timedelta | None,
    fired_minutes: list[int],
) -> None:
    deployment = await catalog.deployment()
    await catalog.schedule(deployment.id, catch_up_policy=policy, catch_up_window=window)
    clock.advance(minutes(10.5))

    while (await scheduler.run_once()).moved:
        pass

    assert [(time - START) / minutes(1) for time in await nominal_times(catalog)] == fired_minutes


async def test_after_a_day_s_stop_each_of_500_schedules_follows_its_own_policies(
    catalog: Catalog, scheduler: Scheduler, store: SqlStore, clock: FakeClock
) -> None:
    """A laptop's life: hourly schedules, the server stopped for a day, each with another pair of policies. They have a
    run that has not ended from before the stop."""
    deployment = await catalog.deployment()
    pairs = [(catch_up, overlap) for catch_up in CatchUpPolicy for overlap in OverlapPolicy]
    policies: dict[UUID, tuple[CatchUpPolicy, OverlapPolicy]] = {}
    for number in range(500):
        catch_up, overlap = pairs[number % len(pairs)]
        schedule = await catalog.schedule(
            deployment.id, HOURLY, name=f"s{number}", catch_up_policy=catch_up, overlap_policy=overlap
        )
        policies[schedule.id] = catch_up, overlap
    clock.advance(minutes(60))
    while (await scheduler.run_once()).moved:
        pass
    clock.advance(minutes(24 * 60 + 30))

    while (await scheduler.run_once()).moved:
        pass

    made: dict[UUID, list[FlowRun]] = {schedule_id: [] for schedule_id in policies}
    for run in await catalog.runs():
        assert run.schedule_id is not None
        made[run.schedule_id].append(run)
    assert sum(map(len, made.values())) == len(
        {(run.schedule_id, run.nominal_time) for runs in made.values() for run in runs}
    )
    for schedule_id, pair in policies.items():
        hours = [hours_after_start(run) for run in made[schedule_id]]
        states = [run.facts.state.type for run in made[schedule_id]]
        assert (hours, states) == AFTER_A_DAY[pair], pair
    assert await store.read(lambda tx: tx.schedules.next_due()) == START + minutes(26 * 60)


HOURLY = CronSpec("0 * * * *")
_OPEN, _GONE = StateType.SCHEDULED, StateType.CANCELLED
AFTER_A_DAY = {
    # The first fired an hour before the stop; the last time of the day was half an hour ago: all were missed.
    **{(CatchUpPolicy.SKIP, overlap): ([1], [_OPEN]) for overlap in OverlapPolicy},
    (CatchUpPolicy.LATEST, OverlapPolicy.ALLOW): ([1, 25], [_OPEN] * 2),
    (CatchUpPolicy.LATEST, OverlapPolicy.SKIP): ([1], [_OPEN]),
    (CatchUpPolicy.LATEST, OverlapPolicy.QUEUE): ([1, 25], [_OPEN] * 2),
    (CatchUpPolicy.LATEST, OverlapPolicy.CANCEL_OLD): ([1, 25], [_GONE, _OPEN]),
    # A day's times, and no older ones: the window of ALL.
    (CatchUpPolicy.ALL, OverlapPolicy.ALLOW): ([1, *range(2, 26)], [_OPEN] * 25),
    (CatchUpPolicy.ALL, OverlapPolicy.SKIP): ([1], [_OPEN]),
    (CatchUpPolicy.ALL, OverlapPolicy.QUEUE): ([1, *range(2, 26)], [_OPEN] * 25),
    # The newest makes all others pointless: they are not even begun.
    (CatchUpPolicy.ALL, OverlapPolicy.CANCEL_OLD): ([1, 25], [_GONE, _OPEN]),
}
"""By policies: the hours after the start that have runs, and their states."""


def hours_after_start(run: FlowRun) -> float:
    """A run's nominal time, in hours after the start."""
    assert run.nominal_time is not None
    return (run.nominal_time - START) / timedelta(hours=1)


async def test_overlap_allow_runs_side_by_side(catalog: Catalog, scheduler: Scheduler, clock: FakeClock) -> None:
    await catalog.schedule((await catalog.deployment()).id, overlap_policy=OverlapPolicy.ALLOW)

    for _ in range(2):
        clock.advance(minutes(1))
        await scheduler.run_once()

    assert [run.facts.state.type for run in await catalog.runs()] == [StateType.SCHEDULED] * 2


async def test_overlap_skip_drops_times_until_the_run_has_ended(
    catalog: Catalog, scheduler: Scheduler, clock: FakeClock
) -> None:
    await catalog.schedule((await catalog.deployment()).id, overlap_policy=OverlapPolicy.SKIP)
    clock.advance(minutes(1))
    await scheduler.run_once()
    clock.advance(minutes(1))

    assert (await scheduler.run_once()).skipped == 1
    await catalog.end_all_runs()
    clock.advance(minutes(1))
    await scheduler.run_once()

    assert await nominal_times(catalog) == [START + minutes(1), START + minutes(3)]


async def test_overlap_queue_makes_runs_wait_for_their_turn(
    catalog: Catalog, scheduler: Scheduler, clock: FakeClock
) -> None:
    await catalog.schedule((await catalog.deployment()).id, overlap_policy=OverlapPolicy.QUEUE)

    for _ in range(2):
        clock.advance(minutes(1))
        await scheduler.run_once()

    assert [run.waits_for_schedule for run in await catalog.runs()] == [True, True]


async def test_overlap_cancel_old_makes_way_for_the_newest(
    catalog: Catalog, scheduler: Scheduler, clock: FakeClock
) -> None:
    await catalog.schedule(
        (await catalog.deployment()).id,
        overlap_policy=OverlapPolicy.CANCEL_OLD,
        catch_up_policy=CatchUpPolicy.ALL,
    )
    clock.advance(minutes(1))
    await scheduler.run_once()
    clock.advance(minutes(3))

    fired = await scheduler.run_once()

    assert (fired.fired, fired.skipped) == (1, 2)
    old, new = await catalog.runs()
    assert old.facts.state.type == StateType.CANCELLED
    assert (new.facts.state.type, new.nominal_time) == (StateType.SCHEDULED, START + minutes(4))


async def test_a_paused_schedule_does_not_fire(catalog: Catalog, scheduler: Scheduler, clock: FakeClock) -> None:
    await catalog.schedule((await catalog.deployment()).id, paused=True)
    clock.advance(minutes(5))

    fired = await scheduler.run_once()

    assert (fired.fired, fired.next_due, fired.wait) == (0, None, None)


async def test_a_paused_deployment_lets_times_pass_by(
    catalog: Catalog, scheduler: Scheduler, store: SqlStore, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    deployment = await catalog.deployment(paused=True)
    await catalog.schedule(deployment.id, catch_up_policy=CatchUpPolicy.ALL)
    clock.advance(minutes(5))

    assert (await scheduler.run_once()).next_due == START + minutes(6)
    await Deployments(store, ids).update(deployment.id, {"paused": False}, "", reply=plain())
    clock.advance(minutes(1))
    await scheduler.run_once()

    assert await nominal_times(catalog) == [START + minutes(6)]


async def test_jitter_moves_the_start_and_not_the_nominal_time(
    catalog: Catalog, scheduler: Scheduler, clock: FakeClock
) -> None:
    deployment = await catalog.deployment()
    for number in range(10):
        await catalog.schedule(deployment.id, name=f"s{number}", jitter=seconds(50))
    clock.advance(minutes(1))

    await scheduler.run_once()

    runs = await catalog.runs()
    delays = {run.facts.scheduled_time - run.nominal_time for run in runs if run.nominal_time is not None}
    assert len(delays) > 1
    assert all(timedelta(0) <= delay < seconds(50) for delay in delays)
    assert {run.nominal_time for run in runs} == {START + minutes(1)}


async def test_an_ended_schedule_is_left_alone(catalog: Catalog, scheduler: Scheduler, clock: FakeClock) -> None:
    deployment = await catalog.deployment()
    await catalog.schedule(deployment.id, MINUTELY)
    clock.set(datetime(2999, 12, 30, 23, 59, 30, tzinfo=UTC))
    await scheduler.run_once()
    clock.set(datetime(2999, 12, 31, 0, 0, 30, tzinfo=UTC))

    fired = await scheduler.run_once()

    assert fired.next_due is None


async def test_the_pool_hears_of_its_new_runs(
    catalog: Catalog, scheduler: Scheduler, wakeups: LocalWakeups, clock: FakeClock
) -> None:
    await catalog.schedule((await catalog.deployment()).id)
    clock.advance(minutes(1))
    pool = await catalog.store.read(lambda tx: tx.work_pools.get("default"))
    assert pool is not None
    heard: list[int] = []
    wakeups.listen(pool_topic(pool.id), lambda: heard.append(1))

    await scheduler.run_once()

    assert heard == [1]
