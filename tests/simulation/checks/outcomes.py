"""Invariants 4 to 7: no run is lost, ends absorb, losing contact is not failing, who comes back has its run again."""

from uuid import uuid4

from orch_server.domain.leases import LeasePhase, LeaseVerdict
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import TERMINAL, StateType
from orch_server.storage.flow_runs import SqlFlowRuns
from tests.simulation.scene import (
    Scene,
    before_next,
    calm,
)
from tests.support.plane import TTL_SECONDS, Held

S = StateType
V = ReportVerdict


# 4. No lost run.


async def a_lost_answer_is_repeated(scene: Scene) -> None:
    """The answer to a wish never arrived: the worker wishes again, on another server."""
    plane, other = await scene.plane(), await scene.plane()
    session, request_id = await plane.open(), uuid4()
    run = await plane.create()
    await plane.acquire(session, request_id=request_id)

    assert await calm(other.acquire(session, request_id=request_id)) == [Held(run.id, 1)]


async def a_grant_that_nobody_took_falls_back(scene: Scene) -> None:
    """Worker and answer are both gone."""
    plane = await scene.plane()
    held = await plane.granted(await plane.open("gone"))
    await plane.pass_time(TTL_SECONDS + 2)

    assert [each.run_id for each in await plane.acquire(await plane.open())] == [held.run_id]
    await plane.assert_sound()


async def what_was_acknowledged_is_there(scene: Scene) -> None:
    """The server that answered is gone the moment after."""
    plane, other = await scene.plane(), await scene.plane()
    run = await plane.create()
    await plane.database.close()

    assert [found.id for found in await other.all_runs()] == [run.id]


async def a_repeated_create_is_one_run(scene: Scene) -> None:
    """A create whose answer was lost comes again, on another server, and as a repeat by key."""
    plane, other = await scene.plane(), await scene.plane()
    runs = [await calm(each.create(idempotency_key="k")) for each in (plane, other)]

    assert runs[0].id == runs[1].id
    assert len(await plane.all_runs()) == 1


