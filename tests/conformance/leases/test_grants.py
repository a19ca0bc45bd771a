"""Grants: what is given to whom, in which order, and never twice."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from orch_server.application.errors import NotFound
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import StateType
from tests.support.plane import TTL_SECONDS, Held, Plane, reply
from tests.support.plane_fixtures import OpenPlane


async def test_a_grant_names_the_run_its_token_and_how_to_start_it(plane: Plane) -> None:
    deployment = await plane.deployment(parameters='{"a": 1}')
    run = await plane.create(deployment_id=deployment.id)
    session = await plane.open()

    [granted] = (await plane.ask(session)).leases

    assert granted.run.id == run.id
    assert granted.run.facts.state.type == StateType.PENDING
    assert (granted.lease.token, granted.run.facts.token) == (1, 1)
    assert granted.lease.session_id == session.id
    assert granted.lease.ttl == timedelta(seconds=TTL_SECONDS)
    assert granted.lease.expire_time == plane.clock.now() + granted.lease.ttl
    assert granted.launch_spec.entrypoint == "etl.py:etl"
    await plane.assert_sound()


async def test_nothing_waits_nothing_is_granted(plane: Plane) -> None:
    assert await plane.acquire(await plane.open()) == []


async def test_no_more_than_was_asked_for(plane: Plane) -> None:
    await plane.create_many(5)

    assert len(await plane.acquire(await plane.open(), 3)) == 3


async def test_the_oldest_due_run_goes_first(plane: Plane) -> None:
    late = await plane.create(scheduled_time=plane.clock.now() + timedelta(seconds=2))
    early = await plane.create(scheduled_time=plane.clock.now() + timedelta(seconds=1))
    plane.clock.advance(timedelta(seconds=3))

    granted = await plane.acquire(await plane.open(), 2)

    assert [held.run_id for held in granted] == [early.id, late.id]


async def test_a_run_is_not_granted_before_its_time(plane: Plane) -> None:
    await plane.create(scheduled_time=plane.clock.now() + timedelta(seconds=60))
    session = await plane.open()

    assert await plane.acquire(session) == []
    plane.clock.advance(timedelta(seconds=60))
    assert len(await plane.acquire(session)) == 1


async def test_queues_are_served_by_priority(plane: Plane) -> None:
    await plane.queue("urgent", priority=1)
    ordinary = await plane.create()
    urgent = await plane.create(work_queue_name="urgent")

    granted = await plane.acquire(await plane.open(), 2)

    assert [held.run_id for held in granted] == [urgent.id, ordinary.id]


async def test_a_worker_gets_only_from_the_queues_that_it_serves(plane: Plane) -> None:
    await plane.queue("gpu")
    await plane.create()
    wanted = await plane.create(work_queue_name="gpu")
    session = await plane.open(queues=("gpu",))

    assert [held.run_id for held in await plane.acquire(session, 5)] == [wanted.id]


async def test_a_pools_runs_are_its_own(plane: Plane) -> None:
    await plane.pool("other")
    await plane.create(work_pool_name="other")

    assert await plane.acquire(await plane.open()) == []
    assert len(await plane.acquire(await plane.open(pool="other"))) == 1


@pytest.mark.parametrize("what", ["pool", "queue"])
async def test_what_is_paused_grants_nothing_until_it_goes_on(plane: Plane, what: str) -> None:
    await plane.create()
    session = await plane.open()
    await _pause(plane, what, paused=True)

    assert await plane.acquire(session) == []
    await _pause(plane, what, paused=False)
    assert len(await plane.acquire(session)) == 1


async def _pause(plane: Plane, what: str, *, paused: bool) -> None:
    if what == "pool":
        await plane.pause_pool(paused=paused)
    else:
        await plane.queues.update("default", "default", changes={"paused": paused}, etag="", reply=reply())


async def test_a_pools_ttl_is_its_leases(plane: Plane) -> None:
    await plane.pool("quick", lease_ttl=timedelta(seconds=3))
    await plane.create(work_pool_name="quick")

    [granted] = (await plane.ask(await plane.open(pool="quick"))).leases

    assert granted.lease.ttl == timedelta(seconds=3)


async def test_runs_are_dealt_out_in_turn_among_those_who_wait(plane: Plane) -> None:
    sessions = [await plane.open(f"worker-{n}") for n in range(3)]
    await plane.pause_pool(paused=True)
    polls = [asyncio.create_task(plane.acquire(session, 4, wait=30)) for session in sessions]
    await plane.waiting(3)
    await plane.create_many(6)

    await plane.pause_pool(paused=False)

    assert [len(granted) for granted in await asyncio.gather(*polls)] == [2, 2, 2]


async def test_a_repeated_wish_is_answered_with_the_same_leases(plane: Plane) -> None:
    await plane.create_many(3)
    session, request_id = await plane.open(), uuid4()

    first = await plane.acquire(session, 2, request_id=request_id)

    assert sorted(await plane.acquire(session, 2, request_id=request_id), key=_key) == sorted(first, key=_key)
    assert len(await plane.acquire(session, 2)) == 1


def _key(held: Held) -> UUID:
    return held.run_id


async def test_a_repeat_gets_what_lives_of_its_leases(plane: Plane) -> None:
    await plane.create_many(2)
    session, request_id = await plane.open(), uuid4()
    first, second = await plane.acquire(session, 2, request_id=request_id)
    await plane.report(first, 1, StateType.COMPLETED)

    assert await plane.acquire(session, 2, request_id=request_id) == [second]


async def test_a_wish_that_comes_twice_at_once_is_one_wish(plane: Plane) -> None:
    """A caller that lost its connection repeats itself while its first call still waits."""
    session, request_id = await plane.open(), uuid4()
    await plane.pause_pool(paused=True)
    polls = [asyncio.create_task(plane.acquire(session, 1, wait=30, request_id=request_id)) for _ in range(2)]
    await plane.waiting(2)
    await plane.create_many(5)

    await plane.pause_pool(paused=False)

    first, second = await asyncio.gather(*polls)
    assert first == second
    assert len(await plane.live()) == 1


async def test_another_sessions_request_id_says_nothing(plane: Plane) -> None:
    await plane.create_many(2)
    request_id = uuid4()

    [first] = await plane.acquire(await plane.open("a"), request_id=request_id)
    [second] = await plane.acquire(await plane.open("b"), request_id=request_id)

    assert first != second


async def test_an_unknown_session_is_told_so(plane: Plane) -> None:
    session = await plane.open()
    await plane.workers.close(session.id)

    with pytest.raises(NotFound, match="session"):
        await plane.acquire(session)


async def test_a_granted_run_has_a_higher_token_each_time(plane: Plane) -> None:
    run = await plane.create()
    session = await plane.open()
    tokens = []
    for _ in range(3):
        [held] = await plane.acquire(session)
        tokens.append(held.token)
        assert (await plane.release(held)).verdict == ReportVerdict.ACCEPTED

    assert tokens == [1, 2, 3]
    assert (await plane.get(run.id)).facts.attempt == 0


async def test_a_deployments_limit_lets_others_pass(plane: Plane) -> None:
    """Between runs that its limit keeps waiting, others are found, each of them once."""
    limited = await plane.deployment(concurrency_limit=1)
    first = await plane.create()
    taken, kept = [await plane.create(deployment_id=limited.id) for _ in range(2)]
    last = await plane.create()

    granted = await plane.acquire(await plane.open(), 3)

    assert [held.run_id for held in granted] == [first.id, taken.id, last.id]
    assert await plane.state(kept.id) == StateType.SCHEDULED
    await plane.assert_sound()


async def test_a_deployments_limit_lets_others_pass_however_many_wait(plane: Plane) -> None:
    limited = await plane.deployment(concurrency_limit=1)
    for _ in range(6):
        await plane.create(deployment_id=limited.id)
    others = {run.id for run in await plane.create_many(4)}

    granted = {held.run_id for held in await plane.acquire(await plane.open(), 4)}

    assert len(granted) == 4
    assert len(granted & others) == 3
    await plane.assert_sound()


async def test_several_deployments_at_their_limits(plane: Plane) -> None:
    deployments = [await plane.deployment(f"d{n}", concurrency_limit=n) for n in range(3)]
    for _ in range(4):
        for deployment in deployments:
            await plane.create(deployment_id=deployment.id)

    granted = await plane.acquire(await plane.open(), 12)

    by_deployment = [(await plane.get(held.run_id)).deployment_id for held in granted]
    assert sorted(by_deployment.count(deployment.id) for deployment in deployments) == [0, 1, 2]
    await plane.assert_sound()


async def test_a_deployments_limit_holds_wherever_its_runs_are_queued(plane: Plane) -> None:
    """A run may be created for another pool than its deployment's."""
    await plane.pool("other")
    limited = await plane.deployment(concurrency_limit=1)
    await plane.create(deployment_id=limited.id)
    await plane.create(deployment_id=limited.id, work_pool_name="other")

    here = await plane.acquire(await plane.open())
    there = await plane.acquire(await plane.open(pool="other"))

    assert len(here) + len(there) == 1


async def test_two_servers_grant_each_run_once(open_plane: OpenPlane) -> None:
    planes = [await open_plane(), await open_plane()]
    sessions = [await plane.open() for plane in planes]
    created = {run.id for run in await planes[0].create_many(60)}

    async def worker(place: int) -> list[Held]:
        taken: list[Held] = []
        while got := await planes[place % 2].acquire(sessions[place % 2], 3, wait=0.2):
            taken += got
        return taken

    taken = [held for each in await asyncio.gather(*(worker(n) for n in range(6))) for held in each]

    assert len(taken) == len(created)
    assert {held.run_id for held in taken} == created
    await planes[0].assert_sound()
