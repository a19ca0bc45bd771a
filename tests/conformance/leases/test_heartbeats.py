"""Heartbeats and adoption: what is renewed, for whom, and what holders hear."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.domain.leases import LeasePhase, LeaseVerdict
from orch_server.domain.policies import RecoveryPolicy
from orch_server.domain.states import StateType
from tests.support.plane import TTL_SECONDS, Held, Plane

TTL = timedelta(seconds=TTL_SECONDS)


async def test_a_heartbeat_renews_for_a_full_ttl_from_now(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    plane.clock.advance(timedelta(seconds=9))

    synced = await plane.verdict(session, held)

    assert (synced.verdict, synced.ttl) == (LeaseVerdict.OK, TTL)
    view = await plane.lease_of(held.run_id)
    assert view is not None
    assert view.remaining == TTL


async def test_a_heartbeat_says_how_far_the_holder_is(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)

    await plane.beat(session, held, phase=LeasePhase.STOPPING)

    view = await plane.lease_of(held.run_id)
    assert view is not None
    assert view.lease.phase == LeasePhase.STOPPING


async def test_the_answer_paces_by_the_shortest_lease(plane: Plane) -> None:
    await plane.pool("quick", lease_ttl=timedelta(seconds=3))
    await plane.create(work_pool_name="quick")
    session = await plane.open(pool="quick")
    [held] = await plane.acquire(session)

    # A third of the shortest TTL, up to half of it on a server that is busy.
    assert timedelta(seconds=1) <= (await plane.beat(session, held)).next_sync <= timedelta(seconds=1.5)
    assert timedelta(seconds=1) <= (await plane.beat(session)).next_sync <= timedelta(seconds=1.5)
    usual = await plane.open()
    assert timedelta(seconds=5) <= (await plane.beat(usual)).next_sync <= timedelta(seconds=7.5)


async def test_only_what_is_named_is_renewed(plane: Plane) -> None:
    session = await plane.open()
    named, silent = await plane.running(session), await plane.running(session)
    plane.clock.advance(timedelta(seconds=5))

    await plane.beat(session, named)

    left = {view.lease.flow_run_id: view.remaining for view in await plane.live()}
    assert left == {named.run_id: TTL, silent.run_id: TTL - timedelta(seconds=5)}


async def test_verdicts_come_in_the_order_of_what_was_named(plane: Plane) -> None:
    session = await plane.open()
    held = [await plane.running(session) for _ in range(4)]
    await plane.report(held[1], 2, StateType.COMPLETED)
    await plane.cancel(held[2].run_id)
    unknown = Held(uuid4(), 1)

    answer = await plane.beat(session, *held, unknown, replace(held[0], token=9))

    assert [(each.flow_run_id, each.verdict) for each in answer.synced.leases] == [
        (held[0].run_id, LeaseVerdict.OK),
        (held[1].run_id, LeaseVerdict.FINISHED),
        (held[2].run_id, LeaseVerdict.CANCEL),
        (held[3].run_id, LeaseVerdict.OK),
        (unknown.run_id, LeaseVerdict.LOST),
        (held[0].run_id, LeaseVerdict.LOST),
    ]


async def test_heartbeats_of_many_workers_share_a_transaction(plane: Plane) -> None:
    sessions = [await plane.open(f"worker-{n}") for n in range(8)]
    held = [await plane.running(session) for session in sessions]
    plane.clock.advance(timedelta(seconds=5))

    verdicts = await asyncio.gather(*(plane.verdict(s, h) for s, h in zip(sessions, held, strict=True)))

    assert {each.verdict for each in verdicts} == {LeaseVerdict.OK}
    assert {view.remaining for view in await plane.live()} == {TTL}


async def test_a_closed_session_is_told_so_and_nobody_elses_heartbeat_suffers(plane: Plane) -> None:
    closed, other = await plane.open(), await plane.open()
    held = await plane.running(other)
    await plane.workers.close(closed.id)

    refused, answered = await asyncio.gather(plane.beat(closed), plane.verdict(other, held), return_exceptions=True)

    assert isinstance(refused, NotFound)
    assert not isinstance(answered, BaseException)
    assert answered.verdict == LeaseVerdict.OK


async def test_another_session_takes_over_what_it_names(plane: Plane) -> None:
    """A worker that was restarted names the runs whose processes it found."""
    before = await plane.open()
    held = await plane.running(before)
    await plane.workers.close(before.id)
    after = await plane.open()

    assert (await plane.verdict(after, held)).verdict == LeaseVerdict.OK
    assert [view.lease.flow_run_id for view in await plane.live(after)] == [held.run_id]


async def test_a_process_renews_without_a_session(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    await plane.adopt(held)
    plane.clock.advance(timedelta(seconds=9))

    assert (await plane.verdict(None, held)).verdict == LeaseVerdict.OK

    view = await plane.lease_of(held.run_id)
    assert view is not None
    assert (view.remaining, view.lease.session_id) == (TTL, session.id)


async def test_adoption_is_answered_with_the_run_and_renews(plane: Plane) -> None:
    held = await plane.granted(await plane.open())
    plane.clock.advance(timedelta(seconds=5))
    adopter = uuid4()

    granted = await plane.adopt(held, adopter)

    assert (granted.run.id, granted.lease.token, granted.lease.adopter_id) == (held.run_id, held.token, adopter)
    assert granted.lease.expire_time == plane.clock.now() + TTL


async def test_a_process_that_adopts_says_which_code_it_runs(plane: Plane) -> None:
    """It may ask first what the attempt before ran, and say it once its own code is loaded."""
    held = await plane.granted(await plane.open())
    adopter = uuid4()
    await plane.adopt(held, adopter, flow_version="v1")

    asked = await plane.adopt(held, adopter)
    told = await plane.adopt(held, adopter, flow_version="v2")

    assert [asked.run.flow_version, told.run.flow_version] == ["v1", "v2"]
    assert (await plane.get(held.run_id)).flow_version == "v2"
    with pytest.raises(FailedPrecondition):
        await plane.adopt(held, flow_version="v3")
    assert (await plane.get(held.run_id)).flow_version == "v2"


async def test_only_one_process_adopts_and_may_repeat_itself(plane: Plane) -> None:
    held = await plane.granted(await plane.open())
    first, second = uuid4(), uuid4()
    await plane.adopt(held, first)

    assert (await plane.adopt(held, first)).lease.adopter_id == first
    with pytest.raises(FailedPrecondition) as refused:
        await plane.adopt(held, second)
    assert refused.value.reason == "ALREADY_ADOPTED"


async def test_of_two_processes_at_once_one_adopts(plane: Plane) -> None:
    held = await plane.granted(await plane.open())

    outcomes = await asyncio.gather(*(plane.adopt(held) for _ in range(5)), return_exceptions=True)

    refusals = [each for each in outcomes if isinstance(each, FailedPrecondition)]
    assert len(refusals) == 4
    assert {each.reason for each in refusals} == {"ALREADY_ADOPTED"}


async def test_who_cannot_adopt_hears_why(plane: Plane) -> None:
    session = await plane.open()
    released, ended = await plane.granted(session), await plane.granted(session)
    await plane.release(released)
    await plane.report(ended, 1, StateType.COMPLETED)

    for held, reason in (
        (released, "LEASE_LOST"),
        (replace(ended, token=7), "LEASE_LOST"),
        (ended, "RUN_ENDED"),
    ):
        with pytest.raises(FailedPrecondition) as refused:
            await plane.adopt(held)
        assert refused.value.reason == reason
    with pytest.raises(NotFound):
        await plane.adopt(Held(uuid4(), 1))


async def test_a_process_that_starts_slowly_adopts_after_all(plane: Plane) -> None:
    """Its lease ran out before it began; nobody else has the run yet."""
    held = await plane.granted(await plane.open())
    await plane.pass_time(TTL_SECONDS + 1)
    assert await plane.state(held.run_id) == StateType.SCHEDULED

    assert (await plane.adopt(held)).lease.token == held.token

    assert await plane.state(held.run_id) == StateType.PENDING
    await plane.assert_sound()


async def test_worker_and_process_both_come_back(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    await plane.adopt(held)
    await plane.pass_time(TTL_SECONDS + 1)

    verdicts = await asyncio.gather(plane.verdict(session, held), plane.verdict(None, held))

    assert [each.verdict for each in verdicts] == [LeaseVerdict.OK, LeaseVerdict.OK]
    assert await plane.state(held.run_id) == StateType.RUNNING
    await plane.assert_sound()


async def test_nobody_comes_back_to_a_run_that_another_has(plane: Plane) -> None:
    session, other = await plane.open("a"), await plane.open("b")
    held = await plane.running(session, recovery_policy=RecoveryPolicy(crash_restarts=1))
    await plane.pass_time(TTL_SECONDS + 1)
    [taken] = await plane.acquire(other)

    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.LOST
    assert (await plane.verdict(other, taken)).verdict == LeaseVerdict.OK
    assert taken.token == held.token + 1


async def test_a_cancelled_run_whose_holder_was_lost_stays_cancelled(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    await plane.cancel(held.run_id)
    await plane.pass_time(TTL_SECONDS + 1)

    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.FINISHED
    assert await plane.state(held.run_id) == StateType.CANCELLED
