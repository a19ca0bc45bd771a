"""Flow runs that exist: cancelled, tried again, renamed, deleted, watched."""

import asyncio

import pytest

from orch_server.application.errors import Conflict, FailedPrecondition, NotFound
from orch_server.application.etags import etag_of
from orch_server.domain.states import StateType
from tests.support.plane import TTL_SECONDS, Plane, reply

S = StateType


async def test_what_nobody_holds_is_cancelled_at_once(plane: Plane) -> None:
    run = await plane.create()

    cancelled = await plane.cancel(run.id)

    assert (cancelled.facts.state.type, cancelled.facts.state.message) == (S.CANCELLED, "enough")
    assert cancelled.facts.end_time == plane.clock.now()
    assert await plane.acquire(await plane.open()) == []


async def test_what_is_held_is_cancelled_when_its_holder_says_so(plane: Plane) -> None:
    held = await plane.running(await plane.open())

    assert (await plane.cancel(held.run_id)).facts.state.type == S.CANCELLING
    assert (await plane.cancel(held.run_id)).facts.version == 4
    assert (await plane.report(held, 2, S.CANCELLED)).state == S.CANCELLED
    await plane.assert_sound()


async def test_what_has_ended_cannot_be_cancelled(plane: Plane) -> None:
    held = await plane.running(await plane.open())
    await plane.report(held, 2, S.COMPLETED)

    with pytest.raises(FailedPrecondition) as refused:
        await plane.cancel(held.run_id)
    assert refused.value.reason == "RUN_ENDED"


async def test_cancelling_twice_does_no_harm(plane: Plane) -> None:
    run = await plane.create()
    first = await plane.cancel(run.id)

    assert await plane.cancel(run.id) == first


@pytest.mark.parametrize("end", [S.COMPLETED, S.FAILED, S.CANCELLED, S.CRASHED], ids=lambda state: state.name)
async def test_what_has_ended_can_be_tried_again(plane: Plane, end: StateType) -> None:
    session = await plane.open()
    held = await plane.running(session)
    await plane.report(held, 2, end)

    again = await plane.retry(held.run_id)

    assert (again.facts.state.type, again.facts.end_time) == (S.SCHEDULED, None)
    [taken] = await plane.acquire(session)
    assert taken.token == held.token + 1
    await plane.report(taken, 1, S.RUNNING)
    assert (await plane.get(held.run_id)).facts.attempt == 2
    await plane.assert_sound()


async def test_what_goes_on_cannot_be_tried_again(plane: Plane) -> None:
    held = await plane.running(await plane.open())

    with pytest.raises(FailedPrecondition) as refused:
        await plane.retry(held.run_id)
    assert refused.value.reason == "RUN_NOT_ENDED"


async def test_only_what_has_ended_is_deleted(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session, tags=("a",))
    with pytest.raises(FailedPrecondition):
        await plane.runs.delete(held.run_id, etag="", reply=reply())
    await plane.report(held, 2, S.COMPLETED)

    await plane.runs.delete(held.run_id, etag="", reply=reply())

    with pytest.raises(NotFound):
        await plane.get(held.run_id)
    assert await plane.history(held.run_id) == []


async def test_what_is_renamed_keeps_its_lease(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    before = await plane.get(held.run_id)
    etag = etag_of(before.facts.version)

    after = await plane.runs.update(held.run_id, name="new", tags=("x",), etag=etag, reply=reply())

    assert (after.name, after.tags, after.facts.version) == ("new", ("x",), before.facts.version + 1)
    with pytest.raises(Conflict):
        await plane.runs.update(held.run_id, name="newer", tags=None, etag=etag, reply=reply())
    assert (await plane.report(held, 2, S.COMPLETED)).state == S.COMPLETED


async def test_a_watch_follows_a_run_to_its_end(plane: Plane) -> None:
    session = await plane.open()
    run = await plane.create()
    seen: list[tuple[int, StateType]] = []

    async def watch() -> None:
        watched = plane.runs.watch(run.id, after_version=0)
        seen.extend([(found.facts.version, found.facts.state.type) async for found in watched])

    watching = asyncio.create_task(watch())
    [held] = await plane.acquire(session)
    await plane.report(held, 1, S.RUNNING)
    await plane.report(held, 2, S.COMPLETED)
    async with asyncio.timeout(30):
        await watching

    versions = [version for version, _ in seen]
    assert versions == sorted(set(versions))
    assert seen[-1] == (4, S.COMPLETED)


async def test_a_watch_tells_of_a_lost_holder(plane: Plane) -> None:
    held = await plane.running(await plane.open())

    async def next_change() -> StateType:
        async for found in plane.runs.watch(held.run_id, after_version=3):
            return found.facts.state.type
        raise AssertionError("the watch ended")

    watching = asyncio.create_task(next_change())
    await plane.pass_time(TTL_SECONDS)
    async with asyncio.timeout(30):
        assert await watching == S.CRASHED
