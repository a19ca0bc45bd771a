"""The sweeper: who expires, when, and who does not."""

import asyncio
from datetime import timedelta

from orch_server.application.sweeping import sweep
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.policies import RecoveryPolicy
from orch_server.domain.states import StateType
from tests.support.plane import TTL_SECONDS, Plane
from tests.support.plane_fixtures import OpenPlane

S = StateType
SECOND = timedelta(seconds=1)


async def test_nobody_expires_before_the_end(plane: Plane) -> None:
    held = await plane.running(await plane.open())

    assert (await plane.pass_time(TTL_SECONDS - 1)).expired == 0
    assert await plane.state(held.run_id) == S.RUNNING
    assert (await plane.pass_time(1)).expired == 1
    assert await plane.state(held.run_id) == S.CRASHED
    assert (await plane.pass_time(5)).expired == 0
    await plane.assert_sound()


async def test_heartbeats_keep_a_lease(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    for _ in range(10):
        await plane.pass_time(5)
        assert (await plane.verdict(session, held)).verdict == LeaseVerdict.OK

    assert await plane.passed(held.run_id) == [S.SCHEDULED, S.PENDING, S.RUNNING]


async def test_where_a_lost_run_goes(plane: Plane) -> None:
    session = await plane.open()
    pending = await plane.granted(session)
    running = await plane.running(session)
    restarted = await plane.running(session, recovery_policy=RecoveryPolicy(crash_restarts=1))
    cancelling = await plane.running(session)
    paused = await plane.running(session)
    await plane.cancel(cancelling.run_id)
    await plane.report(paused, 2, S.PAUSED)

    assert (await plane.pass_time(TTL_SECONDS)).expired == 5

    assert [await plane.state(held.run_id) for held in (pending, running, restarted, cancelling, paused)] == [
        S.SCHEDULED,
        S.CRASHED,
        S.SCHEDULED,
        S.CANCELLED,
        S.CRASHED,
    ]
    await plane.assert_sound()


async def test_a_round_is_bounded_and_says_that_there_is_more(plane: Plane) -> None:
    session = await plane.open()
    await plane.create_many(5)
    await plane.acquire(session, 5)
    await plane.pass_time(TTL_SECONDS - 1)
    plane.clock.advance(SECOND)

    rounds = [await plane.store.write(lambda tx: sweep(tx, sweep_interval=SECOND, limit=2)) for _ in range(3)]

    assert [(each.expired, each.more) for each in rounds] == [(2, True), (2, True), (1, False)]


async def test_after_a_gap_everybody_gets_a_full_ttl(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    plane.clock.advance(timedelta(hours=1))

    swept = await plane.sweep()

    assert (swept.expired, swept.extended) == (0, 1)
    view = await plane.lease_of(held.run_id)
    assert view is not None
    assert view.remaining == timedelta(seconds=TTL_SECONDS)
    assert (await plane.pass_time(TTL_SECONDS)).expired == 1


async def test_an_amnesty_takes_nothing_away(plane: Plane) -> None:
    """A lease that was renewed with a longer TTL keeps it."""
    session = await plane.open()
    held = await plane.running(session)
    plane.clock.advance(timedelta(seconds=10))
    await plane.beat(session, held)

    assert (await plane.sweep()).extended == 0
    view = await plane.lease_of(held.run_id)
    assert view is not None
    assert view.remaining == timedelta(seconds=TTL_SECONDS)


async def test_another_servers_sweeps_count(open_plane: OpenPlane) -> None:
    first, second = await open_plane(), await open_plane()
    held = await first.running(await first.open())
    for _ in range(TTL_SECONDS - 1):
        first.clock.advance(SECOND)
        await first.sweep()
    first.clock.advance(SECOND)

    assert (await second.sweep()).expired == 1
    assert await first.state(held.run_id) == S.CRASHED


async def test_servers_that_sweep_at_once_end_each_lease_once(open_plane: OpenPlane) -> None:
    planes = [await open_plane() for _ in range(3)]
    session = await planes[0].open()
    await planes[0].create_many(50)
    await planes[0].acquire(session, 50)
    await planes[0].pass_time(TTL_SECONDS - 1)
    planes[0].clock.advance(SECOND)

    swept = await asyncio.gather(*(plane.sweep() for plane in planes))

    assert sum(each.expired for each in swept) == 50
    assert {run.facts.version for run in await planes[0].all_runs()} == {3}
    await planes[0].assert_sound()


async def test_a_lost_run_is_offered_at_once_to_those_who_wait(plane: Plane) -> None:
    lost = await plane.granted(await plane.open("lost"))
    poll = asyncio.create_task(plane.acquire(await plane.open("waiting"), wait=30))
    await plane.waiting(1)

    await plane.pass_time(TTL_SECONDS)

    async with asyncio.timeout(30):
        [held] = await poll
    assert (held.run_id, held.token) == (lost.run_id, lost.token + 1)