async def every_open_run_is_queued_or_leased(scene: Scene) -> None:
    """Also one that comes back by a report of its lost holder."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS)
    await calm(plane.report(held, 2, S.RUNNING))
    await plane.assert_sound()
    await plane.pass_time(TTL_SECONDS)
    assert await plane.state(held.run_id) == S.CRASHED


# 5. A terminal state absorbs.


async def the_end_absorbs(scene: Scene) -> None:
    """Whatever a holder says afterwards, and in whatever way it comes again."""
    plane = await scene.plane()
    session = await plane.open()
    for number, end in enumerate(sorted(TERMINAL)):
        held = await plane.running(session)
        await plane.report(held, 2, end)
        before = await plane.get(held.run_id)
        assert (await calm(plane.report(held, 2, end))).verdict == V.DUPLICATE
        assert (await calm(plane.report(held, 3, end))).verdict == V.DUPLICATE
        for other in sorted({*TERMINAL, S.RUNNING, S.PAUSED} - {end}):
            assert (await calm(plane.report(held, 4 + number, other))).verdict == V.INVALID
        assert (await plane.verdict(session, held)).verdict == LeaseVerdict.FINISHED
        await plane.pass_time(TTL_SECONDS + 1)
        assert await plane.get(held.run_id) == before


async def a_repeat_is_a_duplicate(scene: Scene) -> None:
    """Of a report that did not end the run, too."""
    plane = await scene.plane()
    held = await plane.running(await plane.open())
    before = await plane.get(held.run_id)

    assert (await plane.report(held, 1, S.RUNNING)).verdict == V.DUPLICATE
    assert await plane.get(held.run_id) == before


# 6. Losing contact is not failing.


async def lost_before_the_start_is_queued_again(scene: Scene) -> None:
    """As often as it takes, and without spending anything."""
    plane = await scene.plane()
    run = await plane.create()
    for token in (1, 2, 3):
        [held] = await plane.acquire(await plane.open())
        assert held.token == token
        await calm(plane.pass_time(TTL_SECONDS))
        facts = (await plane.get(run.id)).facts
        assert facts.state.type == S.SCHEDULED
        assert (facts.attempt, facts.retries_used, facts.crash_restarts_used) == (0, 0, 0)


async def lost_while_its_process_was_alive_does_not_begin_again(scene: Scene) -> None:
    """The process had adopted the lease, or its worker had said that it is alive; RUNNING was never reported."""
    plane = await scene.plane()
    session = await plane.open()
    adopted, named = await plane.granted(session), await plane.granted(session)
    await plane.adopt(adopted)
    await plane.beat(session, named, phase=LeasePhase.RUNNING)
    await calm(plane.pass_time(TTL_SECONDS + 2))

    assert [await plane.state(held.run_id) for held in (adopted, named)] == [S.CRASHED, S.CRASHED]
    assert await plane.acquire(await plane.open()) == []
    await plane.report(adopted, 1, S.RUNNING)
    assert await plane.state(adopted.run_id) == S.RUNNING
    await plane.assert_sound()


async def lost_after_the_start_is_restarted_where_asked(scene: Scene) -> None:
    """As often as was asked for; retries are another matter."""
    plane = await scene.plane()
    policies = {"retry_policy": RetryPolicy(max_retries=5), "recovery_policy": RecoveryPolicy(crash_restarts=2)}
    run = await plane.create(**policies)
    states = []
    for _ in range(3):
        [held] = await plane.acquire(await plane.open())
        await plane.report(held, 1, S.RUNNING)
        await calm(plane.pass_time(TTL_SECONDS))
        states.append(await plane.state(run.id))
        if states[-1] == S.CRASHED:
            break
    facts = (await plane.get(run.id)).facts
    assert states == [S.SCHEDULED, S.SCHEDULED, S.CRASHED]
    assert (facts.crash_restarts_used, facts.retries_used) == (2, 0)


# 7. A holder that comes back with the newest token, before anyone else got the run, has it again.


async def who_comes_back_has_its_run_again(scene: Scene) -> None:
    """A laptop that slept."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS * 4)
    assert await plane.state(held.run_id) == S.CRASHED

    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.OK

    assert await plane.passed(held.run_id) == [S.SCHEDULED, S.PENDING, S.RUNNING, S.CRASHED, S.RUNNING]
    await plane.assert_sound()
    assert (await plane.report(held, 2, S.COMPLETED)).verdict == V.ACCEPTED


async def nobody_comes_back_to_what_was_decided_since(scene: Scene) -> None:
    """Somebody asked for another attempt: that is a new one, not the old holder's."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS)
    await plane.retry(held.run_id)

    assert (await calm(plane.verdict(session, held))).verdict == LeaseVerdict.LOST
    assert (await calm(plane.report(held, 2, S.COMPLETED))).verdict == V.LOST
    assert await plane.state(held.run_id) == S.SCHEDULED


async def two_who_come_back_at_once_both_have_it(scene: Scene) -> None:
    """Its process has the run back while its worker's heartbeat waits for the lock: the worker has it, too."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.adopt(held)
    await plane.pass_time(TTL_SECONDS)
    process = scene.elsewhere(lambda other: other.report(held, 2, S.RUNNING))

    with before_next(SqlFlowRuns, "lock", process.go):
        verdict = (await calm(plane.verdict(session, held))).verdict

    assert verdict == LeaseVerdict.OK
    await plane.assert_sound()


async def who_adopts_while_its_worker_comes_back_has_it(scene: Scene) -> None:
    """The same, with adoption: nobody but the process itself has adopted."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.granted(session)
    await plane.pass_time(TTL_SECONDS)
    worker = scene.elsewhere(lambda other: other.verdict(session, held))

    with before_next(SqlFlowRuns, "lock", worker.go):
        granted = await calm(plane.adopt(held))

    assert granted.lease.token == held.token
    await plane.assert_sound()
