"""Invariants 8 to 11: exclusive holders stop first, outages expire nobody, silence and cancels are noticed in time."""

import asyncio
from datetime import timedelta

from orch_client.leases import LeaseClock, SafetyMargin
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from tests.simulation.scene import (
    RESTARTED_ONCE,
    Scene,
    calm,
    seconds,
)
from tests.support.plane import TTL_SECONDS

S = StateType
V = ReportVerdict


# 8. Exclusive holders stop themselves before their lease can have expired.


async def an_exclusive_holder_stops_first(scene: Scene) -> None:
    """Its clock is slow by a tenth, and its renewal's answer was long on its way."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session, recovery_policy=RecoveryPolicy(exclusive=True))
    sent_at, travel = 1000.0, 0.0
    synced = await plane.verdict(session, held)
    assert synced.ttl is not None
    answered_at = sent_at + 4
    clock = LeaseClock(sent_at=sent_at, ttl_seconds=synced.ttl.total_seconds(), margin=SafetyMargin())
    stops_after = clock.must_stop_at - sent_at

    await plane.pass_time(travel + stops_after * 1.1, step=0.25)

    view = await plane.lease_of(held.run_id)
    assert view is not None, "the lease was gone before its holder stopped"
    assert view.remaining > timedelta(0)
    assert not clock.may_go_on(answered_at + stops_after)


# 9. The control plane's own outage expires nobody.


async def an_outage_expires_nobody(scene: Scene) -> None:
    """Nobody could renew for an hour. Whoever is still there has a full TTL to say so; who is not, has gone."""
    plane = await scene.plane()
    session = await plane.open()
    alive, dead = await plane.running(session), await plane.running(session)
    plane.clock.advance(seconds(3600))

    assert (await plane.sweep()).expired == 0
    assert (await plane.pass_time(TTL_SECONDS - 1)).expired == 0
    assert (await plane.verdict(session, alive)).verdict == LeaseVerdict.OK
    assert (await plane.pass_time(2)).expired == 1
    assert [await plane.state(held.run_id) for held in (alive, dead)] == [S.RUNNING, S.CRASHED]


# 10. A crash is noticed within TTL + 2 s where nothing lives; the TTL is the pool's; the server paces.


async def silence_is_noticed_in_time(scene: Scene) -> None:
    """Within the pool's TTL and two seconds, and not before the TTL is over."""
    plane = await scene.plane()
    for ttl in (3, TTL_SECONDS):
        pool = f"pool-{ttl}"
        await plane.pool(pool, lease_ttl=seconds(ttl))
        session = await plane.open(pool=pool)
        held = await plane.running(session, work_pool_name=pool)
        pace = (await plane.beat(session, held)).next_sync
        assert pace <= seconds(ttl) * 0.55
        await plane.pass_time(ttl - 1)
        assert await plane.state(held.run_id) == S.RUNNING
        await plane.pass_time(3)
        assert await plane.state(held.run_id) == S.CRASHED


# 11. Cancel reaches a live holder within 1 s, wins over a later failure, and ends in CANCELLED.


async def cancel_reaches_its_holder_at_once(scene: Scene) -> None:
    """A worker that waits for runs is told to look at what it has."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    poll = asyncio.create_task(plane.ask(session, wait=30))
    await plane.waiting(1)
    await plane.cancel(held.run_id)
    try:
        async with asyncio.timeout(10):
            answer = await poll
    except TimeoutError as error:
        raise AssertionError("the holder was not told") from error

    assert answer.sync_now
    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.CANCEL


async def cancel_wins(scene: Scene) -> None:
    """Over a failure that would be retried, over a crash that would be restarted."""
    plane = await scene.plane()
    session = await plane.open()
    for end in (S.FAILED, S.CRASHED, S.CANCELLED):
        held = await plane.running(session, retry_policy=RetryPolicy(max_retries=3), recovery_policy=RESTARTED_ONCE)
        await plane.cancel(held.run_id)
        assert (await plane.report(held, 2, end)).state == S.CANCELLED
        await plane.beat(session)


async def cancel_ends_even_if_the_holder_dies(scene: Scene) -> None:
    """Nobody is there to say that it stopped."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session, recovery_policy=RESTARTED_ONCE)
    await plane.cancel(held.run_id)

    await calm(plane.pass_time(TTL_SECONDS))

    assert await plane.state(held.run_id) == S.CANCELLED
    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.FINISHED
