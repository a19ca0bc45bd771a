"""Invariants 12 and 13: limits are computed from live leases; drains are final."""

import asyncio

from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from orch_server.storage.flow_runs import SqlFlowRuns
from orch_server.storage.leases import SqlLeases
from orch_server.storage.sessions import SqlSessions
from tests.simulation.scene import (
    Scene,
    after_next,
    before_next,
    calm,
)
from tests.support.plane import TTL_SECONDS, Held, Plane

S = StateType
V = ReportVerdict


# 12. Slots and limits are a function of live leases, never a counter that can drift.


async def limits_follow_live_leases(scene: Scene) -> None:
    """However a lease ends: room for one more, and for no more than one."""
    plane = await scene.plane()
    await plane.limit_pool(2)
    await plane.create_many(12)
    session = await plane.open()
    for ending in ("report", "release", "silence", "close"):
        held = await calm(plane.acquire(session, 5))
        assert len(held) == 2
        assert await calm(plane.acquire(session, 5)) == []
        await _end(plane, ending, held)
        assert len(await plane.live()) == {"report": 1, "release": 1, "silence": 0, "close": 0}[ending]
        if ending == "close":
            continue
        session = await plane.open()
        more = await calm(plane.acquire(session, 5))
        assert len(more) == 2 - {"report": 1, "release": 1, "silence": 0}[ending]
        await plane.leases.release([each.named() for each in (*held, *more)], "")
        session = await plane.open()


async def _end(plane: Plane, ending: str, held: list[Held]) -> None:
    match ending:
        case "report":
            await plane.report(held[0], 1, S.COMPLETED)
        case "release":
            await plane.release(held[0])
        case "silence":
            await plane.pass_time(TTL_SECONDS)
        case _:
            for view in await plane.live():
                if view.lease.session_id is not None:
                    await plane.workers.close(view.lease.session_id)
                    break


async def limits_of_queues_and_deployments(scene: Scene) -> None:
    """Each holds, whichever is the narrowest."""
    plane = await scene.plane()
    await plane.queue("narrow", concurrency_limit=1)
    deployment = await plane.deployment(concurrency_limit=1)
    await plane.create_many(3, work_queue_name="narrow")
    await plane.create_many(3, deployment_id=deployment.id)
    session = await plane.open()

    assert len(await calm(plane.acquire(session, 10))) == 2
    assert await calm(plane.acquire(session, 10)) == []


async def two_servers_do_not_both_use_the_last_slot(scene: Scene) -> None:
    """The other server claims after this one has counted, and before it grants."""
    plane = await scene.plane()
    await plane.limit_pool(1)
    await plane.create_many(4)
    here, there = await plane.open("here"), await plane.open("there")
    rival = scene.elsewhere(lambda other: other.acquire(there, 4))

    with before_next(SqlLeases, "claimable", rival.go):
        await calm(plane.acquire(here, 4))

    assert len(await plane.live()) == 1
    assert rival.results in ([], [[]])


async def two_servers_do_not_both_use_a_deployments_last_slot(scene: Scene) -> None:
    """The same for a deployment whose runs wait in two pools, so that no pool's lock would do."""
    plane = await scene.plane()
    await plane.pool("other")
    deployment = await plane.deployment(concurrency_limit=1)
    for pool in ("default", "other"):
        await plane.create(deployment_id=deployment.id, work_pool_name=pool)
    here, there = await plane.open("here"), await plane.open("there", pool="other")
    rival = scene.elsewhere(lambda other: other.acquire(there))

    with before_next(SqlFlowRuns, "change", rival.go):
        await calm(plane.acquire(here))

    assert len(await plane.live()) == 1
    assert rival.results in ([], [[]])


async def racing_servers_keep_to_the_limit(scene: Scene) -> None:
    """Many workers of two servers, round after round: never more leases than slots."""
    planes = [await scene.plane(), await scene.plane()]
    await planes[0].limit_pool(3)
    await planes[0].create_many(60)
    sessions = [await plane.open() for plane in planes for _ in range(3)]
    done = 0
    for _ in range(12):
        polls = [planes[n % 2].acquire(session, 2) for n, session in enumerate(sessions)]
        answers = await asyncio.gather(*(calm(poll) for poll in polls))
        held = [each for answer in answers for each in answer]
        assert len(held) == 3
        assert len(await planes[0].live()) == 3
        reports = [planes[n % 2].report(each, 1, S.COMPLETED) for n, each in enumerate(held)]
        await asyncio.gather(*(calm(each) for each in reports))
        done += len(held)
    assert done == 36


# 13. Drain: after it is acknowledged nothing is granted; released work has spent no attempt.


async def nothing_is_granted_after_a_drain(scene: Scene) -> None:
    """Asked for by a person, or told by the worker itself."""
    plane = await scene.plane()
    await plane.create_many(3)
    by_person, by_itself = await plane.open("a"), await plane.open("b")
    await plane.drain(by_person)
    await plane.beat(by_person)
    answer = await plane.beat(by_itself, draining=True)

    assert answer.synced.drain
    assert await plane.acquire(by_person) == []
    assert await plane.acquire(by_itself) == []


async def a_drain_waits_for_the_grant_under_way(scene: Scene) -> None:
    """The drain comes after the server has seen the session open, and before it has granted."""
    plane = await scene.plane()
    await plane.create()
    session = await plane.open()

    async def drain(other: Plane) -> bool:
        return (await other.drain(session)).draining

    rival = scene.elsewhere(drain)
    with after_next(SqlSessions, "open_for_grants", rival.go):
        granted = await calm(plane.acquire(session))

    assert len(granted) == 1
    assert not rival.results, "the drain was acknowledged, and then a run was granted"


async def racing_drains_are_final(scene: Scene) -> None:
    """Wishes and drains at once on two servers: what is granted was granted before the drain was acknowledged."""
    planes = [await scene.plane(), await scene.plane()]
    await planes[0].create_many(20)
    for number in range(10):
        session = await planes[0].open(f"worker-{number}")
        wish = asyncio.create_task(calm(planes[0].acquire(session)))
        assert (await calm(planes[1].drain(session))).draining
        at_once = {view.lease.flow_run_id for view in await planes[1].live(session)}
        assert {held.run_id for held in await wish} <= at_once
        assert await calm(planes[0].acquire(session)) == []


async def released_work_has_spent_nothing(scene: Scene) -> None:
    """A drained worker gives back what has not started."""
    plane = await scene.plane()
    held = await plane.granted(await plane.open())
    await plane.release(held)

    facts = (await plane.get(held.run_id)).facts
    assert facts.state.type == S.SCHEDULED
    assert (facts.attempt, facts.retries_used, facts.crash_restarts_used) == (0, 0, 0)
