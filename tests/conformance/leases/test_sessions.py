"""Sessions: opened, drained, closed, and what becomes of their leases."""

from datetime import timedelta
from uuid import uuid4

import pytest

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.application.ports import session_topic
from orch_server.application.workers import NewSession
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.states import StateType
from tests.support.plane import TTL_SECONDS, Plane, reply

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


async def test_a_worker_that_has_come_back_takes_over_what_its_earlier_session_held(plane: Plane) -> None:
    """It names what it finds still running under a new session; the end of the one before changes nothing for that."""
    before = await plane.open("worker-1")
    starting, running, adopted = [
        await plane.granted(before),
        await plane.running(before),
        await plane.granted(before),
    ]
    await plane.adopt(adopted)
    after = await plane.open("worker-1")

    answer = await plane.beat(after, starting, running, adopted)
    released = await plane.workers.close(before.id)

    assert [each.verdict for each in answer.synced.leases] == [LeaseVerdict.OK] * 3
    assert released == 0
    assert {view.lease.session_id for view in await plane.live()} == {after.id}
    assert {view.worker_name for view in await plane.live(after)} == {"worker-1"}
    assert (await plane.workers.get(after.id)).held_leases == 3
    assert [await plane.state(held.run_id) for held in (starting, running, adopted)] == [
        S.PENDING,
        S.RUNNING,
        S.PENDING,
    ]
    await plane.assert_sound()


async def test_what_a_worker_took_over_is_its_new_session_s_to_keep_and_to_lose(plane: Plane) -> None:
    """The session before was never closed, as after a SIGKILL: it falls silent, and nothing that was taken over ends.
    What was not named, since its process is gone, ends with its lease."""
    before = await plane.open()
    kept, forgotten = await plane.running(before), await plane.running(before)
    await plane.pass_time(10)
    after = await plane.open()

    for _ in range(4):
        await plane.beat(after, kept)
        await plane.pass_time(5)

    assert [await plane.state(held.run_id) for held in (kept, forgotten)] == [S.RUNNING, S.CRASHED]
    rings: list[str] = []
    plane.wakeups.listen(session_topic(after.id), lambda: rings.append("ring"))
    await plane.cancel(kept.run_id)
    assert rings == ["ring"]
    assert await plane.workers.close(after.id) == 0
    await plane.assert_sound()


async def test_a_run_that_was_lost_meanwhile_is_taken_over_as_well(plane: Plane) -> None:
    before = await plane.open()
    held = await plane.running(before)
    await plane.pass_time(TTL_SECONDS + 2)
    assert await plane.state(held.run_id) == S.CRASHED
    after = await plane.open()

    assert (await plane.verdict(after, held)).verdict == LeaseVerdict.OK

    await plane.workers.close(before.id)
    view = await plane.lease_of(held.run_id)
    assert view is not None
    assert view.lease.session_id == after.id
    assert await plane.state(held.run_id) == S.RUNNING


@pytest.mark.parametrize("version", [0, 1])
async def test_a_worker_of_a_known_protocol_is_let_in(plane: Plane, version: int) -> None:
    new = NewSession("w", "default", (), 1, {}, (), "1", protocol_version=version)

    assert (await plane.workers.open(new, reply())).session.worker_name == "w"


async def test_a_worker_of_an_unknown_protocol_is_told_what_to_do(plane: Plane) -> None:
    new = NewSession("w", "default", (), 1, {}, (), "1", protocol_version=7)

    with pytest.raises(FailedPrecondition, match=r"speaks version 7 .* Upgrade the control plane") as caught:
        await plane.workers.open(new, reply())

    assert caught.value.reason == "PROTOCOL_VERSION"
    assert caught.value.metadata == {"asked": "7", "supported": "1"}


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
