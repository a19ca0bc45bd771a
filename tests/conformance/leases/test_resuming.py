"""Taking a run up again that a process had started: by whom, from where, and under which token."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.policies import RecoveryPolicy
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from tests.support.plane import TTL_SECONDS, Field, Held, Plane, new_holder
from tests.support.plane_fixtures import OpenPlane

S = StateType
RESTARTS = RecoveryPolicy(crash_restarts=1)


async def refusal(plane: Plane, held: Held, **fields: Field) -> str:
    """Why a run is not taken up again."""
    with pytest.raises(FailedPrecondition) as refused:
        await plane.resume(held, **fields)
    return refused.value.reason


async def awaiting_restart(plane: Plane) -> Held:
    held = await plane.begun(recovery_policy=RESTARTS)
    await plane.pass_time(TTL_SECONDS)
    assert await plane.state(held.run_id) == S.SCHEDULED
    return held


async def ended(plane: Plane, state: StateType) -> Held:
    held = await plane.begun()
    await plane.report(held, 1, state)
    assert await plane.state(held.run_id) == state
    return held


async def test_a_run_that_awaits_its_restart_is_taken_up(plane: Plane) -> None:
    held = await awaiting_restart(plane)
    holder = new_holder("host/boot/8/200", ttl_seconds=30)

    granted = await plane.resume(held, holder=holder, flow_version="2")

    run = await plane.get(held.run_id)
    assert granted.run == run
    assert (run.facts.state.type, run.facts.token, run.facts.attempt) == (S.RUNNING, 2, 2)
    assert (run.holder, run.flow_version, run.facts.crash_restarts_used) == (holder, "2", 1)
    assert (granted.lease.token, granted.lease.ttl) == (2, timedelta(seconds=30))
    assert granted.lease.expire_time == plane.clock.now() + timedelta(seconds=30)
    assert await plane.passed(held.run_id) == [S.RUNNING, S.SCHEDULED, S.RUNNING]
    await plane.assert_sound()


@pytest.mark.parametrize("state", [S.CRASHED, S.FAILED, S.CANCELLED], ids=lambda state: state.name)
async def test_a_run_that_has_ended_badly_is_taken_up(plane: Plane, state: StateType) -> None:
    held = await ended(plane, state)
    began = (await plane.get(held.run_id)).facts.start_time
    plane.clock.advance(timedelta(hours=1))

    granted = await plane.resume(held)

    facts = (await plane.get(held.run_id)).facts
    assert (facts.state.type, facts.end_time, facts.start_time) == (S.RUNNING, None, began)
    assert (
        await plane.report(Held(held.run_id, granted.lease.token), 1, S.COMPLETED)
    ).verdict == ReportVerdict.ACCEPTED
    assert await plane.passed(held.run_id) == [S.RUNNING, state, S.RUNNING, S.COMPLETED]
    await plane.assert_sound()


async def test_the_flows_version_stays_where_none_is_given(plane: Plane) -> None:
    held = await plane.begun(flow_version="1")
    await plane.report(held, 1, S.FAILED)

    assert (await plane.resume(held)).run.flow_version == "1"


async def test_the_old_holder_hears_lost(plane: Plane) -> None:
    held = await plane.begun()
    await plane.pass_time(TTL_SECONDS)
    await plane.resume(held)

    assert (await plane.verdict(None, held)).verdict == LeaseVerdict.LOST
    assert (await plane.report(held, 1, S.COMPLETED)).verdict == ReportVerdict.LOST
    assert await plane.state(held.run_id) == S.RUNNING


async def test_what_is_completed_is_done(plane: Plane) -> None:
    held = await ended(plane, S.COMPLETED)

    assert await refusal(plane, held) == "RUN_ENDED"
    assert await refusal(plane, held, take_over=True) == "RUN_ENDED"


async def test_a_run_of_a_pool_is_its_workers(plane: Plane) -> None:
    session = await plane.open()
    running, failed = await plane.running(session), await plane.running(session)
    await plane.report(failed, 2, S.FAILED)
    queued = await plane.create()

    for held in (Held(queued.id, 0), running, failed):
        assert await refusal(plane, held, take_over=True) == "POOL_RUN"


async def test_who_knows_an_old_token_comes_too_late(plane: Plane) -> None:
    held = await ended(plane, S.FAILED)
    taken = Held(held.run_id, (await plane.resume(held)).lease.token)
    await plane.report(taken, 1, S.FAILED)

    for token in (0, 1, 3):
        assert await refusal(plane, replace(held, token=token), take_over=True) == "LEASE_LOST"
    assert (await plane.resume(taken)).lease.token == 3


async def test_an_unknown_run(plane: Plane) -> None:
    with pytest.raises(NotFound):
        await plane.resume(Held(uuid4(), 1))


async def test_a_run_whose_holder_may_live_is_left_to_it(plane: Plane) -> None:
    holder = new_holder("host/boot/7/100")
    held = await plane.begun(holder=holder)
    await plane.pass_time(TTL_SECONDS - 1)

    with pytest.raises(FailedPrecondition, match="held by 'host/boot/7/100'") as refused:
        await plane.resume(held)

    assert refused.value.reason == "RUN_HELD"
    assert (await plane.verdict(None, held)).verdict == LeaseVerdict.OK
    assert await plane.passed(held.run_id) == [S.RUNNING]


async def test_an_expired_lease_is_enough_even_before_the_sweeper_comes(plane: Plane) -> None:
    held = await plane.begun()
    await plane.pass_time(TTL_SECONDS - 1)
    plane.clock.advance(timedelta(seconds=1))

    assert (await plane.resume(held)).lease.token == 2

    assert await plane.passed(held.run_id) == [S.RUNNING, S.CRASHED, S.RUNNING]
    await plane.assert_sound()


async def test_after_an_outage_of_the_control_plane_nobodys_lease_has_expired(plane: Plane) -> None:
    held = await plane.begun()
    plane.clock.advance(timedelta(hours=1))

    assert await refusal(plane, held) == "RUN_HELD"
    assert (await plane.verdict(None, held)).verdict == LeaseVerdict.OK


async def test_who_vouches_that_the_holder_is_dead_need_not_wait(plane: Plane) -> None:
    held = await plane.begun()

    granted = await plane.resume(held, take_over=True)

    assert (granted.lease.token, granted.run.facts.attempt) == (2, 2)
    assert await plane.passed(held.run_id) == [S.RUNNING, S.CRASHED, S.RUNNING]
    assert [change.token for change in await plane.history(held.run_id)] == [1, 1, 2]
    assert (await plane.verdict(None, held)).verdict == LeaseVerdict.LOST
    await plane.assert_sound()


@pytest.mark.parametrize("recovery", [RecoveryPolicy(), RESTARTS], ids=["crashed", "awaiting restart"])
async def test_a_takeover_counts_as_lost_contact(plane: Plane, recovery: RecoveryPolicy) -> None:
    held = await plane.begun(recovery_policy=recovery)

    granted = await plane.resume(held, take_over=True)

    assert granted.run.facts.crash_restarts_used == recovery.crash_restarts
    [_, lost, _] = await plane.history(held.run_id)
    assert lost.state.name == ("AwaitingRestart" if recovery.crash_restarts else "Crashed")
    assert "took the run over" in lost.state.message


async def test_paused_and_cancelling_runs_can_be_taken_over(plane: Plane) -> None:
    paused, cancelling = await plane.begun(), await plane.begun()
    await plane.report(paused, 1, S.PAUSED)
    await plane.cancel(cancelling.run_id)

    for held, through in ((paused, S.CRASHED), (cancelling, S.CANCELLED)):
        assert await refusal(plane, held) == "RUN_HELD"
        await plane.resume(held, take_over=True)
        assert (await plane.passed(held.run_id))[-2:] == [through, S.RUNNING]
        assert (await plane.verdict(None, held)).verdict == LeaseVerdict.LOST
    await plane.assert_sound()


async def test_a_repeated_call_is_answered_alike(plane: Plane) -> None:
    held, request_id, holder = await ended(plane, S.FAILED), uuid4(), new_holder()
    first = await plane.resume(held, holder=holder, request_id=request_id)

    assert await plane.resume(held, holder=holder, request_id=request_id) == first
    assert await refusal(plane, held, holder=holder, request_id=uuid4()) == "LEASE_LOST"
    assert (await plane.get(held.run_id)).facts.token == 2


async def test_of_many_that_take_over_at_once_one_does(open_plane: OpenPlane) -> None:
    planes = [await open_plane(), await open_plane()]
    held = await planes[0].begun()

    outcomes = await asyncio.gather(
        *(plane.resume(held, take_over=True) for plane in planes * 3), return_exceptions=True
    )

    refused = [each.reason for each in outcomes if isinstance(each, FailedPrecondition)]
    assert refused == ["LEASE_LOST"] * 5
    assert (await planes[0].get(held.run_id)).facts.token == 2
    await planes[0].assert_sound()


async def test_a_holder_that_comes_back_and_one_that_takes_up_at_once(open_plane: OpenPlane) -> None:
    """Whoever is first has the run; the other hears of it."""
    planes = [await open_plane(), await open_plane()]
    for _ in range(5):
        held = await planes[0].begun()
        await planes[0].pass_time(TTL_SECONDS)

        back, taken = await asyncio.gather(
            planes[0].verdict(None, held), planes[1].resume(held), return_exceptions=True
        )

        assert not isinstance(back, BaseException)
        facts = (await planes[0].get(held.run_id)).facts
        if isinstance(taken, FailedPrecondition):
            assert (back.verdict, taken.reason, facts.token) == (LeaseVerdict.OK, "RUN_HELD", 1)
        else:
            assert (back.verdict, facts.token) == (LeaseVerdict.LOST, 2)
        await planes[0].assert_sound()


async def test_who_watches_hears_of_it(plane: Plane) -> None:
    held = await awaiting_restart(plane)

    async def watch() -> list[StateType]:
        return [run.facts.state.type async for run in plane.runs.watch(held.run_id, after_version=0)]

    watching = asyncio.create_task(watch())
    granted = await plane.resume(held)
    await plane.report(Held(held.run_id, granted.lease.token), 1, S.COMPLETED)
    async with asyncio.timeout(30):
        seen = await watching

    assert seen[-1] == S.COMPLETED
