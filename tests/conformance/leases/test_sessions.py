"""Sessions: opened, drained, closed, and what becomes of their leases."""

from datetime import timedelta
from uuid import uuid4

import pytest

from orch_server.application.errors import NotFound
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.states import StateType
from tests.support.plane import TTL_SECONDS, Plane

S = StateType


async def test_a_session_is_what_it_was_opened_as(plane: Plane) -> None:
    await plane.queue("gpu")
    session = await plane.open("w", queues=("gpu",))

    found = await plane.workers.get(session.id)

    assert found == session
    assert (found.worker_name, found.work_queue_names, found.work_pool_name) == ("w", ("gpu",), "default")
    assert found.lease_ttl == timedelta(seconds=TTL_SECONDS)


async def test_a_repeated_open_is_one_session(plane: Plane) -> None:
    request_id = uuid4()

    assert (await plane.open(request_id=request_id)).id == (await plane.open(request_id=request_id)).id


async def test_pool_and_queues_must_be_there(plane: Plane) -> None:
    with pytest.raises(NotFound):
        await plane.open(pool="nowhere")
    with pytest.raises(NotFound):
        await plane.open(queues=("nowhere",))


async def test_a_session_says_how_much_it_holds_and_when_it_was_heard_of(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    plane.clock.advance(timedelta(seconds=4))
    await plane.beat(session, held)

    found = await plane.workers.get(session.id)

    assert (found.held_leases, found.last_seen_time) == (1, plane.clock.now())


async def test_closing_gives_back_what_has_not_started_and_leaves_the_rest(plane: Plane) -> None:
    session = await plane.open()
    pending, running, adopted = [
        await plane.granted(session),
        await plane.running(session),
        await plane.granted(session),
    ]
    await plane.adopt(adopted)

    assert await plane.workers.close(session.id) == 1

    assert [await plane.state(held.run_id) for held in (pending, running, adopted)] == [
        S.SCHEDULED,
        S.RUNNING,
        S.PENDING,
    ]
    assert (await plane.get(pending.run_id)).facts.attempt == 0
    assert (await plane.verdict(None, running)).verdict == LeaseVerdict.OK
    assert (await plane.verdict(None, adopted)).verdict == LeaseVerdict.OK
    await plane.assert_sound()


async def test_closing_twice_does_no_harm(plane: Plane) -> None:
    session = await plane.open()
    await plane.granted(session)

    assert [await plane.workers.close(session.id) for _ in range(2)] == [1, 0]
    with pytest.raises(NotFound):
        await plane.workers.close(uuid4())


async def test_a_closed_session_is_told_so(plane: Plane) -> None:
    session = await plane.open()
    await plane.workers.close(session.id)

    with pytest.raises(NotFound):
        await plane.beat(session)
    with pytest.raises(NotFound):
        await plane.acquire(session)


async def test_draining_is_heard_with_the_next_heartbeat_and_the_next_wish(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    await plane.create()

    assert (await plane.drain(session)).draining

    assert (await plane.ask(session)).sync_now
    answer = await plane.beat(session, held)
    assert answer.synced.drain
    assert answer.synced.leases[0].verdict == LeaseVerdict.OK
    assert (await plane.ask(session)).closed
    assert (await plane.report(held, 2, S.COMPLETED)).state == S.COMPLETED


async def test_a_drain_does_not_end(plane: Plane) -> None:
    session = await plane.open()
    await plane.beat(session, draining=True)

    assert (await plane.beat(session)).synced.drain
